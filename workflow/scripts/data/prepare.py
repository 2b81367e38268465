"""Bring the data set into the form that all jobs read."""

import sys
from pathlib import Path

from prunescape.data.prepare import prepare
from prunescape.runtime.logs import logged

# Guarded, because the processes that decode images import this file again.
if __name__ == "__main__":
    with logged(snakemake) as logger:

        def tell(line: str) -> None:
            """Say a line in the log and to whoever runs this."""
            logger.info("%s", line)
            print(f"prunescape: {line}", file=sys.stderr)

        folder, planned = Path(snakemake.output.meta).parent, snakemake.params.settings["files"]
        prepare(snakemake.params.told, folder, snakemake.threads, logger.info, tell, planned)
