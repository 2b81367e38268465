"""Choose the training of a network that is handed on."""

from prunescape.export.choice import chosen_training
from prunescape.hpspace.cells import read_trainings
from prunescape.io.files import read_csv, write_json
from prunescape.runtime.logs import logged

with logged(snakemake):
    cells = read_trainings(snakemake.input.cells)
    decisions = read_csv(snakemake.input.decisions)
    choice = chosen_training(cells, decisions, snakemake.wildcards.model, snakemake.wildcards.variant)
    write_json(snakemake.output[0], choice)
