"""Measure what keeping the dense network's hyperparameters puts at risk."""

from prunescape.files import write_csv
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.risk import risk_cells, risk_table
from prunescape.job import job

with job(snakemake):
    of_cells = risk_cells(read_cells(snakemake.input.cells), snakemake.params.settings["risk_roi"])
    write_csv(snakemake.output.cells, of_cells)
    write_csv(snakemake.output.table, risk_table(of_cells))
