"""Write the overview of a run."""

from pathlib import Path

from prunescape.job import job
from prunescape.pages.index import write_index

with job(snakemake):
    write_index(Path(snakemake.output[0]).parent)
