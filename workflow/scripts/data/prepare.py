"""Bring the data set into the form that all jobs read."""

from pathlib import Path

from prunescape.data.prepare import prepare
from prunescape.runtime.logs import logged

# Guarded, because the processes that decode images import this file again.
if __name__ == "__main__":
    with logged(snakemake) as logger:
        prepare(snakemake.params.told, Path(snakemake.output.meta).parent, snakemake.threads, logger.info)
