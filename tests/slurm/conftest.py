"""A real Slurm on this machine, and a study that runs through `profiles/slurm` on it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from slurm_jobs import jobs, slurm, until

from project_copy import SNAKEMAKE, TINY, copy_project, merged, write_config

CLUSTER = Path(__file__).with_name("cluster")
IMPATIENT = [sys.executable, str(Path(__file__).with_name("impatient.py"))]
NEEDED = ["munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd", "sbatch"]
CELLS = "results/tiny/hpspace/cells.csv"
TABLES = ["cells.csv", "ellipses.csv", "risk.csv", "shifts.csv"]
ANALYSIS = ["table_hpspace_ellipses", "table_hpspace_risk", "table_hpspace_shifts"]
# Six tiles, each long enough to be disturbed.
STUDY: dict[str, Any] = merged(
    TINY,
    {
        "seeds": [0, 1, 2],
        "models": {"small_resnet": {"methods": ["uniform"]}},
        "recipe": {"epochs": 150},
        "engine": {"threads": 1},
    },
)


def cluster(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CLUSTER, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="session", autouse=True)
def running_cluster() -> Iterator[None]:
    """A cluster for all tests. PRUNESCAPE_SLURM_TESTS=1 installs what is missing and has to work, =0 skips."""
    wanted = os.environ.get("PRUNESCAPE_SLURM_TESTS")
    if wanted == "0":
        pytest.skip("PRUNESCAPE_SLURM_TESTS is 0")
    if wanted != "1":
        places = os.environ["PATH"] + ":/usr/sbin:/sbin"
        missing = [program for program in NEEDED if shutil.which(program, path=places) is None]
        if missing or os.geteuid() != 0:
            reason = f"missing {', '.join(missing)}" if missing else "not root"
            pytest.skip(f"no Slurm to be had here: {reason} (as root, PRUNESCAPE_SLURM_TESTS=1 installs it)")
    mine = cluster("status").returncode != 0  # one that somebody keeps running is left running
    result = cluster("up")
    if result.returncode:
        assert wanted != "1", result.stderr
        pytest.skip(result.stderr.strip())
    yield
    if mine:
        cluster("down")


class Study:
    """A copy of the project in which Snakemake runs."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        self.folder = copy_project(folder)
        self.started: list[subprocess.Popen] = []
        write_config(self.folder, config)
        _checkpoint_often(self.folder)

    def snakemake(self, *arguments: str, command: Sequence[str] = SNAKEMAKE) -> subprocess.Popen:
        """Start Snakemake on this folder; its output goes to a file."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with (self.folder / "output.txt").open("a") as output:
            process = subprocess.Popen(
                [*command, *arguments], cwd=self.folder, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """End what a failed test has left running."""
        for process in self.started:
            process.kill()
            process.wait()

    def submit(self, *arguments: str) -> subprocess.Popen:
        """Start Snakemake with the profile for Slurm, looking for news more often."""
        often = ["--slurm-init-seconds-before-status-checks", "1"]
        return self.snakemake("--profile", "profiles/slurm", *often, *arguments, command=IMPATIENT)

    def finish(self, process: subprocess.Popen, seconds: float = 1200) -> None:
        """Wait for Snakemake to end well."""
        try:
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"no end within {seconds} s\n{self.news()}", pytrace=False)
        assert status == 0, self.news()

    def news(self) -> str:
        """What Snakemake printed last, and what Slurm says of this folder's jobs and of the nodes."""
        return "\n".join(
            [
                (self.folder / "output.txt").read_text()[-6000:],
                slurm("squeue", "--format=%i %T %r %N %M %l %S %k"),
                slurm("sinfo", "--Node", "--format=%N %T %E"),
                *(repr(job) for job in jobs(self.folder)),
            ]
        )

    def log(self, tile: str) -> str:
        """The log of a tile's last job; empty where none has written one."""
        name = f"results/tiny/logs/hpspace/train_tile/small_resnet_{tile}_-1_-1.log"
        try:
            return (self.folder / name).read_text()
        except FileNotFoundError:
            return ""

    def tables(self) -> dict[str, str]:
        """The tables of the results.

        What follows from `cells.csv` is computed here; only that, so that nothing that was lost is trained again.
        """
        files = [f"results/tiny/hpspace/{name}" for name in TABLES[1:]]
        self.finish(self.snakemake(*files, "--allowed-rules", *ANALYSIS))
        return {name: (self.folder / "results/tiny/hpspace" / name).read_text() for name in TABLES}


def _checkpoint_often(folder: Path) -> None:
    """Let trainings of seconds write checkpoints, as trainings of hours do."""
    changed = 0
    for path in (folder / "workflow/prunescape/training").glob("*.py"):
        text, count = re.subn(r"^CHECKPOINT_SECONDS = .*", "CHECKPOINT_SECONDS = 1", path.read_text(), flags=re.M)
        changed += count
        path.write_text(text)
    assert changed == 1


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], dict[str, str]]]:
    """The tables of an undisturbed local run, which goes on beside the first test."""
    study = Study(tmp_path_factory.mktemp("reference") / "project", STUDY)
    process = study.snakemake("--cores", "1", CELLS)

    def tables() -> dict[str, str]:
        study.finish(process)
        return study.tables()

    yield tables
    study.stop()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, Any]], Study]]:
    """Make a study, with changes to its config; afterwards, leave nothing behind on the cluster."""
    studies: list[Study] = []

    def make(changes: dict[str, Any]) -> Study:
        studies.append(Study(tmp_path_factory.mktemp("study") / "project", merged(STUDY, changes)))
        return studies[-1]

    yield make
    for made in studies:
        made.stop()
    left = slurm("squeue", "-h", "-o", "%i").split()
    if left:
        slurm("scancel", *left)
        until("the jobs have gone", lambda: not slurm("squeue", "-h"))
    cluster("up")  # with all its nodes
