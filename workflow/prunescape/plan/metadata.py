"""Answers from the seals of results to what Snakemake asks its metadata.

Snakemake keeps what results were made with in `.snakemake/metadata`, away from them: a result that was copied, moved or
finished without it is taken for right. So the class in which it keeps that is extended here: of the jobs of the plan it
asks the seals beside their results whether they are stale.
"""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from prunescape.io.files import remedy
from prunescape.io.seals import WITHOUT, notes_of, place_of, read_seal
from prunescape.plan.staleness import SealSummaries, Wanted, differences

# Snakemake's checkpoints of this process by the names that they have here, whatever another workflow calls them.
CHECKPOINTS: dict[str, Any] = {}
KINDS = ("FilePersistence", "DbPersistence")  # Snakemake's classes
ACCEPT = "`snakemake accept` takes what is there as it is, `snakemake --forcerun FILE` makes one anew"


def ask_seals(workflow: Any) -> None:
    """Have Snakemake ask the seals; only where it plans, as the jobs themselves plan nothing."""
    if not workflow.is_main_process:
        return
    import snakemake.workflow as host

    for name in KINDS:
        kind = getattr(host, name, None)
        if kind is None:
            sys.exit("prunescape: this version of Snakemake is not known here; install that of requirements.txt")
        if not issubclass(kind, BySeals):
            setattr(host, name, type(name, (BySeals, kind), {}))
    from snakemake.dag import DAG

    if DAG.bfs is not _followed:
        setattr(DAG, "bfs", _followed)  # noqa: B010 - mypy takes an assignment for a mistake


def _followed(
    dag: Any, direction: Mapping[Any, Mapping[Any, Any]], *jobs: Any, stop: Callable[[Any], bool] = lambda job: False
) -> Iterator[Any]:
    """Jobs that are reached from some, nearest first, in the place of a method of Snakemake's graph.

    Snakemake does not ask of jobs behind one that will run whether they are stale: it takes for granted that they will
    run, too. Those that only read an ancient file of it, as of a check, will not, and stale ones would be missed; so
    these are not followed.
    """
    waiting, seen = deque(jobs), set(jobs)
    while waiting:
        job = waiting.popleft()
        if stop(job):
            continue
        yield job
        for other, files in direction[job].items():
            ancient = direction is dag.depending and all(file.is_ancient and Path(file).exists() for file in files)
            if other not in seen and not ancient:
                seen.add(other)
                waiting.append(other)


def _changes(words: Sequence[str], files: Sequence[str]) -> Any:
    """Changes as Snakemake has them, which it shows as the reason of a job."""
    from snakemake.persistence import ParamsChange

    class Changes(ParamsChange):
        def __str__(self) -> str:
            return "; ".join(words)

    return Changes(only_new=set(words), files=set(files))


def _is_ours(job: Any) -> bool:
    """Whether a job's results have identities: those of this workflow, also where another one has taken it in."""
    return hasattr(job.rule.params, "settings") and hasattr(job.rule.params, "roots")


