"""Give every number of the ellipses and of the risk an interval."""

from prunescape.files import write_csv
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.resampling import resample
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    write_csv(snakemake.output[0], intervals(resample(read_cells(snakemake.input.cells), settings), settings))
