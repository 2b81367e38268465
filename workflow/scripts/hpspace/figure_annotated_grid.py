"""Draw one variant's grid with the accuracy of every cell."""

from prunescape.figures import annotated_grid
from prunescape.figures.style import save
from prunescape.hpspace.axes import Pair
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.landscape import mean_over_seeds
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, metric = snakemake.params.settings, snakemake.wildcards.metric
    figure = annotated_grid.draw(
        mean_over_seeds(read_cells(snakemake.input.cells), metric),
        snakemake.wildcards.model,
        snakemake.wildcards.variant,
        settings["initial_size"],
        metric=metric,
        rois=settings["roi"],
        pair=Pair.from_settings(settings),
    )
    save(figure, snakemake.output, settings["dpi"])
