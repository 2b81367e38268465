"""Write the overview of a run."""

from pathlib import Path

from prunescape.pages.index import write_index
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_index(Path(snakemake.output[0]).parent)
