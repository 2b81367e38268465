"""A Python that has imported already what Snakemake and its jobs import, for tests of many short ones."""

import atexit
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

WARM = Path(__file__).parent / "warm"


@cache
def warm_start(hashes: int = 0) -> dict[str, str]:
    """Variables with which Snakemake and its jobs are forked by a process of this one's, as `warm/server.py` says.

    `hashes` seeds Python's hashes, so the order of sets, which two processes of a user's never share: tests of equal
    bytes ask for two. Tests of kills and faults ask a process that begins with nothing, as all do where Linux is not.
    """
    if not hasattr(os, "pidfd_open"):
        return {}
    folder = tempfile.TemporaryDirectory()
    address = f"{folder.name}/socket"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(
        [sys.executable, str(WARM / "server.py"), address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # One thread, as Snakemake has it; a training that wants more says so.
        env=environment | {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": str(hashes)},
    )
    assert server.stdin
    assert server.stdout
    atexit.register(server.wait)
    atexit.register(server.stdin.close)
    assert server.stdout.readline(), "the process for warm starts has ended"
    atexit.register(folder.cleanup)
    return {"PRUNESCAPE_WARM_PYTHON": address, "PYTHONPATH": str(WARM)}
