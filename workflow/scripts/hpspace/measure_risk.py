"""Measure what keeping the dense network's hyperparameters puts at risk."""

from prunescape.files import write_csv
from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.risk import risk_cells, risk_table
from prunescape.job import job

with job(snakemake):
    cells = read_cells(snakemake.input.cells)
    of_cells = risk_cells(cells, snakemake.params.settings["risk_roi"])
    write_csv(snakemake.output.risk_cells, with_variants(of_cells, cells))
    write_csv(snakemake.output.risk, with_variants(risk_table(of_cells), cells))
