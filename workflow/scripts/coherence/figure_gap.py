"""Draw the generalisation gap of masked networks."""

from prunescape.figures.coherence import gap
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = gap.draw(read_csv(snakemake.input.children))
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
