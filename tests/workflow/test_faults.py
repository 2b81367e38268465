"""Bad days: each ends in one clear line, finished work is kept, and the remedy in that line works.

docs/faults.md lists them all. The faults that need no Snakemake are in tests/unit/test_faults.py.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from conftest import SNAKEMAKE, TINY, merged, planned, snakemake, started, write_config

from project_copy import completed
from prunescape.io.seals import seal

pytestmark = pytest.mark.workflow

RESULTS = "results/tiny"
TILE = f"{RESULTS}/hpspace/tiles/small_resnet/dense/seed-0/-1_-1.csv"
WEIGHTS = f"{RESULTS}/models/small_resnet/dense/weights.safetensors"
NEW_TILE = TILE.replace("seed-0", "seed-7")
NEW_SEED = merged(TINY, {"seeds": [0, 1, 7]})


def contents(folder: Path) -> dict[Path, bytes]:
    """The finished tables."""
    return {path: path.read_bytes() for path in (folder / RESULTS / "hpspace").rglob("*.csv")}


def rotten(path: Path, content: bytes) -> None:
    """Change a file as a bad disk does, at no time that anybody could see: its seal is the later one."""
    path.write_bytes(content)
    os.utime(seal(path))


def flip(path: Path, position: int = -20) -> None:
    """Flip one bit of a file, as a bad disk does."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    rotten(path, content)


def mounted(folder: Path, script: str) -> str:
    """Run a shell script that may mount file systems, seen by nobody else; its whole output."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs user namespaces")
    result = subprocess.run(
        ["unshare", "-rm", "bash", "-uc", script],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"SNAKEMAKE": " ".join(SNAKEMAKE)},
        timeout=600,
    )
    return result.stdout


@pytest.mark.full
def test_a_full_disk_costs_nothing_but_the_running_jobs(copied: Path) -> None:
    write_config(copied, NEW_SEED)
    before = contents(copied)
    script = f"""
        cp -a results kept && mount -t tmpfs -o size=16m tmpfs results && cp -a kept/. results/ || exit 9
        dd if=/dev/zero of=results/filler bs=1k 2>/dev/null
        $SNAKEMAKE {NEW_TILE}; echo "ended with $?"
        rm results/filler
        $SNAKEMAKE {NEW_TILE}; echo "ended with $?"
        rm -r kept && cp -a results kept
    """
    output = mounted(copied, script)
    assert re.findall("ended with ([0-9]+)", output) == ["1", "0"]
    assert "the disk is full; free some space and go on with the same command" in output
    assert "Traceback" not in output
    shutil.rmtree(copied / "results")
    (copied / "kept").rename(copied / "results")
    assert before.items() <= contents(copied).items()
    assert (copied / NEW_TILE).is_file()


@pytest.mark.full
def test_read_only_results_are_told_and_can_be_looked_at(copied: Path) -> None:
    write_config(copied, NEW_SEED)
    before = contents(copied)
    output = mounted(
        copied,
        f"""
        mount --bind results results && mount -o remount,ro,bind results || exit 9
        $SNAKEMAKE {NEW_TILE}; echo "ended with $?"
        $SNAKEMAKE status; echo "ended with $?"
        """,
    )
    assert re.findall("ended with ([0-9]+)", output) == ["1", "0"]
    assert f"prunescape: {RESULTS}: the file system is read-only; make it writable" in output
    assert "Traceback" not in output
    assert contents(copied) == before


def locks(folder: Path) -> list[Path]:
    return list((folder / ".snakemake" / "locks").glob("*.lock"))


@pytest.mark.full
def test_two_snakemakes_in_one_directory(copied: Path) -> None:
    """The second one gives up at once; looking at plan and status does not, and leaves the first one's locks."""
    write_config(copied, NEW_SEED)
    first = started(copied, NEW_TILE, ready=lambda: locks(copied))
    try:
        os.killpg(first.pid, signal.SIGSTOP)  # or it may have finished before the others begin
        for name in ("plan", "status"):
            assert "small_resnet" in snakemake(copied, name)
        assert locks(copied), "a look has removed the locks of the run"
        second = snakemake(copied, NEW_TILE, status=1)
        assert "cannot be locked" in second
        os.killpg(first.pid, signal.SIGCONT)
        output, _ = first.communicate(timeout=300)
        assert first.returncode == 0, output
    finally:
        if first.poll() is None:
            os.killpg(first.pid, signal.SIGKILL)
    assert (copied / NEW_TILE).is_file()


