"""The frame of every script: a log file, errors that end in one line, and an identity for what is written."""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psutil

from prunescape.errors import Interrupted, UserError, bring_to_present, user_message
from prunescape.io.files import check_place
from prunescape.io.schema import expect
from prunescape.io.seals import WITHOUT, Seal, place_of, read_seal, sealing
from prunescape.printable import printable
from prunescape.runtime.hardware import computed_on
from prunescape.runtime.versions import check_versions

TRY_AGAIN = 75  # exit status of a job that was asked to stop and saved its state: EX_TEMPFAIL of sysexits.h


@contextmanager
def logged(snakemake: Any) -> Iterator[logging.Logger]:
    """Run a script's body with a logger on the rule's log file; what it writes to its outputs gets an identity.

    A `UserError`, a full disk or another of `prunescape.errors` ends the job with one line in the log and exit status
    1, being asked to stop with exit status `TRY_AGAIN`; anything else is a defect of ours and leaves its traceback in
    the log.
    """
    path = Path(str(snakemake.log[0]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path, mode="w", encoding="utf-8")
    except OSError as error:
        sys.exit(f"prunescape: {user_message(error) or error}")
    logger = logging.getLogger("prunescape")
    logger.setLevel(logging.INFO)
    handler.setFormatter(_Plain("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    imports = time.time() - psutil.Process().create_time()
    start = time.perf_counter()
    try:
        for healed in bring_to_present(snakemake.input):
            logger.info("%s", healed)
        expect(snakemake.params.get("tables", []))
        with _identified(snakemake):
            yield logger
        spent = time.perf_counter() - start
        logger.info("%.1f s of processor time, its start included", sum(os.times()[:4]))  # its workers', too
        logger.info("finished after %.1f s, and %.1f s to start, on %s", spent, imports, computed_on())
    except Interrupted as interruption:
        logger.info("%s", interruption)
        print(f"prunescape: {interruption}", file=sys.stderr)
        sys.exit(TRY_AGAIN)
    except Exception as error:
        line = user_message(error)
        if line is None:
            logger.exception("unexpected error")
            raise
        logger.error("error: %s", line)
        sys.exit(f"prunescape: {line}")
    finally:
        logger.removeHandler(handler)
        with contextlib.suppress(OSError):
            handler.close()


class _Plain(logging.Formatter):
    """Snakemake shows the logs of failed jobs as they are: names in them, of files say, are safe to show."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def _identified(snakemake: Any) -> AbstractContextManager[None]:
    """A context that seals the outputs of a job of the plan with its identity, once its inputs have been looked at."""
    settings, roots = (snakemake.params.get(name) for name in ("settings", "roots"))
    if settings is None or roots is None:
        return contextlib.nullcontext()
    check_versions(settings.get("libraries", {}))
    seals = {str(path): read_seal(path) for path in snakemake.input}
    for path, found in seals.items():
        _check_input(path, found, roots)
    return sealing(settings, roots, seals, snakemake.output)


def _check_input(path: str, found: Seal | None, roots: Sequence[str]) -> None:
    """Refuse what is not known to be a result for its place; a file from elsewhere is the user's own business."""
    if found is not None and found.identity is not None:
        check_place(path, found)
    elif place_of(path, roots) != path:
        raise UserError(
            f"{path} {WITHOUT}; `snakemake accept {path}` takes it as it is, `snakemake --force {path}` makes it anew"
        )


class _LogFile(logging.FileHandler):
    """A log that cannot be written, because the disk is full, stops nothing and prints no traceback."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002 - logging's own name
        return
