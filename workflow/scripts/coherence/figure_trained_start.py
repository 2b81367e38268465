"""Draw coherence on noise, from random and from trained weights."""

from prunescape.figures.coherence import trained_start
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = trained_start.draw(read_csv(snakemake.input.epochs), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
