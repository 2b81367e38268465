"""Draw the landscapes of a model's variants."""

from prunescape.figures import landscape
from prunescape.figures.style import save
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.landscape import mean_over_seeds
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, metric = snakemake.params.settings, snakemake.wildcards.metric
    figure = landscape.draw(
        mean_over_seeds(read_cells(snakemake.input.cells), metric),
        read_csv(snakemake.input.ellipses),
        metric,
        snakemake.wildcards.model,
        settings,
    )
    save(figure, snakemake.output, settings["dpi"])
