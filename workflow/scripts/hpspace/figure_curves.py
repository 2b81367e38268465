"""Draw the training curves of every variant's best cell and of the prior."""

from prunescape.figures import curves
from prunescape.figures.style import save
from prunescape.hpspace.cells import read_cells
from prunescape.runtime.logs import logged

with logged(snakemake):
    model = snakemake.wildcards.model
    chosen = curves.chosen_cells(read_cells(snakemake.input.cells), model)
    histories = curves.read_histories(snakemake.input.histories, model, chosen)
    save(curves.draw(histories, model), snakemake.output, snakemake.params.settings["dpi"])