@pytest.mark.full
def test_a_home_that_cannot_be_written(project: Callable[..., Path], tmp_path: Path) -> None:
    folder, variables = project(TINY), {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    result = completed([*SNAKEMAKE, "--until", "prepare"], folder, **variables)
    assert result.returncode == 0, result.stdout
    assert (tmp_path / "cache").is_dir()


@pytest.mark.full
def test_file_times_in_the_future_change_nothing(copied: Path) -> None:
    """Another machine's clock ran ahead by a day while the data and networks were made, and some of the tiles."""
    ahead = time.time() + 86_400
    for path in [*copied.glob(f"{RESULTS}/data/*/*"), *copied.glob(f"{RESULTS}/models/*/*/*"), copied / TILE]:
        os.utime(path, (ahead, ahead))
    assert planned(copied) == {}
    write_config(copied, NEW_SEED)
    assert planned(copied)["train_tile"] == 3  # the new seed's
    assert "Traceback" not in snakemake(copied, NEW_TILE)
    assert planned(copied)["train_tile"] == 2


@pytest.mark.full
def test_results_of_an_older_config_are_kept_and_not_used(copied: Path) -> None:
    write_config(copied, merged(TINY, {"seeds": [0]}))
    assert "train_tile" not in planned(copied)
    snakemake(copied, f"{RESULTS}/hpspace/cells.csv")
    assert set(pd.read_csv(copied / RESULTS / "hpspace/cells.csv")["seed"]) == {0}
    kept = r"\d+ finished training jobs are not of this config \(kept, not used\)"  # tiles, and what confirmed them
    assert re.search(kept, snakemake(copied, "status"))
    write_config(copied, TINY)
    assert "train_tile" not in planned(copied)


@pytest.mark.full
def test_a_flipped_bit_in_a_tiles_table(copied: Path) -> None:
    good = (copied / TILE).read_bytes()
    flip(copied / TILE)
    (copied / RESULTS / "hpspace/cells.csv").unlink()
    output = snakemake(copied, "table_hpspace_cells", status=1)
    assert f"{TILE}: damaged, its checksum is not that of what was written" in output
    summary = output[output.index("1 job failed, whose log ends so (finished results are kept):") :]
    assert f"{RESULTS}/logs/hpspace/table_hpspace_cells/all.log" in summary
    assert "damaged" in summary
    snakemake(copied, "--force", TILE)
    assert (copied / TILE).read_bytes() == good
    assert "train_tile" not in planned(copied, "table_hpspace_cells")


@pytest.mark.full
def test_a_changed_number_in_a_plan_of_extension(copied: Path) -> None:
    """It is JSON all the same, and would train another tile."""
    write_config(copied, merged(TINY, {"extension": {"rounds": 1, "roi": 99.0}}))
    plan = f"{RESULTS}/hpspace/extension/small_resnet/round-1.json"
    snakemake(copied, plan)
    good = (copied / plan).read_bytes()
    tiles = planned(copied)["train_tile"]
    assert tiles % 6 == 0  # of two seeds and three variants
    rotten(copied / plan, good.replace(b"2", b"3", 1))
    assert json.loads((copied / plan).read_text()) != json.loads(good)
    for arguments in (["-n"], ["plan"], ["status"]):
        output = snakemake(copied, *arguments, status=1)
        assert f"prunescape: {plan}: damaged, its checksum is not that of what was written" in output.splitlines()[-1]
    snakemake(copied, "--force", plan)
    assert (copied / plan).read_bytes() == good
    assert planned(copied)["train_tile"] == tiles


@pytest.mark.full
def test_a_row_too_many_in_the_table_of_cells(copied: Path) -> None:
    """Though it was accepted as it is, as where hidden files were not copied along."""
    cells = copied / RESULTS / "hpspace/cells.csv"
    good = cells.read_text()
    cells.write_text(good + good.splitlines()[-1] + "\n")
    cells.with_name(".cells.csv.sha256").unlink()
    snakemake(copied, "accept", f"{RESULTS}/hpspace/cells.csv")
    output = snakemake(copied, "--forcerun", "table_hpspace_decisions", "--until", "table_hpspace_decisions", status=1)
    assert f"{RESULTS}/hpspace/cells.csv: lines 55 and 56 are of the same model, variant, seed, i, j" in output
    assert f"snakemake --force {RESULTS}/hpspace/cells.csv" in output
    snakemake(copied, "--force", f"{RESULTS}/hpspace/cells.csv")
    assert cells.read_text() == good


def test_a_field_that_is_no_number(copied: Path) -> None:
    """In any table, whoever reads it, and though it was accepted as it is."""
    risk = copied / RESULTS / "hpspace/risk_cells.csv"
    header, first, *rest = risk.read_text().splitlines()
    fields = dict(zip(header.split(","), first.split(","), strict=True)) | {"d": "1.2O"}
    risk.write_text("\n".join([header, ",".join(fields.values()), *rest]) + "\n")
    risk.with_name(".risk_cells.csv.sha256").unlink()
    output = snakemake(copied, "-n", status=1)
    assert f"prunescape: {RESULTS}/hpspace/risk_cells.csv has no identity" in output
    assert "`snakemake accept`" in output
    assert "`snakemake --forcerun FILE`" in output
    snakemake(copied, "accept", f"{RESULTS}/hpspace/risk_cells.csv")
    output = snakemake(copied, "--force", f"{RESULTS}/hpspace/figures/risk_top1.png", status=1)
    assert f"{RESULTS}/hpspace/risk_cells.csv: line 2, column d: 1.2O is no number, or not finite; make it" in output


@pytest.mark.full
def test_a_flipped_bit_in_the_prepared_images(copied: Path) -> None:
    (path,) = copied.glob(f"{RESULTS}/data/*/train_images.npy")
    good = path.read_bytes()
    flip(path)
    write_config(copied, NEW_SEED)
    output = snakemake(copied, NEW_TILE, status=1)
    assert "train_images.npy: damaged, its checksum is not that of what was written" in output
    path.with_name("meta.json").unlink()
    snakemake(copied, "prepare")
    assert path.read_bytes() == good
    assert planned(copied)["train_tile"] == 3, "finished tiles would be trained again"


@pytest.mark.full
def test_a_flipped_bit_in_the_dense_network(copied: Path) -> None:
    good = (copied / WEIGHTS).read_bytes()
    flip(copied / WEIGHTS)
    output = snakemake(copied, "--forcerun", "prune", "--until", "prune", status=1)
    assert f"{WEIGHTS}: damaged" in output
    assert f"snakemake --force {WEIGHTS}" in output
    snakemake(copied, "--force", WEIGHTS)
    assert (copied / WEIGHTS).read_bytes() == good
    snakemake(copied, "--until", "prune")
    assert "train_tile" not in planned(copied)


def test_a_killed_run_is_told_and_goes_on(copied: Path) -> None:
    """`kill -9` of Snakemake and its jobs: the lock stays, and the message says how to go on."""
    write_config(copied, NEW_SEED)
    run = started(copied, NEW_TILE, ready=lambda: locks(copied))
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    assert "--unlock" in snakemake(copied, NEW_TILE, status=1)
    snakemake(copied, "--unlock")
    snakemake(copied, NEW_TILE)
    assert (copied / NEW_TILE).is_file()
