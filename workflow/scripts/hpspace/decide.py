"""Test whether keeping the dense network's hyperparameters is good enough."""

from prunescape.files import write_csv
from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.decision import decisions
from prunescape.hpspace.resampling import resample
from prunescape.job import job

with job(snakemake):
    settings, cells = snakemake.params.settings, read_cells(snakemake.input.cells)
    table = decisions(resample(cells, settings), settings["risk_roi"], settings["verdict"])
    write_csv(snakemake.output[0], with_variants(table, cells))
