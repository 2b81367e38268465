"""Results are disturbed at random, and Snakemake goes on: tests/unit/test_drill.py, with real jobs."""

import random
from contextlib import chdir
from pathlib import Path

import pytest
from conftest import snakemake

from disturbances import disturb

pytestmark = [pytest.mark.workflow, pytest.mark.full]

TABLES = ["cells", "ellipses", "risk", "intervals", "decisions", "shifts", "regret", "transfer"]
ANSWERS = [*(f"results/tiny/hpspace/{name}.csv" for name in TABLES), "results/tiny/hpspace/verdict.json"]
ROUNDS = 12


def results() -> dict[str, bytes]:
    """Contents of what the answers rest upon, and of its seals."""
    files = [
        path for path in Path("results/tiny").rglob("*") if path.is_file() and path.suffix not in (".png", ".html")
    ]
    return {str(path): path.read_bytes() for path in files if not {"logs", "figures"} & {*path.parts}}


def test_disturbed_results_come_back_or_a_line_is_told(copied: Path) -> None:
    chance = random.Random(0)
    with chdir(copied):
        right = results()
    answers = {path: right[path] for path in ANSWERS}
    told = 0
    for number in range(ROUNDS):
        with chdir(copied):
            done = [disturb(chance, right, {}) for _ in range(chance.randint(1, 3))]
        for _ in range(12):
            output = snakemake(copied, *ANSWERS, "--cores", "2", status=None)
            lines = [line for line in output.splitlines() if "prunescape: " in line or "error: " in line]
            named = [path for path in right if any(path in line for line in lines)]
            assert "Traceback" not in output, (number, done)
            if "Nothing to be done" in output or "(100%) done" in output:
                break
            assert named, (number, done, output[-3000:])
            told += 1
            file = max(named, key=len)
            if (copied / file).is_dir():
                (copied / file).rmdir()  # "move it away", it says
            for _ in range(4):  # what it rests upon may have to be made anew before it, as the line then says
                output = snakemake(copied, "--force", file, status=None)
                named = [path for path in right if f"snakemake --force {path}`" in output]
                if not named:
                    break
                file = named[0]
        else:
            raise AssertionError(number, done, output[-3000:])
        with chdir(copied):
            assert [path for path in ANSWERS if not Path(path).is_file()] == [], (number, done, output[-3000:])
            assert {path: Path(path).read_bytes() for path in ANSWERS} == answers, (number, done)
            right = results()
    assert told > 0
