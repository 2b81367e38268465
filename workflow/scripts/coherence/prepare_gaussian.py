"""Write the Gaussian variant of the prepared data."""

from pathlib import Path

from prunescape.data.gaussian import write_gaussian
from prunescape.data.prepared import load_prepared
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_gaussian(load_prepared(snakemake.input[0]), Path(snakemake.output.meta).parent)
