"""Draw the utility of single channels, and what it foretells."""

from prunescape.figures.mechanism import utility_channels
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    channels = read_csv(snakemake.input.channels)
    correlations = read_csv(snakemake.input.correlations)
    figure = utility_channels.draw(channels, correlations, snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
