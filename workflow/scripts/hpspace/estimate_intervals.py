"""Give every number of the ellipses and of the risk an interval."""

from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.resampling import resample
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, cells = snakemake.params.settings, read_cells(snakemake.input.cells)
    table = intervals(resample(cells, settings), settings)
    write_csv(snakemake.output[0], with_variants(table, cells))