class BySeals:
    """Snakemake's metadata, with the seals of results in place of what was recorded of our jobs."""

    dag: Any

    @cached_property
    def looks(self) -> SealSummaries:
        """Seals of files, as this process knows them."""
        return SealSummaries()

    @cached_property
    def _trusted(self) -> set[str]:
        """First results of the jobs whose results are what they say: Snakemake asks thrice."""
        return set()

    @cached_property
    def _told(self) -> dict[tuple[Any, tuple[str, ...]], Any]:
        """The answers on jobs and their results so far: Snakemake asks twice until one of them has run."""
        return {}

    async def incomplete(self, job: Any) -> list[Any]:
        """The files of a job that was killed. It is asked of every job, hence what has no identity is told here."""
        if _is_ours(job) and self._mistrusted(job):
            self._stop()
        files: list[Any] = await super().incomplete(job)  # type: ignore[misc]
        return files

    def has_metadata(self, job: Any) -> bool:
        """Whether the settings are known with which a job's results were made."""
        if not _is_ours(job):
            return bool(super().has_metadata(job))  # type: ignore[misc]
        if self._mistrusted(job) and not self.dag.ignore_incomplete:
            self._stop()
        return True

    def has_outdated_metadata(self, job: Any) -> bool:
        """Whether the metadata were recorded by an older Snakemake."""
        return not _is_ours(job) and bool(super().has_outdated_metadata(job))  # type: ignore[misc]

    def params_changed(self, job: Any, file: Any = None) -> Any:
        """Whether a job's results are others than those that are wanted: the reason, in words."""
        if not _is_ours(job):
            return super().params_changed(job, file)  # type: ignore[misc]
        paths = tuple(str(path) for path in ([file] if file is not None else job.output))
        if (job, paths) not in self._told:
            self._told[job, paths] = self._changed(job, paths)
        return self._told[job, paths]

    def input_changed(self, job: Any, file: Any = None) -> Any:
        """Files for which other inputs were recorded; of our jobs `params_changed` tells."""
        if not _is_ours(job):
            return super().input_changed(job, file)  # type: ignore[misc]
        return iter(()) if file is None else False

    def software_stack_changed(self, job: Any, file: Any = None) -> Any:
        """Files for which another environment was recorded; of our jobs the versions of libraries count instead."""
        if not _is_ours(job):
            return super().software_stack_changed(job, file)  # type: ignore[misc]
        return iter(()) if file is None else False

    def input_checksums(self, job: Any, input_path: Any) -> set[str]:
        """The checksum with which a job has read a file, which Snakemake compares where the file is the newer one."""
        if not _is_ours(job):
            found: set[str] = super().input_checksums(job, input_path)  # type: ignore[misc]
            return found
        now, path = read_seal(input_path), str(input_path)
        if now is None or self._recorded(job).get(place_of(path, job.params.roots)) != now.content:
            return set()
        return {f"sha256:{now.checksum}"}

    async def finished(self, job: Any) -> None:
        """Record that a job has finished; what it made must be what was wanted when it started."""
        await super().finished(job)  # type: ignore[misc]
        if not _is_ours(job):
            return
        self._told.clear()
        self._trusted.discard(str(job.output[0]))
        for path in job.output:
            self.looks.forget(str(path))
        if not self.dag.workflow.touch and all(Path(path).exists() for path in job.output):
            changed = self._changed(job, [str(path) for path in job.output])
            if changed:
                from snakemake_interface_common.exceptions import WorkflowError

                raise WorkflowError(
                    f"prunescape: {job.output[0]}: another job has written it while this one ran ({changed}); go on"
                    " with the same command"
                )

    def _recorded(self, job: Any) -> Mapping[str, str | None]:
        """The inputs in the identity of a job's first result."""
        look = self.looks[str(job.output[0])]
        return {} if look is None else look.inputs

    def _changed(self, job: Any, paths: Sequence[str]) -> Any:
        params = job.params
        roots = params.roots
        inputs = {
            place_of(str(path), roots): None if path.is_ancient else self.looks.content(str(path)) for path in job.input
        }
        tells_accepted = params.get("tells_accepted", False)
        upon = notes_of(read_seal(path) for path in job.input if not path.is_ancient) if tells_accepted else None
        from snakemake.persistence import NO_PARAMS_CHANGE

        there = filter(os.path.exists, paths)  # what is missing is made in any case
        told = differences(there, self.looks, Wanted(params.settings, inputs, upon))
        words = dict.fromkeys(word for of in told.values() for word in of)
        return _changes(list(words), list(told)) if told else NO_PARAMS_CHANGE

    def _mistrusted(self, job: Any) -> dict[str, str]:
        """The results of a finished job that have no identity, or are not what was written, and why."""
        paths = [str(path) for path in job.output]
        if paths[0] in self._trusted:
            return {}
        found = {}
        for path in paths:
            if not os.path.exists(path):  # noqa: PTH110 - tens of thousands
                return {}  # it is made again in any case
            look = self.looks[path]
            if reason := WITHOUT if look is None else look.mistrust:
                found[path] = reason
        if not found:
            self._trusted.add(paths[0])
        return {} if self._is_forced(job) else found

    def _is_forced(self, job: Any) -> bool:
        dag = self.dag
        return job.rule in dag.forcerules or not dag.forcefiles.isdisjoint(job.output)

    def _stop(self) -> None:
        found = {path: why for job in self.dag.jobs if _is_ours(job) for path, why in self._mistrusted(job).items()}
        first, why = next(iter(found.items()))
        others = f" (and {len(found) - 1:,} other results)" if len(found) > 1 else ""
        sys.exit(f"prunescape: {first}{others} {why}; {ACCEPT if why == WITHOUT else remedy(first)}")
