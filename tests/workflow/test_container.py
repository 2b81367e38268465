"""Jobs in a container: an `apptainer` that runs what it is given stands for the real one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TINY

from project_copy import SNAKEMAKE, completed

pytestmark = [pytest.mark.workflow, pytest.mark.full]

APPTAINER = """#!/bin/sh
[ "$1" = --version ] && { echo apptainer version 1.4.0; exit; }
echo "$@" >> "$CALLS"
while [ "${1%.sif}" = "$1" ]; do shift; done
shift
exec "$@"
"""


def test_jobs_run_in_the_image_that_must_be_there(project: Callable[..., Path], tmp_path: Path) -> None:
    folder, calls = project(TINY), tmp_path / "calls"
    command = tmp_path / "bin" / "apptainer"
    command.parent.mkdir()
    command.write_text(APPTAINER)
    command.chmod(0o755)
    image = folder / "envs" / "prunescape.sif"

    def run(*arguments: str) -> tuple[int, str]:
        path = os.pathsep.join([str(command.parent), os.environ["PATH"]])
        target = ["results/tiny/hpspace/cells.csv", *arguments, "--until", "prepare", "--sdm", "apptainer"]
        result = completed([*SNAKEMAKE, *target], folder, PATH=path, CALLS=str(calls))
        return result.returncode, result.stdout

    status, said = run("-n")
    assert status == 1
    assert f"prunescape: {image} is missing; make it by: apptainer build" in said
    assert "Traceback" not in said
    image.touch()
    assert run("-n")[0] == 0
    assert not calls.exists()
    assert run()[0] == 0
    (call,) = calls.read_text().splitlines()
    assert f" {image} bash -c " in call
    assert call.endswith(".prepare.py")
