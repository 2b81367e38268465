"""Draw the accuracy around pruned and retrained networks."""

from prunescape.figures.mechanism import surfaces
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    tables = [read_csv(path) for path in (snakemake.input.surface, snakemake.input.marks, snakemake.input.distances)]
    wildcards = snakemake.wildcards
    figure = surfaces.draw(*tables, wildcards.model, wildcards.pruning, wildcards.retraining)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
