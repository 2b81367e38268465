"""Draw the one-shot accuracy of one way of pruning over pruning rate and noise."""

from prunescape.figures.stochastic import one_shot
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = one_shot.draw(read_csv(snakemake.input.intervals), snakemake.wildcards.model, snakemake.wildcards.method)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
