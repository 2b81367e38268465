"""What Snakemake asks its metadata is answered by the seals of results; with doubles of its class and of its jobs."""

import asyncio
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from prunescape.io.files import sha256, write_json, write_text
from prunescape.io.seals import Identity, seal, seal_text
from prunescape.plan.metadata import BySeals

ROOTS = ["results/x"]
MADE, READ, CHECK = "results/x/made.json", "results/x/read.json", "results/x/check.json"


class Recorded:
    """Snakemake's class, which has recorded nothing."""

    def __init__(self) -> None:
        self.dag = SimpleNamespace(
            jobs=[], ignore_incomplete=False, forcerules=[], forcefiles=set(), workflow=SimpleNamespace(touch=False)
        )
        self.told: list[str] = []

    async def incomplete(self, job: Any) -> list[Any]:
        return []

    async def finished(self, job: Any) -> None:
        self.told.append("finished")

    def has_metadata(self, job: Any) -> bool:
        return False

    def params_changed(self, job: Any, file: Any = None) -> str:
        return "recorded"

    def input_checksums(self, job: Any, path: str) -> set[str]:
        return {"recorded"}


class Asked(BySeals, Recorded):
    """The two together, as the workflow makes them."""


class File(str):
    """A file as Snakemake has it."""

    is_ancient = False


class Known(SimpleNamespace):
    """A job, which is equal to itself alone."""

    __hash__ = object.__hash__
    __eq__ = object.__eq__


class Params(SimpleNamespace):
    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)


def job(persistence: Asked, **settings: Any) -> Any:
    params = Params(settings=settings, roots=ROOTS)
    check = File(CHECK)
    check.is_ancient = True
    made = Known(rule=SimpleNamespace(params=params), params=params, output=[File(MADE)], input=[])
    made.input = [File(READ), check]
    persistence.dag.jobs.append(made)
    return made


@pytest.fixture
def asked(tmp_path: Path):
    """Of a folder with a result of the settings `a: 1`, made of one file, and of a check that has changed since."""
    with chdir(tmp_path):
        write_json(READ, {"read": 1})
        write_json(CHECK, {"checked": 1})
        write_json(MADE, {"made": 1})
        inputs = {"read.json": sha256(READ)[:16], "check.json": "0" * 16}
        write_text(seal(MADE), seal_text("made.json", sha256(MADE), Identity("made.json", {"a": 1}, inputs)))
        yield Asked()


def test_a_right_result_is_right_whatever_was_recorded(asked: Asked) -> None:
    given = job(asked, a=1)
    assert not asked.params_changed(given)
    assert asked.has_metadata(given)
    assert not list(asked.input_changed(given)) + list(asked.software_stack_changed(given))
    assert asked.input_checksums(given, File(READ)) == {f"sha256:{sha256(READ)}"}
    asyncio.run(asked.incomplete(given))


def test_the_reason_is_told_in_words(asked: Asked) -> None:
    changed = asked.params_changed(job(asked, a=2))
    assert changed
    assert str(changed) == "a: 1, now 2"
    assert list(changed) == [MADE]


def test_another_content_of_an_input_is_seen_and_its_time_is_not(asked: Asked) -> None:
    given = job(asked, a=1)
    write_json(READ, {"read": 2})
    asked.looks.forget(READ)
    assert str(asked.params_changed(given)) == "read.json: has another content"
    assert asked.input_checksums(given, File(READ)) == set()


def test_a_result_without_identity_stops_the_run(asked: Asked) -> None:
    given = job(asked, a=1)
    seal(MADE).unlink()
    with pytest.raises(
        SystemExit, match=r"made\.json has no identity: .*`snakemake accept`.*`snakemake --forcerun FILE`"
    ):
        asyncio.run(asked.incomplete(given))
    with pytest.raises(SystemExit, match="has no identity"):
        asked.has_metadata(given)
    asked.dag.forcefiles = {MADE}  # as the line says
    asyncio.run(asked.incomplete(given))
    Path(MADE).unlink()
    asked.dag.forcefiles = set()
    asyncio.run(asked.incomplete(given))  # it is made again in any case


def test_what_another_job_has_written_meanwhile_is_not_gone_on_with(asked: Asked) -> None:
    asyncio.run(asked.finished(job(asked, a=1)))
    with pytest.raises(Exception, match=r"made\.json: another job has written it while this one ran \(a: 1, now 2\)"):
        asyncio.run(asked.finished(job(asked, a=2)))
    asked.dag.workflow.touch = True  # which writes nothing
    asyncio.run(asked.finished(job(asked, a=2)))
    assert asked.told == ["finished"] * 3


def test_jobs_of_another_workflow_are_left_to_snakemake(asked: Asked) -> None:
    given = Known(rule=SimpleNamespace(params=SimpleNamespace()), output=[File(MADE)])
    assert asked.params_changed(given) == "recorded"
    assert not asked.has_metadata(given)
    assert asked.input_checksums(given, READ) == {"recorded"}
