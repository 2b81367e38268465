"""Choose the training of a network that is handed on."""

from prunescape.export.choice import chosen_training
from prunescape.hpspace.cells import read_cells
from prunescape.io.files import write_json
from prunescape.runtime.logs import logged

with logged(snakemake):
    cells = read_cells(snakemake.input.cells)
    choice = chosen_training(cells, snakemake.wildcards.model, snakemake.wildcards.variant)
    write_json(snakemake.output[0], choice)
