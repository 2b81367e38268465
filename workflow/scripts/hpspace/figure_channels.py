"""Draw the channels that pruning keeps in every layer."""

from prunescape.figures import channels
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = channels.draw(read_csv(snakemake.input.channels), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
