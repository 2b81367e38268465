"""Measure what keeping the dense network's hyperparameters puts at risk."""

from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.risk import risk_cells, risk_table
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    cells = read_cells(snakemake.input.cells)
    of_cells = risk_cells(cells, snakemake.params.settings["risk_roi"])
    write_csv(snakemake.output.risk_cells, with_variants(of_cells, cells))
    write_csv(snakemake.output.risk, with_variants(risk_table(of_cells), cells))
