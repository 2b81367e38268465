"""The main job: its tiles, and the tables, figures and pages that follow from them."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.errors import UserError
from prunescape.hpspace.lattice import CELL_SEED, NEVER, PER_CELL, ROUND, Cell, Lattice, cell_seed
from prunescape.io.files import read_json, remedy
from prunescape.plan.confirmation import Confirmation
from prunescape.plan.cost import training_flops
from prunescape.plan.step import Awaits, Sizes, Step, Wildcards, combinations
from prunescape.plan.study import Planned
from prunescape.studies.hpspace import STUDY, tables_of
from prunescape.studies.study import Figure, Table
from prunescape.training.strategy import SERIAL
from prunescape.variant import DENSE

VERDICT = {"json": "json", "text": "txt", "page": "html"}
# Files of all tiles that are known, by their suffixes.
OF_TILES = {"tables": ".csv", "timing": ".timing.csv", "histories": ".history.csv"}
# Files of all trainings with fresh seeds that are known, by their outputs' names.
OF_AGAIN = {"again": "table", "again_images": "images", "again_timing": "timing"}


@dataclass(frozen=True, eq=False)
class Hpspace(Planned):
    """The main job of a run: its steps."""

    study = STUDY

    @property
    def seeds(self) -> list[int]:
        """The seeds that explore the grid."""
        return self.run.explored

    @property
    def tile(self) -> str:
        """The files of a tile, or of a batch of cells that is trained in its place, without their suffix, a pattern."""
        if self.run.is_adaptive:
            return f"{self.folder}/batches/{{model}}/{{variant}}/seed-{{seed}}/{{round}}"
        return f"{self.folder}/tiles/{{model}}/{{variant}}/seed-{{seed}}/{{i}}_{{j}}"

    @property
    def extension(self) -> str:
        """The tiles that a round of extension adds, a pattern."""
        return f"{self.folder}/extension/{{model}}/round-{{round}}.json"

    @property
    def exploration(self) -> str:
        """The batches that a round of adaptive exploration adds, a pattern."""
        return f"{self.folder}/exploration/{{model}}/round-{{round}}.json"

    # Tiles.

    @property
    def rounds(self) -> int:
        """The most rounds after the first, in which the grid is extended, or batches are added."""
        explored = self.run.config.exploration
        return explored.trainings // explored.batch - 1 if self.run.is_adaptive else self.run.config.extension.rounds

    def plans(self, model: str, rounds: int) -> list[str]:
        """The plans of the rounds 1 to `rounds`."""
        pattern = self.exploration if self.run.is_adaptive else self.extension
        return [pattern.format(model=model, round=number) for number in range(1, rounds + 1)]

    def tiles(self, model: str, rounds: int) -> list[Cell]:
        """First cells of the tiles of a model's grid after some rounds of extension, which must have been planned.

        Raises:
            UserError: the plan of a round is missing or damaged.
        """
        tiles = Lattice.of(self.run.config, model).initial_tiles()
        for path in self.plans(model, rounds):
            tiles += read_plan(path)
        return tiles

    def planned_rounds(self, model: str) -> int:
        """Number of rounds after the first that have been planned so far."""
        plans = self.plans(model, self.rounds)
        return next((number for number, path in enumerate(plans) if not Path(path).is_file()), len(plans))

    def batch(self, model: str, variant: str, number: int) -> dict[int, list[Cell]]:
        """The cells that a round trains, by seed.

        Raises:
            UserError: its plan is missing or damaged.
        """
        if number == 0:
            lattice = Lattice.of(self.run.config, model)
            return {self.run.explored[0]: lattice.fill(self.run.config.exploration.batch)}
        batch: dict[int, list[Cell]] = {}
        for seed, cell in self._planned(model, variant, number).trainings:
            batch.setdefault(seed, []).append(cell)
        return batch

    def stops(self, model: str, variant: str, number: int) -> dict[str, Any]:
        """When the trainings of a round's batch are stopped; those of the first one never are.

        Raises:
            UserError: its plan is missing or damaged.
        """
        return dict(self._planned(model, variant, number).stops if number else NEVER)

    def _planned(self, model: str, variant: str, number: int) -> "Batch":
        path = self.exploration.format(model=model, round=number)
        try:
            found = Path(path).stat()
        except OSError:
            raise UserError(f"{path}: no such file; {remedy(path)}") from None
        return _batches(path, found.st_mtime_ns, found.st_size).get(variant, Batch([], NEVER))

    def tile_jobs(self, model: str, rounds: int) -> list[dict[str, str]]:
        """The wildcards of all training jobs of a model after some rounds."""
        if self.run.is_adaptive:
            return [
                {"model": model, "variant": variant.name, "seed": str(seed), "round": str(number)}
                for variant in self.networks.variants(model)
                for number in range(rounds + 1)
                for seed in self.batch(model, variant.name, number)
            ]
        tiles = self.tiles(model, rounds)
        return [
            {"model": model, "variant": variant.name, "seed": str(seed), "i": str(tile.i), "j": str(tile.j)}
            for variant in self.networks.variants(model)
            for seed in self.run.explored
            for tile in tiles
        ]

    def tile_files(self, model: str, rounds: int, suffix: str = ".csv") -> list[str]:
        """The files of all tiles of a model after some rounds of extension."""
        return [self.tile.format(**wildcards) + suffix for wildcards in self.tile_jobs(model, rounds)]

    def cells(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """Coordinates and hyperparameters of the cells of a tile or batch.

        Raises:
            UserError: the round that says so is missing or damaged, or has no such batch.
        """
        lattice = Lattice.of(self.run.config, wildcards["model"])
        if self.run.is_adaptive:
            number, seed = int(wildcards["round"]), int(wildcards["seed"])
            cells = self.batch(wildcards["model"], wildcards["variant"], number).get(seed, [])
            if not cells:
                path = self.exploration.format(model=wildcards["model"], round=number)
                what = f"no batch of {wildcards['variant']} with seed {seed}"
                raise UserError(f"{path}: {what}; ask for a target instead")
        else:
            cells = lattice.cells(Cell(int(wildcards["i"]), int(wildcards["j"])))
        own = [{CELL_SEED: cell_seed(int(wildcards["seed"]), *cell)} if lattice.apart else {} for cell in cells]
        return [{**cell._asdict(), **lattice.named(cell), **seed} for cell, seed in zip(cells, own, strict=True)]

    def tile_inputs(self, wildcards: Wildcards) -> dict[str, str]:
        """Files that a training job reads."""
        networks = self.networks
        network = {**networks.checked(wildcards), **networks.to_train(wildcards)}
        return {**network, **networks.chosen_strategy(), "data": self.run.meta}

    def _tile_values(self, wildcards: Wildcards) -> dict[str, Any]:
        run, model = self.run, wildcards["model"]
        variant = self.networks.variant(model, wildcards["variant"])
        return {
            "cells": self.cells(wildcards),
            **({"fixed": run.fixed(model)} if run.fixed(model) else {}),
            **self.networks.training(variant).values,
            "variant": variant.row(),
            "engine": run.engine(),
            "seed": int(wildcards["seed"]),
            **({"stops": self.stops(model, variant.name, int(wildcards["round"]))} if run.is_adaptive else {}),
        }

    def _tile_passes(self, wildcards: Wildcards, sizes: Sizes) -> int:
        variant = self.networks.variant(wildcards["model"], wildcards["variant"])
        recipe = self.networks.training(variant).recipe
        return sum(training_flops(1, 1, sizes, recipe, cell.get("epochs")) for cell in self.cells(wildcards))

    def _held(self, wildcards: Wildcards) -> int:
        """Networks that the training of a tile holds at once; all that can be one array, where that is measured."""
        run, cells = self.run, len(self.cells(wildcards))
        engine, lattice = run.config.engine, Lattice.of(run.config, wildcards["model"])
        lanes = 1 if engine.strategy == SERIAL or lattice.apart else engine.lanes or lattice.alike
        return run.held(cells, lanes)

    @cached_property
    def train_tile(self) -> Step:
        """The step that trains the cells of a tile."""
        return self.step(
            "train_tile",
            {"table": f"{self.tile}.csv", "history": f"{self.tile}.history.csv", "timing": f"{self.tile}.timing.csv"},
            lambda: [job for model in self.run.models for job in self.tile_jobs(model, self.planned_rounds(model))],
            inputs=self.tile_inputs,
            values=self._tile_values,
            sources=self.run.builder,
            checkpoint="",
            networks=lambda wildcards: len(self.cells(wildcards)),
            held=self._held,
            passes=self._tile_passes,
            **self.run.of_many,
        )

    def _round(
        self,
        name: str,
        plan: str,
        is_used: bool,
        values: Callable[[Wildcards], dict[str, Any]],
        has_histories: bool = False,
    ) -> Step:
        """A step that plans a round after the first.

        Args:
            name: of the step.
            plan: the round's file, a pattern.
            is_used: whether this run explores so.
            values: settings that the plans depend on.
            has_histories: whether it reads the epochs of trainings, too.
        """

        def jobs() -> list[dict[str, str]]:
            """The rounds that have been planned, and the next one."""
            return [
                {"model": model, "round": str(number)}
                for model in (self.run.models if is_used else [])
                for number in range(1, min(self.planned_rounds(model) + 1, self.rounds) + 1)
            ]

        def inputs(wildcards: Wildcards) -> dict[str, str | list[str]]:
            model, before = wildcards["model"], int(wildcards["round"]) - 1
            read: dict[str, str | list[str]] = {
                "plans": self.plans(model, before),
                "tables": self.tile_files(model, before),
            }
            return read | (
                {"histories": self.tile_files(model, before, OF_TILES["histories"])} if has_histories else {}
            )

        return self.step(name, {"plan": plan}, jobs, inputs=inputs, awaits=self.rounds_before, values=values)

    @cached_property
    def extend_grid(self) -> Step:
        """The step that plans a round of extension."""
        run = self.run
        extension = {key: value for key, value in run.config.extension.plain().items() if key != "rounds"}
        return self._round(
            "extend_grid",
            self.extension,
            not run.is_adaptive,
            lambda wildcards: {
                "grid": run.config.grid.plain(),
                "prior": run.prior(wildcards["model"]),
                "extension": extension,
            },
        )

    @cached_property
    def choose_batches(self) -> Step:
        """The step that plans a round of batches."""
        run = self.run
        return self._round(
            "choose_batches",
            self.exploration,
            run.is_adaptive,
            lambda wildcards: {
                "space": run.space(wildcards["model"]),
                "networks": [variant.name for variant in self.networks.variants(wildcards["model"])],
                "seeds": run.explored,
                **run.config.exploration.plain("batch", "worth", "rungs"),
            },
            has_histories=True,
        )

    def rounds_before(self, wildcards: Wildcards) -> list[tuple[str, dict[str, str]]]:
        """The rounds that must have been planned before the inputs of a job are known."""
        last = self.rounds if wildcards.get("round") is None else int(wildcards["round"]) - 1
        models = [wildcards["model"]] if wildcards.get("model") else self.run.models
        step = self.choose_batches if self.run.is_adaptive else self.extend_grid
        return [(step.name, job) for job in combinations(model=models, round=range(1, last + 1))]

    @property
    def about(self) -> dict[str, Any]:
        """Settings that the claims depend on, beside those of all studies."""
        return {"adaptive": True} if self.run.is_adaptive else {}

    def awaits(self, files: Collection[str]) -> Awaits | None:
        """The checkpoints that must be there before the paths of these files are known; see `Step.awaits`."""
        if not OF_TILES.keys().isdisjoint(files):
            return self.rounds_before
        return self.awaits_all if not OF_AGAIN.keys().isdisjoint(files) else None

    def awaits_all(self, wildcards: Wildcards) -> list[tuple[str, dict[str, str]]]:
        """The checkpoints that must be there before all trainings are known."""
        return [*self.rounds_before(wildcards), *self.confirmation.awaited(self.run.models, self.confirmation.last)]

    @cached_property
    def confirmation(self) -> Confirmation:
        """The rounds of confirmation, and their trainings."""
        return Confirmation(self.run, self.networks, self.folder)

    def file(self, name: str, wildcards: Wildcards) -> str | list[str]:
        """The path of a file, or paths of several, that an entry asks for; those of all tiles that are known so far."""
        models = [wildcards["model"]] if wildcards.get("model") else self.run.models
        if name == "plans":
            return [plan for model in models for plan in self.plans(model, self.rounds)]
        if name in OF_TILES:
            known = [(model, self.planned_rounds(model)) for model in models]
            return [path for of in known for path in self.tile_files(*of, OF_TILES[name])]
        if name in OF_AGAIN:
            return self.confirmation.files(OF_AGAIN[name], self.confirmation.jobs())
        if name == "architectures":
            return [self.run.dense.format(model=model) for model in models]
        if name == "answers":
            return self.confirmation.answers
        return f"{self.folder}/verdict.json" if name == "verdict" else super().file(name, wildcards)

    # Tables.

    @cached_property
    def give_verdict(self) -> Step:
        """The step that says whether to tune again."""
        run = self.run
        few = run.config.exploration.plain("trainings") if run.is_adaptive else {}
        values = {
            "verdict": {**run.config.verdict.plain(), **run.config.extension.plain("rounds"), **few},
            "without_control": self._without_control(),
            "one_checkpoint": self._one_checkpoint(),
            "parts": self._parts(),
            **run.axes,
        }
        return self.step(
            "give_verdict",
            {name: f"{self.folder}/verdict.{suffix}" for name, suffix in VERDICT.items()},
            inputs=self.tables("cells", "decisions"),
            values=values,
            captions={"page": STUDY.of_answer("1 verdict")},
            tells_accepted=True,
        )

    def _without_control(self) -> dict[str, list[str]]:
        """Criteria beside the filter norm, by model, where none of its networks is pruned at random."""
        criteria: dict[str, list[str]] = {
            model: [name for name in self.run.config.models[model].criteria if name != "norm"]
            for model in self.run.models
        }
        return {model: names for model, names in criteria.items() if names and "random" not in names}

    def _one_checkpoint(self) -> dict[str, list[str]]:
        """Variants whose trainings all go on from one dense checkpoint, by model."""
        of = {model: [one.name for one in self.networks.pruned(model) if one.goes_on] for model in self.run.models}
        return {model: names for model, names in of.items() if names}

    def _parts(self) -> dict[str, dict[str, float]]:
        """Factors of the grid's learning rates by model and variant, those that are not 1."""
        of = {
            model: {
                one.name: factor
                for one in self.networks.pruned(model)
                if (factor := self.networks.training(one).rate_factor) != 1.0
            }
            for model in self.run.models
        }
        return {model: factors for model, factors in of.items() if factors}

    # What the config asks for.

    def makes(self, when: Collection[str]) -> bool:
        """Whether something is made that needs all of these conditions, or none."""
        networks = self.networks
        holds = {
            "thesis": self.run.pair.is_thesis,
            "ranked": any(map(networks.is_ranked, self.run.models)),
            "rewound": networks.rewinds,
            "steps": networks.has_step_trainings,
            "confirms": bool(self.confirmation.last),
            "grid": not self.run.is_adaptive,
            "adaptive": self.run.is_adaptive,
        }
        return all(holds[name] for name in when)

    @cached_property
    def made(self) -> list[Table]:
        """The tables that the config asks for."""
        unknown = {CELL_SEED} - ({CELL_SEED} if self.run.config.grid.seeds == PER_CELL else set())
        unknown |= set() if self.run.is_adaptive else {ROUND}
        return [
            replace(table, columns=tuple(name for name in table.columns if name not in unknown))
            for table in tables_of(self.run.pair)
            if self.makes(table.when)
        ]

    def values_of(self, wildcard: str, known: Mapping[str, str]) -> Sequence[str]:  # noqa: ARG002
        """The values of a wildcard of figures."""
        return {"metric": self.run.metrics, "variant": [DENSE.name]}[wildcard]

    def folder_of(self, figure: Figure) -> str:
        """The folder of a figure; that of the images is all studies'."""
        return f"{self.run.results}/figures" if figure.name == "samples" else super().folder_of(figure)

    # The page, and everything.

    @property
    def _shown(self) -> list[Step]:
        """The steps whose files the page shows; the images are the data set's."""
        figures = [step for step in self.figures if step.name != "figure_hpspace_samples"]
        return [*self.analyses, self.networks.table, *figures]

    @cached_property
    def explore(self) -> Step:
        """The step that writes the page to explore."""
        values = {
            **self.run.config.analysis.plain("roi", "sigma", "minimum_cells", "confidence", "risk_roi"),
            **self.run.config.figures.plain("landscape", "colour_map", "colour_range_percent"),
            **self.run.axes,
        }
        inputs = {"verdict": f"{self.folder}/verdict.json", **self.tables("timing")}
        return self._explore("explore", inputs, values)

    @property
    def tables_from(self) -> str:
        """The folder that paths of tables start from, which has those of the networks as well."""
        return self.run.results

    @property
    def light(self) -> list[Step]:
        """The steps that make tables, claims, figures and the page."""
        made = [*self.analyses, self.give_verdict, *self.claims, self.networks.table, *self.figures]
        return [*made, self.explore, self.describe]

    def tiles_trained(self, wildcards: Wildcards) -> list[str]:  # noqa: ARG002 - an input function of Snakemake's
        """The files of all tiles that are known so far."""
        return self.train_tile.files()

    def trained_again(self, wildcards: Wildcards) -> list[str]:  # noqa: ARG002 - an input function of Snakemake's
        """The files of all trainings with fresh seeds that are known so far."""
        return self.confirmation.train.files()

    @property
    def answers(self) -> list[str]:
        """Files that the main job makes of its trainings."""
        plans = [plan for model in self.run.models for plan in self.plans(model, self.rounds)]
        return [*plans, *self.confirmation.plan_files, *(path for step in self.light for path in step.files())]


