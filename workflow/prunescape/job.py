"""What every script shares: a log file, and errors that end in one line."""

import errno
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from prunescape.errors import Interrupted, UserError

TRY_AGAIN = 75  # exit status of a job that was asked to stop and saved its state: EX_TEMPFAIL of sysexits.h


@contextmanager
def job(snakemake: Any) -> Iterator[logging.Logger]:
    """Run a script's body with a logger on the rule's log file.

    A `UserError`, a full disk or a folder that cannot be written ends the job with one line in the log and exit status
    1, being asked to stop with exit status `TRY_AGAIN`; anything else is a defect of ours and leaves its traceback in
    the log.
    """
    path = Path(str(snakemake.log[0]))
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("prunescape")
    logger.setLevel(logging.INFO)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    imports = time.time() - psutil.Process().create_time()
    start = time.perf_counter()
    try:
        yield logger
        logger.info("finished after %.1f s, and %.1f s to start", time.perf_counter() - start, imports)
    except Interrupted as interruption:
        logger.info("%s", interruption)
        print(f"prunescape: {interruption}", file=sys.stderr)
        sys.exit(TRY_AGAIN)
    except (UserError, OSError) as error:
        line = _line(error)
        if line is None:
            logger.exception("unexpected error")
            raise
        logger.error("error: %s", line)
        sys.exit(f"prunescape: {line}")
    except Exception:
        logger.exception("unexpected error")
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()


def _line(error: UserError | OSError) -> str | None:
    if isinstance(error, UserError):
        return str(error)
    remedies = {
        errno.ENOSPC: "the disk is full; free some space and run again, finished results are kept",
        errno.EDQUOT: "the disk quota is used up; free some space and run again, finished results are kept",
        errno.EROFS: "the file system is read-only; choose a results folder that can be written",
        errno.EACCES: "no permission; choose a results folder that can be written",
    }
    remedy = remedies.get(error.errno or 0)
    return None if remedy is None else f"{error.filename or 'writing'}: {remedy}"
