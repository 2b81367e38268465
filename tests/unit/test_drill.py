"""Results are deleted, exchanged, edited, cut short and restored at random, and then the study goes on.

It ends with the results of an undisturbed run, or with one line before anything wrong is written. No job computes here:
one that runs reads all that it reads with the readers of real jobs, and writes what an undisturbed run wrote if it has
read what that had read, and something else if not. tests/workflow/test_faults.py drills real Snakemake.
"""

import json
import random
import shutil
import zlib
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from disturbances import disturb
from finished import seal_results
from project_copy import TINY, merged
from prunescape.io.files import atomic, check_seal, read_csv, read_json, write_csv, write_json, write_text
from prunescape.io.schema import pattern
from prunescape.io.tensors import load_tensors, save_tensors
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results
from prunescape.plan.step import Job
from prunescape.runtime.logs import logged

WRONG = b"wrong"
FAULTS = 6  # at most, in one round
STUDY = merged(TINY, {"verdict": {"confirm": None}})  # else its jobs are known only as it goes on
PLAN = Plan(STUDY, 2)
READERS = {".csv": read_csv, ".json": read_json, ".safetensors": load_tensors}  # of others the seal is checked


def write(path: str, number: int) -> None:
    """A result in the form of its kind, which holds a number."""
    kind = Path(path).suffix
    if kind == ".csv":
        known = sorted(PLAN.schemas, key=lambda of: -len(of["path"]))
        fields = next((of["fields"] for of in known if pattern(of["path"]).fullmatch(path)), {"id": "string"})
        values = {"string": f"text {number}", "integer": number, "number": number + 0.5, "boolean": bool(number % 2)}
        write_csv(path, pd.DataFrame([{name: values[kind] for name, kind in fields.items()}]))
    elif kind == ".json":
        write_json(path, {"number": number})
    elif kind == ".safetensors":
        save_tensors(path, {"number": torch.tensor([float(number)])})
    elif kind == ".npy":
        np.save(path, np.array([number]))
    else:
        write_text(path, f"{number}")


class Drill:
    """A study in a folder.

    Attributes:
        right: the bytes of each result and of its seal, by path, after an undisturbed run.
        others: those after a run with other settings.
        jobs: in the order in which they run.
    """

    def __init__(self) -> None:
        self.others = self._run(Plan(merged(STUDY, {"recipe": {"epochs": 5}, "analysis": {"sigma": 3.0}}), 2))
        self.right = self._run(PLAN)
        self.jobs = self._in_order(PLAN)

    def _in_order(self, plan: Plan) -> list[Job]:
        return [job for job in Results(plan)._in_order() if job.step.outputs]

    def _run(self, plan: Plan) -> dict[str, bytes]:
        """Results whose content depends on what their identity says, and on nothing else."""
        for job in plan.jobs():
            for path in job.outputs.values():
                write_text(path, "{}" if path.endswith(".json") else "")
        for job in self._in_order(plan):
            read = [Path(path).read_bytes() for path in Results(plan)._read(job)]
            number = zlib.crc32(b"".join([json.dumps(job.identity).encode(), *read]))
            for place, path in enumerate(job.outputs.values()):
                write(path, (number + place) % 100_000)
            seal_results(plan, job.result)
        return {str(path): path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}

    def reset(self) -> None:
        """The folder as an undisturbed run left it."""
        for path, content in self.right.items():
            if Path(path).is_dir():
                shutil.rmtree(path)
            if not Path(path).is_file() or Path(path).read_bytes() != content:
                Path(path).write_bytes(content)

    def go_on(self, forced: str = "") -> str:
        """Run what Snakemake would run, for one file or for all; what was told, or nothing where all is finished."""
        results = Results(PLAN)
        jobs = self._behind(results, forced) if forced else self.jobs
        asked = [job for job in jobs if forced not in job.outputs.values()]
        for job in asked:
            if all(Path(path).exists() for path in job.outputs.values()):
                for path in job.outputs.values():
                    look = results._looks[path]
                    if look is None or look.mistrust:
                        return f"{path}: {look and look.mistrust}"
        for job in jobs:
            if job not in asked or results.reasons(job.result):
                told = self._do(job)
                if told:
                    return told
                for path in job.outputs.values():
                    results._looks.forget(path)
                results._reasons[job.result] = []
        return ""

    def _behind(self, results: Results, path: str) -> list[Job]:
        """The job that makes a file, and those before it."""
        needed: set[str] = set()
        pending = [path]
        while pending:
            job = results._jobs.get(pending.pop())
            if job is not None and job.result not in needed:
                needed.add(job.result)
                pending += results._read(job, whole=True)
        return [job for job in self.jobs if job.result in needed]

    def _do(self, job: Job) -> str:
        read = list(Results(PLAN)._read(job, whole=True))
        params = {"settings": job.identity, "roots": PLAN.run.roots, "tables": PLAN.schemas}
        given = SimpleNamespace(log=["job.log"], input=read, output=list(job.outputs.values()), params=params)
        for path in job.outputs.values():  # as Snakemake does
            shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink(missing_ok=True)
        try:
            with logged(given):
                for path in read:
                    READERS.get(Path(path).suffix, check_seal)(path)
                right = all(Path(path).read_bytes() == self.right[path] for path in read)
                for path in job.outputs.values():
                    with atomic(path) as temporary:
                        temporary.write_bytes(self.right[path] if right else WRONG)
        except SystemExit as ended:
            return str(ended)
        return ""

    def wrong(self) -> list[str]:
        """Results that are not those of an undisturbed run."""
        results = [path for job in self.jobs for path in job.outputs.values()]
        return [path for path in results if not Path(path).is_file() or Path(path).read_bytes() != self.right[path]]


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    with chdir(tmp_path_factory.mktemp("drill")):
        yield Drill()


def check_round(drill: Drill, seed: int) -> bool:
    """Disturb a study and let it go on, as its lines say until it is finished; whether any line was told."""
    drill.reset()
    chance = random.Random(seed)
    for _ in range(chance.randint(1, FAULTS)):
        disturb(chance, drill.right, drill.others)
    told = first = drill.go_on()
    for _ in range(40):
        written = [path for path in drill.right if Path(path).is_file() and Path(path).read_bytes() == WRONG]
        assert not written, (seed, told)
        if not told:
            break
        assert "\n" not in told
        named = [path for job in drill.jobs for path in job.outputs.values() if path in told]
        assert named, (seed, told)
        told = drill.go_on(max(named, key=len)) or drill.go_on()
    assert not told, (seed, told)
    assert drill.wrong() == [], seed
    return bool(first)


def test_an_undisturbed_study_is_finished(drill: Drill) -> None:
    assert drill.go_on() == ""
    assert drill.wrong() == []


@pytest.mark.parametrize(
    "rounds",
    [range(20), *(pytest.param(range(first, first + 60), marks=pytest.mark.full) for first in range(20, 260, 60))],
)
def test_disturbed_results_come_back_or_a_line_is_told(rounds: range, drill: Drill) -> None:
    told = [check_round(drill, seed) for seed in rounds]
    assert len(rounds) / 10 < sum(told) < len(rounds)


def test_the_drill_sees_a_wrong_result(drill: Drill, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the looks at places, contents and identities wrong results are written."""
    monkeypatch.setattr("prunescape.plan.staleness.is_edited", lambda path, found: False)
    monkeypatch.setattr("prunescape.io.files.check_seal", lambda path: None)
    monkeypatch.setattr("test_drill.check_seal", lambda path: None)
    with pytest.raises(AssertionError):
        assert [check_round(drill, seed) for seed in range(50)]
