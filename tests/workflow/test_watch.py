"""The live view on a terminal, beside a run under way."""

import os
import pty
import re
import subprocess
from collections.abc import Callable

import pytest
from conftest import TINY, merged, started

from project_copy import SNAKEMAKE

pytestmark = [pytest.mark.workflow, pytest.mark.full]


def shown(terminal: int) -> str:
    """All that is written to a terminal until its last writer is gone."""
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so of a terminal that nobody has open
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


def test_the_view_lives_beside_a_run_and_ends_with_it(project: Callable) -> None:
    folder = project(merged(TINY, {"seeds": [0], "recipe": {"epochs": 12}, "verdict": {"confirm": None}}))
    logs = folder / "results" / "tiny" / "logs" / "hpspace" / "train_tile"
    run = started(folder, "give_verdict", "--cores", "1", ready=lambda: list(logs.rglob("*.log")), warm=True)
    terminal, its_end = pty.openpty()
    environment = {**os.environ, "COLUMNS": "160", "LINES": "50", "TERM": "xterm"}
    view = subprocess.Popen(
        [*SNAKEMAKE, "watch", "hpspace"], cwd=folder, stdout=its_end, stderr=its_end, env=environment
    )
    os.close(its_end)
    text = shown(terminal)
    os.close(terminal)
    output, _ = run.communicate(timeout=300)
    assert (view.wait(timeout=60), run.returncode) == (0, 0), output[-3000:] + text[-3000:]
    assert "Ctrl-C leaves this view" in text
    assert len(set(re.findall(r"total.*?(\d+ %)", text))) >= 2, text  # it moved, whichever network's turn it was
    assert "All cells are finished." in text
