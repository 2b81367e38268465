"""The results of a plan: which are there, which are those that are wanted, and why others are not."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from prunescape.errors import UserError
from prunescape.io.files import sha256, write_text
from prunescape.io.seals import Identity, notes_of, read_seal, seal, seal_text
from prunescape.plan.codes import Codes
from prunescape.plan.plan import Plan
from prunescape.plan.staleness import SealSummaries, Wanted, differences
from prunescape.plan.step import Job

MISSING = "it is missing"
ABOVE = "what it is made of is made again"


class Results:
    """The results of a plan, looked at as seldom as possible: one that is right stays so until it is gone."""

    def __init__(self, plan: Plan) -> None:
        """Take the results of a plan."""
        self.plan = plan
        self._codes = Codes(plan.run.results)
        self._looks = SealSummaries()
        self._reasons: dict[str, list[str]] = {}

    @cached_property
    def _jobs(self) -> dict[str, Job]:
        """The known jobs of the plan, by the files that they write."""
        jobs = [job for job in self.plan.jobs() if job.step.outputs]
        return {path: job for job in jobs for path in job.outputs.values()}

    def jobs(self) -> list[Job]:
        """The known jobs whose results are all there."""
        by_result = {job.result: job for job in self._jobs.values()}
        return [job for job in by_result.values() if all(Path(path).is_file() for path in job.outputs.values())]

    def refresh(self) -> None:
        """Look again at whatever was not right."""
        self._looks = SealSummaries()
        self._reasons = {path: told for path, told in self._reasons.items() if not told and Path(path).is_file()}

    def reasons(self, path: str) -> list[str]:
        """Why the job that writes a file would run, in words; empty where its results are right, or not of the plan."""
        job = self._jobs.get(path)
        if job is None:
            return []
        if job.result not in self._reasons:
            self._reasons[job.result] = []  # so that nothing goes round in a circle
            self._reasons[job.result] = self._why(job)
        return self._reasons[job.result]

    def _why(self, job: Job) -> list[str]:
        paths = list(job.outputs.values())
        if not all(Path(path).is_file() for path in paths):
            return [MISSING]
        return self._differences(job) or ([ABOVE] if any(map(self._is_made_again, self._read(job))) else [])

    def _is_made_again(self, path: str) -> bool:
        """Whether a file is going to be made again; one that is missing only if a target asks for it."""
        told = self.reasons(path)
        return bool(told) and (told != [MISSING] or not self._targets.isdisjoint(self._jobs[path].outputs.values()))

    @cached_property
    def _targets(self) -> set[str]:
        """The files that targets ask for."""
        plan = self.plan
        own = {
            *plan.main,
            *plan.hpspace.tiles_trained({}),
            *plan.hpspace.trained_again({}),
            *plan.export.files,
            *plan.export.provenance.files(),
        }
        return own.union(*(study.targets for study in plan.companions.values()))

    def _differences(self, job: Job, tells_accepted: bool = True) -> list[str]:
        wanted = self.wanted(job)
        wanted = wanted if tells_accepted else replace(wanted, upon=None)
        told = differences(job.outputs.values(), self._looks, wanted, self._codes.words)
        return list(dict.fromkeys(word for words in told.values() for word in words))

    def wanted(self, job: Job) -> Wanted:
        """The identity that the results of a job must have."""
        place, fixed = self.plan.run.place, set(self._read(job))
        inputs = {
            place(path): self._looks.content(path) if path in fixed else None for path in self._read(job, whole=True)
        }
        return Wanted(job.identity, inputs, self._notes(fixed) if job.step.tells_accepted else None)

    def _read(self, job: Job, whole: bool = False) -> Iterator[str]:
        """The files that a job reads; those whose content does not matter only as a `whole`."""
        try:
            read = job.step.reads(job.wildcards)
        except UserError:  # the plan of a round is damaged; whoever reads it tells
            return
        for name, of in read.items():
            if whole or not job.step.is_ancient(name):
                yield from [of] if isinstance(of, str) else of

    def accept(self, files: Iterable[str] = ()) -> list[str]:
        """Seal results that are there as those that are wanted; what was different is noted in their seals, for ever.

        Args:
            files: of which jobs; all that have all their results, where none are named.

        Returns:
            The notes, one a job that was not right.

        Raises:
            UserError: a result is damaged, or a file is none of the plan's.
        """
        named = {job.result for job in map(self._named, files)}
        return [note for job in self._in_order() if (note := self._accept(job, not named or job.result in named))]

    def _named(self, path: str) -> Job:
        job = self._jobs.get(path)
        if job is None or not all(Path(of).is_file() for of in job.outputs.values()):
            raise UserError(f"{path}: no finished result of this config; `snakemake explain` tells which are not right")
        return job

    def _in_order(self) -> list[Job]:
        """The known jobs whose results are all there, each after those that make what it reads."""
        ordered: dict[str, Job] = {}
        begun: set[str] = set()

        def visit(job: Job) -> None:
            if job.result not in begun:
                begun.add(job.result)
                for path in self._read(job):
                    if path in self._jobs:
                        visit(self._jobs[path])
                ordered[job.result] = job

        for job in self.jobs():
            visit(job)
        return [job for job in ordered.values() if all(Path(path).is_file() for path in job.outputs.values())]

    def _accept(self, job: Job, asked: bool) -> str | None:
        """Seal the results of a job as they are, if that was asked for; and tell them what was accepted before them."""
        upon = self._notes(self._read(job))
        if asked:
            for path in self._read(job):
                if read_seal(path) is None and Path(path).is_file():
                    self._seal(path, None)
        told = self._differences(job, tells_accepted=False) if asked else []
        note, wanted = f"{job.step.name}: {'; '.join(told)}", self.wanted(job)
        for path in job.outputs.values():
            found = read_seal(path)
            before = None if found is None else found.identity
            # What tells of accepted results is made again instead.
            now = list(before.upon if before else ()) if job.step.tells_accepted else upon
            if told:
                notes = [*(before.accepted if before else ()), note]
                self._seal(path, Identity(self.plan.run.place(path), wanted.settings, wanted.inputs, notes, now))
            elif before is not None and now != list(before.upon):
                self._seal(path, replace(before, upon=now))
        self._reasons.clear()
        return note if told else None

    def _seal(self, path: str, identity: Identity | None) -> None:
        found, checksum = read_seal(path), sha256(path)
        if found is not None and found.checksum != checksum:
            raise UserError(
                f"{path}: damaged, or changed by hand; make it anew by itself, `snakemake --force {path}`, or delete"
                f" its hidden file {seal(path)} to accept it as it is"
            )
        write_text(seal(path), seal_text(Path(path).name, checksum, identity))
        self._looks.forget(path)

    def _notes(self, paths: Iterable[str]) -> list[str]:
        return notes_of(map(read_seal, paths))
