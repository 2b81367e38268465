"""Python that hands Snakemake, a script of its jobs, or a benchmark to a process that has imported their libraries.

Python imports this file at its start where its folder is in PYTHONPATH: see `server.py` beside it. Whoever started this
process sees the same output, the same exit status, and passes signals on; nothing else of this process is used.
"""

import json
import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hand_over(address: str, command: list[str]) -> None:
    """Let the server run `command` in this process's place, and end as it does."""
    folder = os.getcwd()  # noqa: PTH109  (to import pathlib takes longer than all of this)
    request = {"command": command, "folder": folder, "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        socket.send_fds(server, [b"F"], [0, 1, 2])
        server.sendall(json.dumps(request).encode() + b"\n")
        answers = server.makefile()
        pid = int(answers.readline())
        for number in PASSED_ON:
            signal.signal(number, lambda number, frame: os.kill(pid, number))
        status = int(answers.readline())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


address, arguments = os.environ.get("PRUNESCAPE_WARM_PYTHON"), sys.orig_argv[1:]
script = "".join(arguments[:1])
if address and (
    arguments[:2] == ["-m", "snakemake"]
    or script.endswith("/bin/snakemake")
    or "/.snakemake/scripts/" in script
    or "/tests/bench/" in script
):
    hand_over(address, arguments)
