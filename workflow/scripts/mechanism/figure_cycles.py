"""Draw the accuracy after cycles of pruning and retraining."""

from prunescape.figures.mechanism import cycles
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = cycles.draw(read_csv(snakemake.input.cycles), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