class Batch(NamedTuple):
    """The trainings that a round asks of a network: seeds, cells, and when these are stopped."""

    trainings: list[tuple[int, Cell]]
    stops: Mapping[str, Any]


@lru_cache(maxsize=1024)
def _batches(path: str, changed: int, size: int) -> dict[str, Batch]:  # noqa: ARG001 - read again then
    return read_batches(path)


def read_batches(path: str | os.PathLike[str]) -> dict[str, Batch]:
    """The batches that a round asks for, by variant, from its JSON file.

    Raises:
        UserError: the file is missing, is not what was written, or is no plan.
    """
    plan = read_json(path)
    try:
        found = {name: [(seed, i, j) for seed, i, j in of["trainings"]] for name, of in plan.items()}
        stops = {name: {"most": of["stops"]["most"], "below": dict(of["stops"]["below"])} for name, of in plan.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        found = {"": [(None, None, None)]}
    if not all(type(number) is int for trainings in found.values() for of in trainings for number in of):
        raise UserError(f"{path}: no plan of batches, which have seed, i and j of each training; {remedy(path)}")
    return {
        name: Batch([(seed, Cell(i, j)) for seed, i, j in trainings], stops[name]) for name, trainings in found.items()
    }


def read_plan(path: str | os.PathLike[str]) -> list[Cell]:
    """First cells of the tiles that a round of extension adds to a model's grid, from its JSON file.

    Raises:
        UserError: the file is missing, is not what was written, or is no plan.
    """
    plan = read_json(path)
    try:
        tiles = [(i, j) for i, j in plan["tiles"]]
    except (KeyError, TypeError, ValueError):
        tiles = [(None, None)]
    if not all(type(place) is int for tile in tiles for place in tile):
        raise UserError(f"{path}: no plan of tiles, which are pairs of whole numbers; {remedy(path)}")
    return [Cell(*tile) for tile in tiles]
