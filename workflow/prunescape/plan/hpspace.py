"""The main job: its tiles, and the tables, figures and pages that follow from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from prunescape.hpspace.axes import size_of
from prunescape.hpspace.lattice import Cell
from prunescape.hpspace.plan import read_plan
from prunescape.hpspace.setting import counted, published_settings
from prunescape.plan.claims import claims_step
from prunescape.plan.cost import training_flops
from prunescape.plan.identity import published_tables
from prunescape.plan.networks import Networks
from prunescape.plan.run import PROJECT, Run
from prunescape.plan.step import Caption, Sizes, Step, Wildcards, combinations
from prunescape.training.strategy import SERIAL

ROOM = "hpspace"
ANSWER = "Answer"
VERDICT_TABLES = ("cells", "ellipses", "risk", "intervals", "decisions", "shifts", "regret")
HISTORY = ".history.csv"


@dataclass(frozen=True, eq=False)
class Hpspace:
    """The main job of a run: its steps."""

    run: Run
    networks: Networks

    @property
    def folder(self) -> str:
        """The folder of the main job's results."""
        return f"{self.run.results}/{ROOM}"

    @property
    def tile(self) -> str:
        """The files of a tile without their suffix, a pattern."""
        return f"{self.folder}/tiles/{{model}}/{{variant}}/seed-{{seed}}/{{i}}_{{j}}"

    @property
    def extension(self) -> str:
        """The tiles that a round of extension adds, a pattern."""
        return f"{self.folder}/extension/{{model}}/round-{{round}}.json"

    def table(self, name: str) -> str:
        """The path of a table."""
        return f"{self.folder}/{name}.csv"

    def tables(self, *names: str) -> dict[str, str]:
        """The paths of tables, by name."""
        return {name: self.table(name) for name in names}

    # Tiles.

    @property
    def rounds(self) -> int:
        """The most rounds in which the grid is extended."""
        return int(self.run.config["extension"]["rounds"])

    def plans(self, model: str, rounds: int) -> list[str]:
        """The plans of the extension rounds 1 to `rounds`."""
        return [self.extension.format(model=model, round=number) for number in range(1, rounds + 1)]

    def tiles(self, model: str, rounds: int) -> list[Cell]:
        """First cells of the tiles of a model's grid after some rounds of extension, which must have been planned.

        Raises:
            UserError: the plan of a round is missing or damaged.
        """
        tiles = self.run.lattice(model).initial_tiles()
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
            for variant in self.run.variants(model)
            for seed in self.run.seeds
            for tile in tiles
        ]

    def tile_files(self, model: str, rounds: int, suffix: str = ".csv") -> list[str]:
        """The files of all tiles of a model after some rounds of extension."""
        return [self.tile.format(**wildcards) + suffix for wildcards in self.tile_jobs(model, rounds)]

    def cells(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """Coordinates and hyperparameters of the cells of a tile."""
        lattice = self.run.lattice(wildcards["model"])
        cells = lattice.cells(Cell(int(wildcards["i"]), int(wildcards["j"])))
        return [{**cell._asdict(), **lattice.named(cell)} for cell in cells]

    def tile_inputs(self, wildcards: Wildcards) -> dict[str, str]:
        """Files that a training job reads."""
        networks = self.networks
        network = {**networks.checked(wildcards), **networks.to_train(wildcards)}
        return {**network, **networks.chosen_strategy(), "data": self.run.meta}

    def _tile_values(self, wildcards: Wildcards) -> dict[str, Any]:
        run, model = self.run, wildcards["model"]
        variant = run.variant(model, wildcards["variant"])
        return {
            "cells": self.cells(wildcards),
            **({"fixed": run.fixed(model)} if run.fixed(model) else {}),
            **self.networks.training_values(variant),
            "variant": variant.row(),
            "engine": run.engine(),
            "seed": int(wildcards["seed"]),
        }

    def _tile_passes(self, wildcards: Wildcards, sizes: Sizes) -> int:
        variant = self.run.variant(wildcards["model"], wildcards["variant"])
        recipe = self.networks.training(variant).recipe
        return sum(training_flops(1, 1, sizes, {**recipe, **cell}) for cell in self.cells(wildcards))

    def _held(self, wildcards: Wildcards) -> int:
        """Networks that the training of a tile holds at once; all that can be one array, where that is measured."""
        run, cells = self.run, len(self.cells(wildcards))
        engine = run.config["engine"]
        alike = run.lattice(wildcards["model"]).alike
        return run.held(cells, 1 if engine["strategy"] == SERIAL else engine["lanes"] or alike)

    @cached_property
    def train_tile(self) -> Step:
        """The step that trains the cells of a tile."""
        return self.run.step(
            ROOM,
            "train_tile",
            {"table": f"{self.tile}.csv", "history": f"{self.tile}{HISTORY}", "timing": f"{self.tile}.timing.csv"},
            lambda: [job for model in self.run.models for job in self.tile_jobs(model, self.planned_rounds(model))],
            inputs=self.tile_inputs,
            values=self._tile_values,
            sources=lambda wildcards: [self.run.source(wildcards["model"])],
            checkpoint="",
            networks=lambda wildcards: len(self.cells(wildcards)),
            held=self._held,
            passes=self._tile_passes,
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

        extension = {key: value for key, value in run.config["extension"].items() if key != "rounds"}
        return run.step(
            ROOM,
            "extend_grid",
            {"plan": self.extension},
            jobs,
            inputs=inputs,
            values=lambda wildcards: {
                "grid": run.config["grid"],
                "prior": run.prior(wildcards["model"]),
                "extension": extension,
            },
        )

    @cached_property
    def collect_cells(self) -> Step:
        """The step that puts the tables of all tiles together."""
        return self.run.step(
            ROOM, "collect_cells", self.tables("cells", "timing"), inputs=lambda wildcards: self.all_tiles()
        )

    def rounds_before(self, wildcards: Wildcards) -> list[dict[str, str]]:
        """The rounds of extension that must have been planned before the inputs of a job are known."""
        last = self.rounds if wildcards.get("round") is None else int(wildcards["round"]) - 1
        models = [wildcards["model"]] if wildcards.get("model") else self.run.models
        return combinations(model=models, round=range(1, last + 1))

    def all_tiles(self) -> dict[str, str | list[str]]:
        """The tables of all tiles that are known so far, and the plans by which they are."""
        models = {model: self.planned_rounds(model) for model in self.run.models}
        return {
            "plans": [plan for model in models for plan in self.plans(model, self.rounds)],
            "tables": [path for of in models.items() for path in self.tile_files(*of)],
            "timing": [path for of in models.items() for path in self.tile_files(*of, ".timing.csv")],
        }

    # Tables.

    def _analysis(self, *keys: str) -> dict[str, Any]:
        return {key: self.run.config["analysis"][key] for key in keys}

    @property
    def _resampling(self) -> dict[str, Any]:
        return {**self._analysis("roi", "draws", "confidence"), **self.run.axes}

    @property
    def _ellipses(self) -> dict[str, Any]:
        return {**self._analysis("roi", "sigma", "minimum_cells"), **self.run.axes}

    def _of_cells(self, name: str, outputs: Mapping[str, str], captions: Mapping[str, Caption], **values: Any) -> Step:
        """A step that makes tables of all cells."""
        return self.run.step(
            ROOM,
            name,
            outputs,
            inputs=self.tables("cells"),
            values=values,
            captions=captions,
        )

    @cached_property
    def analyses(self) -> list[Step]:
        """The steps from all cells to the verdict and its claims."""
        run, risk = self.run, self._analysis("risk_roi")
        thesis = run.pair.is_thesis
        band = {"recipe": {key: run.config["recipe"][key] for key in ("batch_size", "momentum")}} if thesis else {}
        tuning = self.tables(*(["band"] if thesis else []), "regret", "transfer")
        steps = [
            self._of_cells("fit_ellipses", self.tables("ellipses"), {}, **self._ellipses),
            self._of_cells("measure_risk", self.tables("risk_cells", "risk"), {}, **risk),
            self._of_cells(
                "estimate_intervals", self.tables("intervals"), {}, **{**self._resampling, **self._ellipses, **risk}
            ),
            self._of_cells(
                "test_shifts", self.tables("shifts"), _said("shifts", "5 tests of shifts"), **self._ellipses
            ),
            self._decide,
            self._of_cells(
                "measure_tuning",
                tuning,
                _said("band", "6 table of Smith's relation") if thesis else {},
                **{**self._resampling, **self._ellipses, **band},
            ),
        ]
        return [*steps, *([self._thesis_tables] if thesis else []), self.give_verdict, self.state_claims]

    @property
    def _decide(self) -> Step:
        run = self.run
        return run.step(
            ROOM,
            "decide",
            self.tables("decisions"),
            inputs={**self.tables("cells"), "data": run.meta},
            values={
                **self._resampling,
                **self._analysis("risk_roi"),
                "border_roi": run.config["extension"]["roi"],
                "verdict": run.config["verdict"],
            },
        )

    @property
    def _thesis_tables(self) -> Step:
        known = counted(self.run.config)
        # Our defaults stand for what the thesis does not say.
        theirs = {model: published_settings(model) for model in known.get("models", ())}
        return self.run.step(
            ROOM,
            "thesis_tables",
            self.tables("table_3_4", "table_4_1", "table_4_2"),
            inputs=self.tables("cells", "intervals"),
            values={"published": published_tables("matthiesen2023"), "theirs": theirs, "config": known},
            captions={
                **_said("table_3_4", "7 Table 3.4, dense network at the prior"),
                **_said("table_4_1", "3 Table 4.1, ellipses"),
                **_said("table_4_2", "4 Table 4.2, risk"),
            },
        )

    @cached_property
    def give_verdict(self) -> Step:
        """The step that says whether to tune again."""
        run = self.run
        values = {
            "verdict": {**run.config["verdict"], **self._analysis("risk_roi", "confidence")},
            "border_roi": run.config["extension"]["roi"],
            "without_control": self._without_control(),
            **run.axes,
        }
        return run.step(
            ROOM,
            "give_verdict",
            {name: f"{self.folder}/verdict.{suffix}" for name, suffix in _VERDICT.items()},
            inputs=self.tables(*VERDICT_TABLES),
            values=values,
            captions=_said("verdict", "1 verdict", of="page"),
        )

    @cached_property
    def state_claims(self) -> Step:
        """The step that states the verdict as claims."""
        published = self.tables("table_4_2") if self.run.pair.is_thesis else {}
        return claims_step(self.run, ROOM, {"verdict": f"{self.folder}/verdict.json", **published}, {})

    def _without_control(self) -> dict[str, list[str]]:
        """Criteria beside the filter norm, by model, where none of its networks is pruned at random."""
        found = {
            model: [name for name in section["criteria"] if name != "norm"]
            for model, section in self.run.config["models"].items()
        }
        return {model: names for model, names in found.items() if names and "random" not in names}

    # Figures.

    @property
    def figures_folder(self) -> str:
        """The folder of the main job's figures."""
        return f"{self.folder}/figures"

    def _figure(
        self,
        name: str,
        path: str,
        title: str,
        tables: list[str],
        jobs: list[dict[str, str]],
        caption: str | None = None,
        category: str = "{model}",
        metric: str = "{metric}",
        **values: Any,
    ) -> Step:
        said = Caption(category, caption or name, {"figure": title, "metric": metric})
        folder = self.figures_folder
        return self.run.figure(ROOM, f"figure_{name}", f"{folder}/{path}", said, self.tables(*tables), jobs, **values)

    @cached_property
    def figures(self) -> list[Step]:
        """The steps that draw the main job's figures."""
        run, figures = self.run, self.run.config["figures"]
        roi, risk, confidence = (self._analysis(key) for key in ("roi", "risk_roi", "confidence"))
        each = combinations(model=run.models, metric=run.metrics)
        all_models = combinations(metric=run.metrics)
        models = combinations(model=run.models)
        colours = {key: figures[key] for key in ("colour_map", "colour_range_percent")}
        dense = [{"model": of["model"], "variant": "dense", "metric": of["metric"]} for of in each]
        found = [
            self._figure(
                "summary", "{model}/summary_{metric}", "1 summary", ["ellipses", "risk"], each, **risk, **run.axes
            ),
            self._figure(
                "landscape",
                "{model}/landscape_{metric}",
                "2 landscapes",
                ["cells", "ellipses"],
                each,
                **{**roi, **colours, **run.axes},
            ),
            self._figure(
                "annotated_grid",
                "{model}/grid_{variant}_{metric}",
                "4 grid, {variant}",
                ["cells"],
                dense,
                **{**roi, "initial_size": size_of(run.config["grid"]), **run.axes},
            ),
            self._figure(
                "risk",
                "risk_{metric}",
                "2 performance risk",
                ["risk_cells"],
                all_models,
                "risk_figure",
                ANSWER,
                **risk,
            ),
            self._figure(
                "regret",
                "{model}/regret_{metric}",
                "6 regret",
                ["regret"],
                each,
                margin=run.config["verdict"]["margin"],
                **confidence,
            ),
            self._figure(
                "tuning_transfer",
                "{model}/transfer_{metric}",
                "7 transfer",
                ["transfer"],
                each,
                "transfer",
                **confidence,
            ),
            self._figure("channels", "{model}/channels", "5 channels kept", ["channels"], models, metric="-"),
            self.curves,
        ]
        if run.pair.is_thesis:
            title = "8 optimal band"
            found.append(
                self._figure("band", "{model}/band_{metric}", title, ["band"], each, "band_figure", **confidence)
            )
        return found

    @cached_property
    def curves(self) -> Step:
        """The step that draws training curves, of tiles that are all known when the grid has grown."""
        said = Caption("{model}", "curves", {"figure": "3 training curves", "metric": "top1"})

        def inputs(wildcards: Wildcards) -> dict[str, str | list[str]]:
            model = wildcards["model"]
            return {**self.tables("cells"), "histories": self.tile_files(model, self.planned_rounds(model), HISTORY)}

        path = f"{self.figures_folder}/{{model}}/curves"
        jobs = combinations(model=self.run.models)
        return self.run.figure(ROOM, "figure_curves", path, said, inputs, jobs)

    @cached_property
    def samples(self) -> Step:
        """The step that draws some training images."""
        said = Caption("Data and pruning", "samples", {"figure": "training images"})
        path = f"{self.run.results}/figures/samples"
        return self.run.figure("data", "figure_samples", path, said, {"meta": self.run.meta})

    # The page, and everything.

    @property
    def shown_tables(self) -> list[str]:
        """Names of the tables that the page shows."""
        thesis = ["band", "table_3_4", "table_4_1", "table_4_2"] if self.run.pair.is_thesis else []
        return [*VERDICT_TABLES[:1], "timing", *VERDICT_TABLES[1:], "transfer", "pruning", *thesis]

    @cached_property
    def shown_figures(self) -> list[tuple[tuple[str, str, str], str]]:
        """The figures that the page shows: name, model and metric ("" where it has none), and the path."""
        if "png" not in self.run.config["figures"]["formats"]:
            return []
        found = [(("risk", "", metric), f"risk_{metric}") for metric in self.run.metrics]
        named = ["landscape", "summary", "regret", "transfer", *(["band"] if self.run.pair.is_thesis else [])]
        for model in self.run.models:
            found += [
                ((name, model, metric), f"{model}/{name}_{metric}") for name in named for metric in self.run.metrics
            ]
            found += [((name, model, ""), f"{model}/{name}") for name in ("curves", "channels")]
        return [(of, f"{self.figures_folder}/{path}.png") for of, path in found]

    @cached_property
    def explore(self) -> Step:
        """The step that writes the page to explore."""
        run = self.run
        inputs = {
            **self.tables(*self.shown_tables),
            "verdict": f"{self.folder}/verdict.json",
            "pictures": [path for _, path in self.shown_figures],
        }
        figures = {key: run.config["figures"][key] for key in ("colour_map", "colour_range_percent")}
        values = {
            "pictures": [of for of, _ in self.shown_figures],
            **self._analysis("roi", "sigma", "minimum_cells", "risk_roi"),
            **figures,
            **run.axes,
        }
        return run.step(
            ROOM,
            "explore",
            {"page": f"{self.folder}/explore.html"},
            inputs=inputs,
            values=values,
            captions={"page": Caption(ANSWER, "explore", {"figure": "0 explore", "metric": "all"})},
            told=lambda: {"config": run.config, "root": str(PROJECT)},
        )

    def trained(self, wildcards: Wildcards) -> list[str]:  # noqa: ARG002 - an input function of Snakemake's
        """The files of all tiles that are known so far."""
        return self.train_tile.files()

    @property
    def answers(self) -> list[str]:
        """Files that the main job makes of its trainings."""
        steps = [self.collect_cells, *self.analyses, self.networks.table, *self.figures, self.samples, self.explore]
        plans = [plan for model in self.run.models for plan in self.plans(model, self.rounds)]
        return [*plans, *(path for step in steps for path in step.files())]


_VERDICT = {"json": "json", "text": "txt", "page": "html"}


def _said(name: str, title: str, of: str | None = None) -> Mapping[str, Caption]:
    """The caption of a table in the report's first part."""
    return {of or name: Caption(ANSWER, name, {"figure": title})}
