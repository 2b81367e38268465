"""Draw the utility of single channels, and what it foretells."""

from prunescape.figures.mechanism import utility_channels
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    channels = read_csv(snakemake.input.channels)
    correlations = read_csv(snakemake.input.correlations)
    figure = utility_channels.draw(channels, correlations, snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
