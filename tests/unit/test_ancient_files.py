"""Which jobs Snakemake asks whether they are stale: also those behind a check that will run."""

from pathlib import Path
from types import SimpleNamespace

from prunescape.plan.metadata import _followed


class File(str):
    """A file of a job, as Snakemake has it."""

    is_ancient = False


def file(path: Path, ancient: bool) -> File:
    """A file that is there or not, ancient or not."""
    made = File(path)
    made.is_ancient = ancient
    return made


def test_jobs_behind_an_ancient_file_are_not_taken_for_running(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    there, missing = tmp_path / "there", tmp_path / "missing"
    behind = {
        "check": {
            "train": {file(there, True)},
            "first": {file(missing, True)},
            "both": [file(there, True), file(tmp_path, False)],
        },
        "train": {"prune": {file(there, False)}},
        "first": {"table": {file(there, False)}},
        "both": {},
        "prune": {},
        "table": {},
    }
    dag = SimpleNamespace(depending=behind)
    assert list(_followed(dag, behind, "check")) == ["check", "first", "both", "table"]
    assert list(_followed(dag, behind, "train")) == ["train", "prune"]
    assert list(_followed(dag, behind, "check", stop=lambda job: job == "first")) == ["check", "both"]
    before = {"prune": {"train": {file(there, True)}}, "train": {}}
    assert list(_followed(dag, before, "prune")) == ["prune", "train"]
