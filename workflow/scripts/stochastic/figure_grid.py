"""Draw what noise gains over the grid of pruning rates and noise levels."""

from prunescape.figures.stochastic import grid
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    intervals, tests = read_csv(snakemake.input.intervals), read_csv(snakemake.input.tests)
    figure = grid.draw(intervals, tests, snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
