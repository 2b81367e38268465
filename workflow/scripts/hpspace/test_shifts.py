"""Test whether pruning has moved, resized or turned the ellipses."""

from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.permutation import shift_tests
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    cells = read_cells(snakemake.input.cells)
    write_csv(snakemake.output[0], with_variants(shift_tests(cells, snakemake.params.settings), cells))
