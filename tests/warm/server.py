"""A process that has imported what Snakemake and its jobs import, and forks for each of them.

Most of what a tiny study costs is the start of its processes: a second or two to import torch, for hundredths of a
second of work. Of this project nothing is imported here, so that each job reads the code of its own copy of it.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
from pathlib import Path

LIBRARIES = ["torch", "torch.fx", "torch_pruning", "pandas", "scipy.stats", "scipy.interpolate", "scipy.ndimage"]
LIBRARIES += ["scipy.spatial.distance", "sklearn.datasets", "matplotlib.backends.backend_agg", "seaborn", "pydantic"]
LIBRARIES += ["jinja2", "pymoo.algorithms.moo.nsga2", "pymoo.indicators.hv", "snakemake.cli", "snakemake.script"]
LIBRARIES += ["torchvision_compat", "ptflops", "smart_open", "snakemake.report.html_reporter", "yte"]
# The library's own way to import torchvision, which reads nothing else of this project.
TORCHVISION_COMPAT = Path(__file__).parents[2] / "workflow/prunescape/runtime"


def run(command: list[str]) -> int:
    """Run `command` as Python would; its exit status."""
    as_module = command[0] == "-m"
    first = str(Path.cwd() if as_module else Path(command[0]).parent)
    sys.path[:0] = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = command[1:] if as_module else command
    try:
        if as_module:
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(command[0], run_name="__main__")
        status: int | str | None = 0
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = 1
    if isinstance(status, str):
        print(status, file=sys.stderr)
        status = 1
    return status or 0


def become(request: dict, streams: list[int]) -> None:
    """Be the process that was asked for, from here to its end."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    status = run(request["command"])
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as Python's end does
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


def serve(client: socket.socket) -> None:
    """Fork for one request, and tell its exit status; where the client is killed, so is what it asked for."""
    _, streams, *_ = socket.recv_fds(client, 1, 3)
    request = json.loads(client.makefile().readline())
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)  # so that all of it can be killed
        client.close()
        become(request, streams)
    client.sendall(f"{pid}\n".encode())
    end = os.pidfd_open(pid)
    for stream in streams:
        os.close(stream)
    ready, _, _ = select.select([client, end], [], [])
    if end not in ready:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def main(address: str) -> None:
    """Listen at `address` until standard input ends, which whoever started this holds open."""
    del sys.path[0]  # the folder of this file
    sys.path.append(str(TORCHVISION_COMPAT))
    for name in LIBRARIES:
        importlib.import_module(name)
    sys.path.pop()
    os.fsync = lambda file: None  # type: ignore[assignment]  # it waits for the disk; only a power failure would show
    gc.collect()
    gc.freeze()  # no process that is forked looks through all this again
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("listening", flush=True)
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if 0 in ready:
                return
            client, _ = listener.accept()
            if not os.fork():
                listener.close()
                serve(client)
                os._exit(0)
            client.close()


if __name__ == "__main__":
    main(sys.argv[1])
