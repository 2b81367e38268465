"""Draw what fine-tuning makes of pruned networks."""

from prunescape.figures.stochastic import fine_tuning
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = fine_tuning.draw(read_csv(snakemake.input.fine_tuning), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
