"""Confirmation in the plan: its rounds, and the trainings that each round looks at."""

import json
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.errors import UserError, user_message
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.hpspace.questions import (
    FINALISTS,
    FRESH_SEEDS,
    LANES,
    STAGE_OF_FINALISTS,
    Rules,
    is_asked,
    seed_of,
    settings_of,
)
from prunescape.io.files import read_json, remedy
from prunescape.plan.cost import training_flops
from prunescape.plan.networks import Networks
from prunescape.plan.run import Run
from prunescape.plan.step import Files, Job, Sizes, Step, Wildcards
from prunescape.studies.hpspace import STUDY
from prunescape.training.strategy import SERIAL
from prunescape.variant import Variant

SEEDS_A_JOB = 5  # the first look's; each later one has a multiple of it
FILES = {"table": "csv", "images": "images.csv", "timing": "timing.csv"}


@dataclass(frozen=True, eq=False)
class Confirmation:
    """The rounds of confirmation of a run, and their trainings.

    Attributes:
        run, networks: of the run.
        folder: of the main job's results.
    """

    run: Run
    networks: Networks
    folder: str

    @property
    def rules(self) -> Rules:
        """The rules by which questions are answered."""
        section = self.run.config.verdict.plain(
            "margin", "level", "power", "least_skill", "confirm", "policy", "count_collapsed"
        )
        networks = sum(len(self.networks.pruned(model)) for model in self.run.models)
        return Rules(**section, networks=networks, risk_roi=self.run.config.analysis.risk_roi)

    @property
    def last(self) -> int:
        """The number of the last round: the choice of finalists alone, or one round and the looks after it."""
        return 1 + len(self.rules.looks) if self.rules.looks else 0

    @property
    def pattern(self) -> str:
        """The file of a round, a pattern."""
        return f"{self.folder}/confirmation/{{model}}/round-{{round}}.json"

    def rounds(self, model: str, last: int) -> list[str]:
        """The files of rounds 0 to `last`."""
        return [self.pattern.format(model=model, round=number) for number in range(last + 1)]

    @property
    def answers(self) -> list[str]:
        """The last rounds of all models, from which the answers are read."""
        return [self.rounds(model, self.last)[-1] for model in self.run.models]

    @property
    def plan_files(self) -> list[str]:
        """The files of all rounds: all are asked for, or another number of seeds would find nothing to do."""
        return [path for model in self.run.models for path in self.rounds(model, self.last)]

    def known(self, model: str) -> int:
        """The number of rounds that have been planned so far, of the networks that there are now, and are whole."""
        number = 0
        with suppress(UserError):  # a damaged one is planned anew, and whoever reads it tells
            while number <= self.last and self._read(model, number) is not None:
                number += 1
        return number

    def entries(self, model: str, number: int) -> dict[str, Any]:
        """A round that has been planned, by variant.

        Raises:
            UserError: it is missing or damaged.
        """
        entries = self._read(model, number)
        if entries is None:
            path = self.pattern.format(model=model, round=number)
            what = f"no round of the networks of {model}" if Path(path).exists() else "no such file"
            raise UserError(f"{path}: {what}; {remedy(path)}")
        return entries

    def _read(self, model: str, number: int) -> dict[str, Any] | None:
        """A round; None where it has not been planned, or was for other networks."""
        path = self.pattern.format(model=model, round=number)
        try:
            found = Path(path).stat()
        except OSError:
            return None
        entries = _entries(path, found.st_mtime_ns, found.st_size)
        names = {variant.name for variant in self.networks.variants(model)}
        alike = isinstance(entries, dict) and set(entries) == names
        return entries if alike and all("stage" in entry for entry in entries.values()) else None

    def asked(self, model: str, number: int) -> list[str]:
        """The networks, by variant, whose questions are open after a round, so that the next one looks at them."""
        return [name for name, entry in self.entries(model, number).items() if is_asked(entry)]

    # Trainings.

    def jobs_of(self, model: str, number: int) -> list[dict[str, str]]:
        """The wildcards of the trainings that a round looks at; the round before it has been planned."""
        if number == 0:
            return []
        jobs: list[dict[str, str]] = []
        for name, entry in self.entries(model, number - 1).items():
            variant = self.networks.variant(model, name)
            if number == 1:
                jobs += self._blocks(model, variant, entry["stage"], FRESH_SEEDS)
            elif is_asked(entry):
                jobs += self._blocks(model, variant, entry["stage"], self.rules.looks[number - 2])
        return jobs

    def _blocks(self, model: str, variant: Variant, stage: str, seeds: int) -> Iterator[dict[str, str]]:
        blocks = seeds // self.seeds_a_job(variant)
        return (
            {"model": model, "variant": variant.name, "stage": stage, "block": str(block)} for block in range(blocks)
        )

    def seeds_a_job(self, variant: Variant) -> int:
        """Seeds that one job trains: one of networks that differ from seed to seed, or where jobs explore few cells.

        Such jobs are chosen for networks that train for long, and seeds by themselves are trained side by side.
        """
        few = Lattice.of(self.run.config, self.run.models[0]).cells_a_job < SEEDS_A_JOB
        return 1 if variant.at_init or few else SEEDS_A_JOB

    def seeds(self, wildcards: Wildcards) -> list[int]:
        """The seeds of a job."""
        model, name, stage = (wildcards[of] for of in ("model", "variant", "stage"))
        size = self.seeds_a_job(self.networks.variant(model, name))
        first = int(wildcards["block"]) * size
        return [seed_of(model, name, stage, number) for number in range(first, first + size)]

    def _first_seed(self, wildcards: Wildcards) -> int:
        """The seed by which a job is told, and that of its network; one of no round of this plan is refused."""
        seed: int = self.trainings(wildcards)[0]["seed"]
        return seed

    def prunings(self) -> Iterator[Job]:
        """The prunings of networks that differ from seed to seed, with the seeds of the trainings known so far."""
        for job in self.jobs():
            if self.networks.variant(job["model"], job["variant"]).at_init:
                for seed in self.seeds(job):
                    where = {"model": job["model"], "pruned": job["variant"], "seed": str(seed)}
                    yield Job(self.networks.prune_initial, where)

    def trainings(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """The seeds of a job, each with the settings that it trains at.

        Raises:
            UserError: the round that says so is missing or damaged, or is of another generation.
        """
        model, name, stage = (wildcards[of] for of in ("model", "variant", "stage"))
        of_finals = stage.startswith(STAGE_OF_FINALISTS)
        number = 0 if of_finals else 1
        entry, lattice = self.entries(model, number)[name], Lattice.of(self.run.config, model)
        if entry.get("stage") != stage:
            path = self.pattern.format(model=model, round=number)
            raise UserError(f"{path}: {name} is in {entry.get('stage')} now, not in {stage}; ask for a target instead")

        def settings(seed: int) -> dict[str, Cell]:
            if of_finals:
                return {f"finalist-{place}": Cell(*cell) for place, cell in enumerate(entry["finalists"], 1)}
            return settings_of(entry, seed)

        return [
            {
                "seed": seed,
                "settings": {name: {**cell._asdict(), **lattice.named(cell)} for name, cell in settings(seed).items()},
            }
            for seed in self.seeds(wildcards)
        ]

    def inputs(self, wildcards: Wildcards) -> Files:
        """The files that a job reads."""
        networks = self.networks
        first = {**{name: wildcards[name] for name in ("model", "variant")}, "seed": self._first_seed(wildcards)}
        network = {**networks.checked(wildcards), **networks.to_train(first)}
        return {**network, **networks.chosen_strategy(), "data": self.run.meta}

    def _values(self, wildcards: Wildcards) -> dict[str, Any]:
        run, model = self.run, wildcards["model"]
        variant = self.networks.variant(model, wildcards["variant"])
        return {
            "trainings": self.trainings(wildcards),
            **({"fixed": run.fixed(model)} if run.fixed(model) else {}),
            **self.networks.training(variant).values,
            "variant": variant.row(),
            "engine": run.engine(),
            "seed": self._first_seed(wildcards),
        }

    def cells(self, wildcards: Wildcards) -> list[Cell]:
        """The cells that a job trains, once for each seed; settings that are the same cell share a training."""
        return [
            cell
            for of in self.trainings(wildcards)
            for cell in dict.fromkeys(Cell(place["i"], place["j"]) for place in of["settings"].values())
        ]

    def _passes(self, wildcards: Wildcards, sizes: Sizes) -> int:
        model = wildcards["model"]
        recipe = self.networks.training(self.networks.variant(model, wildcards["variant"])).recipe
        values = map(Lattice.of(self.run.config, model).named, self.cells(wildcards))
        return sum(training_flops(1, 1, sizes, recipe, of.get("epochs")) for of in values)

    def _held(self, wildcards: Wildcards) -> int:  # noqa: ARG002 - all jobs are alike
        engine = self.run.config.engine
        return self.run.held(1, 1 if engine.strategy == SERIAL else min(engine.lanes or LANES, LANES))

    @cached_property
    def train(self) -> Step:
        """The step that trains a network with fresh seeds at the settings that were chosen for it."""
        path = f"{self.folder}/confirmation/{{model}}/{{variant}}/{{stage}}/{{block}}"
        return self.run.step(
            STUDY.name,
            "train_again",
            {name: f"{path}.{suffix}" for name, suffix in FILES.items()},
            self.jobs,
            inputs=self.inputs,
            values=self._values,
            sources=self.run.builder,
            checkpoint="",
            networks=lambda wildcards: len(self.cells(wildcards)),
            held=self._held,
            passes=self._passes,
            **self.run.of_many,
        )

    def jobs(self) -> list[dict[str, str]]:
        """The trainings that are known so far, each once."""
        known = [
            job
            for model in self.run.models
            for number in range(1, min(self.known(model), self.last) + 1)
            for job in self.jobs_of(model, number)
        ]
        return list({tuple(job.values()): job for job in known}.values())

    def files(self, name: str, jobs: list[dict[str, str]]) -> list[str]:
        """Files of trainings, by the name of an output."""
        return [self.train.outputs[name].format(**job) for job in jobs]

    # Rounds.

    @cached_property
    def plan(self) -> Step:
        """The step that plans a round."""

        def jobs() -> list[dict[str, str]]:
            """The rounds that have been planned, and the next one."""
            return [
                {"model": model, "round": str(number)}
                for model in self.run.models
                for number in range(min(self.known(model), self.last) + 1)
            ]

        def inputs(wildcards: Wildcards) -> Files:
            model, number = wildcards["model"], int(wildcards["round"])
            read: dict[str, str | list[str]] = {"cells": f"{self.folder}/cells.csv", "data": self.run.meta}
            read |= {"stopped": f"{self.folder}/stopped.csv"} if self.run.is_adaptive else {}
            if number:
                trained = self.jobs_of(model, number)
                read |= {"before": self.pattern.format(model=model, round=number - 1)}
                read |= {"tables": self.files("table", trained), "images": self.files("images", trained)}
            return read

        rules = {name: value for name, value in asdict(self.rules).items() if name != "confirm"}
        return self.run.step(
            STUDY.name,
            "plan_confirmation",
            {"plan": self.pattern},
            jobs,
            inputs=inputs,
            awaits=lambda wildcards: self.awaited([wildcards["model"]], int(wildcards["round"]) - 1),
            # However many seeds may be used, a round says the same.
            values=lambda wildcards: {
                "rules": {**rules, "confirm": self._seeds(int(wildcards["round"]))},
                **self.run.axes,
                **({"space": self.run.space(wildcards["model"])} if self.run.is_adaptive else {}),
            },
        )

    def _seeds(self, number: int) -> int | None:
        return self.rules.looks[number - 2] if number > 1 else None

    def awaited(self, models: list[str], last: int) -> list[tuple[str, dict[str, str]]]:
        """The checkpoints, by name and wildcards, that must be there before what follows round `last` is known."""
        return [
            ("plan_confirmation", {"model": model, "round": str(number)})
            for model in models
            for number in range(last + 1)
        ]


@lru_cache(maxsize=1024)
def _entries(path: str, changed: int, size: int) -> Any:  # noqa: ARG001 - they tell whether it must be read again
    try:
        return read_json(path)
    except OSError as error:  # a folder in its place; what Snakemake asks while it plans must end in a line
        raise UserError(user_message(error) or f"{path}: {error}") from None


class Fresh(NamedTuple):
    """Trainings with fresh seeds that a network takes: known ones, and those that answers may ask for.

    Attributes:
        finalists: trainings of the cells among which is chosen.
        least, most: those of the looks, if all questions are answered as early, or as late, as can be.
        settings: that are trained with a seed, at most.
    """

    finalists: int
    least: int
    most: int
    settings: int


def fresh_trainings(confirmation: Confirmation, model: str, variant: Variant, known: int) -> Fresh:
    """The fewest and the most trainings with fresh seeds that a network takes.

    Args:
        confirmation: of the run, in which anything is confirmed.
        model, variant: the network.
        known: rounds that have been planned, see `Confirmation.known`.
    """
    looks, size = confirmation.rules.looks, Lattice.of(confirmation.run.config, model).size
    chosen = confirmation.entries(model, 0)[variant.name]["finalists"] if known else range(math.prod(size))
    finals = min(FINALISTS, len(chosen))
    if variant.is_dense:
        return Fresh(FRESH_SEEDS * finals, 0, 0, finals)
    settings = 1 + len(confirmation.rules.questions)
    if known < 2:  # where all settings are one cell, nothing is tested
        return Fresh(FRESH_SEEDS * finals, 0, settings * looks[-1], max(finals, settings))
    last = min(known, confirmation.last)
    settings = len({json.dumps(cell) for cell in confirmation.entries(model, 1)[variant.name]["settings"].values()})
    asked = [number for number in range(1, last) if variant.name in confirmation.asked(model, number)]
    least = looks[asked[-1] - 1] if asked else 0
    most = looks[-1] if asked and asked[-1] == last - 1 else least
    return Fresh(FRESH_SEEDS * finals, settings * least, settings * most, max(finals, settings))
