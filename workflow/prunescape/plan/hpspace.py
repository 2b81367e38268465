"""The main job: its tiles, and the tables, figures and pages that follow from them."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from prunescape.errors import UserError
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.io.files import read_json, remedy
from prunescape.plan.cost import training_flops
from prunescape.plan.step import Sizes, Step, Wildcards, combinations
from prunescape.plan.study import Planned
from prunescape.studies.hpspace import STUDY, tables_of
from prunescape.studies.study import Figure, Table
from prunescape.training.strategy import SERIAL
from prunescape.variant import DENSE

VERDICT_TABLES = ("cells", "ellipses", "risk", "intervals", "decisions", "shifts", "regret")
VERDICT = {"json": "json", "text": "txt", "page": "html"}
# Files of all tiles that are known, by their suffixes.
OF_TILES = {"tables": ".csv", "timing": ".timing.csv", "histories": ".history.csv"}


@dataclass(frozen=True, eq=False)
class Hpspace(Planned):
    """The main job of a run: its steps."""

    study = STUDY
    growing = frozenset(OF_TILES)

    @property
    def tile(self) -> str:
        """The files of a tile without their suffix, a pattern."""
        return f"{self.folder}/tiles/{{model}}/{{variant}}/seed-{{seed}}/{{i}}_{{j}}"

    @property
    def extension(self) -> str:
        """The tiles that a round of extension adds, a pattern."""
        return f"{self.folder}/extension/{{model}}/round-{{round}}.json"

    # Tiles.

    @property
    def rounds(self) -> int:
        """The most rounds in which the grid is extended."""
        return self.run.config.extension.rounds

    def plans(self, model: str, rounds: int) -> list[str]:
        """The plans of the extension rounds 1 to `rounds`."""
        return [self.extension.format(model=model, round=number) for number in range(1, rounds + 1)]

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
        """Number of extension rounds that have been planned so far."""
        plans = self.plans(model, self.rounds)
        return next((number for number, path in enumerate(plans) if not Path(path).is_file()), len(plans))

    def tile_jobs(self, model: str, rounds: int) -> list[dict[str, str]]:
        """The wildcards of all training jobs of a model after some rounds of extension."""
        tiles = self.tiles(model, rounds)
        return [
            {"model": model, "variant": variant.name, "seed": str(seed), "i": str(tile.i), "j": str(tile.j)}
            for variant in self.networks.variants(model)
            for seed in self.run.seeds
            for tile in tiles
        ]

    def tile_files(self, model: str, rounds: int, suffix: str = ".csv") -> list[str]:
        """The files of all tiles of a model after some rounds of extension."""
        return [self.tile.format(**wildcards) + suffix for wildcards in self.tile_jobs(model, rounds)]

    def cells(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """Coordinates and hyperparameters of the cells of a tile."""
        lattice = Lattice.of(self.run.config, wildcards["model"])
        cells = lattice.cells(Cell(int(wildcards["i"]), int(wildcards["j"])))
        return [{**cell._asdict(), **lattice.named(cell)} for cell in cells]

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
        }

    def _tile_passes(self, wildcards: Wildcards, sizes: Sizes) -> int:
        variant = self.networks.variant(wildcards["model"], wildcards["variant"])
        recipe = self.networks.training(variant).recipe
        return sum(training_flops(1, 1, sizes, recipe, cell.get("epochs")) for cell in self.cells(wildcards))

    def _held(self, wildcards: Wildcards) -> int:
        """Networks that the training of a tile holds at once; all that can be one array, where that is measured."""
        run, cells = self.run, len(self.cells(wildcards))
        engine = run.config.engine
        alike = Lattice.of(run.config, wildcards["model"]).alike
        return run.held(cells, 1 if engine.strategy == SERIAL else engine.lanes or alike)

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

    @cached_property
    def extend_grid(self) -> Step:
        """The step that plans a round of extension."""
        run = self.run

        def jobs() -> list[dict[str, str]]:
            """The rounds that have been planned, and the next one."""
            return [
                {"model": model, "round": str(number)}
                for model in run.models
                for number in range(1, min(self.planned_rounds(model) + 1, self.rounds) + 1)
            ]

        def inputs(wildcards: Wildcards) -> dict[str, str | list[str]]:
            model, before = wildcards["model"], int(wildcards["round"]) - 1
            return {"plans": self.plans(model, before), "tables": self.tile_files(model, before)}

        extension = {key: value for key, value in run.config.extension.plain().items() if key != "rounds"}
        return self.step(
            "extend_grid",
            {"plan": self.extension},
            jobs,
            inputs=inputs,
            grows=True,
            values=lambda wildcards: {
                "grid": run.config.grid.plain(),
                "prior": run.prior(wildcards["model"]),
                "extension": extension,
            },
        )

    def rounds_before(self, wildcards: Wildcards) -> list[dict[str, str]]:
        """The rounds of extension that must have been planned before the inputs of a job are known."""
        last = self.rounds if wildcards.get("round") is None else int(wildcards["round"]) - 1
        models = [wildcards["model"]] if wildcards.get("model") else self.run.models
        return combinations(model=models, round=range(1, last + 1))

    def file(self, name: str, wildcards: Wildcards) -> str | list[str]:
        """The path of a file, or paths of several, that an entry asks for; those of all tiles that are known so far."""
        models = [wildcards["model"]] if wildcards.get("model") else self.run.models
        if name == "plans":
            return [plan for model in models for plan in self.plans(model, self.rounds)]
        if name in OF_TILES:
            known = [(model, self.planned_rounds(model)) for model in models]
            return [path for of in known for path in self.tile_files(*of, OF_TILES[name])]
        return f"{self.folder}/verdict.json" if name == "verdict" else super().file(name, wildcards)

    # Tables.

    @cached_property
    def give_verdict(self) -> Step:
        """The step that says whether to tune again."""
        run = self.run
        values = {
            "verdict": {**run.config.verdict.plain(), **run.config.analysis.plain("risk_roi", "confidence")},
            "border_roi": run.config.extension.roi,
            "without_control": self._without_control(),
            **run.axes,
        }
        return self.step(
            "give_verdict",
            {name: f"{self.folder}/verdict.{suffix}" for name, suffix in VERDICT.items()},
            inputs=self.tables(*VERDICT_TABLES),
            values=values,
            captions={"page": STUDY.of_answer("1 verdict")},
        )

    def _without_control(self) -> dict[str, list[str]]:
        """Criteria beside the filter norm, by model, where none of its networks is pruned at random."""
        criteria: dict[str, list[str]] = {
            model: [name for name in section.criteria if name != "norm"]
            for model, section in self.run.config.models.items()
        }
        return {model: names for model, names in criteria.items() if names and "random" not in names}

    # What the config asks for.

    def makes(self, when: Collection[str]) -> bool:
        """Whether something is made that needs one of these conditions, or none."""
        networks = self.networks
        holds = {
            "thesis": self.run.pair.is_thesis,
            "ranked": any(map(networks.is_ranked, self.run.models)),
            "rewound": networks.rewinds,
            "steps": networks.has_step_trainings,
        }
        return not when or any(holds[name] for name in when)

    @cached_property
    def made(self) -> list[Table]:
        """The tables that the config asks for."""
        return [table for table in tables_of(self.run.pair) if self.makes(table.when)]

    def values_of(self, wildcard: str, known: Mapping[str, str]) -> Sequence[str]:  # noqa: ARG002
        """The values of a wildcard of figures."""
        return {"metric": self.run.metrics, "variant": [DENSE.name]}[wildcard]

    def rule_of(self, figure: Figure) -> str:
        """The name of the rule that draws a figure."""
        return f"figure_{figure.name}"

    def folder_of(self, figure: Figure) -> str:
        """The folder of a figure; that of the images is all studies'."""
        return f"{self.run.results}/figures" if figure.name == "samples" else super().folder_of(figure)

    # The page, and everything.

    @property
    def _shown(self) -> list[Step]:
        """The steps whose files the page shows; the images are the data set's."""
        figures = [step for step in self.figures if step.name != "figure_samples"]
        return [*self.analyses, self.networks.table, *figures]

    @cached_property
    def explore(self) -> Step:
        """The step that writes the page to explore."""
        values = {
            **self.run.config.analysis.plain("roi", "sigma", "minimum_cells", "risk_roi"),
            **self.run.config.figures.plain("colour_map", "colour_range_percent"),
            **self.run.axes,
        }
        inputs = {"verdict": f"{self.folder}/verdict.json", **self.tables("timing")}
        return self._explore("explore", "explore", inputs, values)

    @cached_property
    def describe_tables(self) -> Step:
        """The step that writes the dictionary of the main job's tables."""
        return self.dictionary("describe_tables")

    @property
    def tables_from(self) -> str:
        """The folder that paths of tables start from, which has those of the networks as well."""
        return self.run.results

    @property
    def light(self) -> list[Step]:
        """The steps that make tables, claims, figures and the page."""
        made = [*self.analyses, self.give_verdict, *self.claims, self.networks.table, *self.figures]
        return [*made, self.explore, self.describe_tables]

    def trained(self, wildcards: Wildcards) -> list[str]:  # noqa: ARG002 - an input function of Snakemake's
        """The files of all tiles that are known so far."""
        return self.train_tile.files()

    @property
    def answers(self) -> list[str]:
        """Files that the main job makes of its trainings."""
        plans = [plan for model in self.run.models for plan in self.plans(model, self.rounds)]
        return [*plans, *(path for step in self.light for path in step.files())]


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
