"""Test whether pruning has moved, resized or turned the ellipses."""

from prunescape.files import write_csv
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.permutation import shift_tests
from prunescape.job import job

with job(snakemake):
    write_csv(snakemake.output[0], shift_tests(read_cells(snakemake.input.cells), snakemake.params.settings))
