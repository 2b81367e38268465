"""Draw what masks and weights contribute to the gain."""

from prunescape.figures.stochastic import transfer
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = transfer.draw(read_csv(snakemake.input.transfer), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
