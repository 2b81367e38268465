"""Results for others: what the tables mean, each network at its best cell in open formats, and provenance."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from prunescape.plan.cost import training_flops
from prunescape.plan.hpspace import Hpspace
from prunescape.plan.identity import code
from prunescape.plan.run import Run
from prunescape.plan.step import Sizes, Step, Wildcards
from prunescape.runtime.fingerprint import SCRIPTS
from prunescape.studies.hpspace import STUDY, tables_of

ROOM = "export"
MAIN_ROOMS = ("data", "models", "hpspace")  # of scripts, on which the main job's results depend


@dataclass(frozen=True, eq=False)
class Export:
    """Steps that make the results of a run for others."""

    run: Run
    hpspace: Hpspace

    @property
    def folder(self) -> str:
        """The folder of a network, a pattern."""
        return f"{self.run.results}/export/{{model}}/{{variant}}"

    def _files(self, **names: str) -> dict[str, str]:
        return {name: f"{self.folder}/{file}" for name, file in names.items()}

    @property
    def _jobs(self) -> list[dict[str, str]]:
        run = self.run
        return [{"model": model, "variant": variant.name} for model in run.models for variant in run.variants(model)]

    def _source(self, wildcards: Wildcards) -> list[str]:
        return [self.run.source(wildcards["model"])]

    @cached_property
    def describe_tables(self) -> Step:
        """The step that writes the dictionary of the main job's tables."""
        made = [table for table in tables_of(self.run.pair) if self.hpspace.makes(table.when)]
        return self.run.dictionary("describe_tables", STUDY, made, self.run.results)

    @cached_property
    def choose_network(self) -> Step:
        """The step that finds a network's best cell."""
        return self.run.step(
            ROOM,
            "choose_network",
            self._files(cell="cell.json"),
            self._jobs,
            inputs=self.hpspace.tables("cells"),
            is_local=True,
        )

    @cached_property
    def train_chosen(self) -> Step:
        """The step that trains a network at its best cell once more, since tiles keep tables and no weights.

        It trains as `train_tile` does, with the same idle lanes beside it: on a CPU the same bits come out.
        """
        run, networks = self.run, self.hpspace.networks

        def values(wildcards: Wildcards) -> dict[str, Any]:
            variant = run.variant(wildcards["model"], wildcards["variant"])
            training = networks.training(variant)
            return {
                "recipe": training.recipe.plain(),
                "rate_factor": training.rate_factor,
                "engine": run.engine(),
                "seeds": run.seeds if variant.at_init else [],
                "fixed": run.fixed(wildcards["model"]),
                **run.axes,
            }

        def passes(wildcards: Wildcards, sizes: Sizes) -> int:
            recipe = networks.training(run.variant(wildcards["model"], wildcards["variant"])).recipe
            return training_flops(1, 1, sizes, recipe, run.prior(wildcards["model"]).get("epochs"))

        return run.step(
            ROOM,
            "train_chosen",
            self._files(architecture="architecture.json", weights="weights.safetensors", history="history.csv"),
            self._jobs,
            inputs=lambda wildcards: {
                **networks.to_choose(wildcards),
                **networks.chosen_strategy(),
                "data": run.meta,
                **self.choose_network.outputs,
            },
            values=values,
            sources=self._source,
            checkpoint="",
            networks=1,
            passes=passes,
        )

    @cached_property
    def export_network(self) -> Step:
        """The step that writes a network in open formats."""
        files = self._files(onnx="model.onnx", program="model.pt2", check="check.json")
        inputs = {"data": self.run.meta, **self._files(architecture="architecture.json", weights="weights.safetensors")}
        return self.run.step(ROOM, "export_network", files, self._jobs, inputs=inputs, sources=self._source)

    @cached_property
    def write_card(self) -> Step:
        """The step that writes a network's model card."""
        run = self.run

        def values(wildcards: Wildcards) -> dict[str, Any]:
            variant = run.variant(wildcards["model"], wildcards["variant"])
            return {
                "run": run.config.run,
                **variant.columns(),
                "target": run.config.pruning.target,
                "recipe": run.config.recipe.plain(),
                "fixed": run.fixed(wildcards["model"]),
                "rate_factor": self.hpspace.networks.training(variant).rate_factor,
                **run.axes,
                "risk_roi": run.config.analysis.risk_roi,
            }

        return run.step(
            ROOM,
            "write_card",
            self._files(card="model_card.md"),
            self._jobs,
            inputs=self._card_inputs,
            values=values,
            is_local=True,
        )

    def _card_inputs(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        own = self._files(cell="cell.json", history="history.csv", check="check.json").items()
        return {
            "data": self.run.meta,
            **{name: path.format(model=wildcards["model"], variant=wildcards["variant"]) for name, path in own},
            **self.hpspace.tables("pruning", "channels", "risk"),
            "verdict": f"{self.hpspace.folder}/verdict.json",
        }

    @cached_property
    def provenance(self) -> Step:
        """The step that writes what the main job's results were made with."""
        run = self.run

        def values(wildcards: Wildcards) -> dict[str, Any]:  # noqa: ARG001
            scripts = sorted(f"{room}/{path.name}" for room in MAIN_ROOMS for path in Path(SCRIPTS, room).glob("*.py"))
            return {"config": run.config.plain(), "results_code": code(*scripts, *map(run.source, run.models))}

        files = {"crate": f"{run.results}/ro-crate-metadata.json", "config": f"{run.results}/config.json"}
        inputs: dict[str, str | list[str]] = {
            "results": [*self.hpspace.networks.files, *self.hpspace.answers, *self.describe_tables.files()],
            **self.hpspace.tables("timing"),
        }
        return run.step(ROOM, "write_provenance", files, inputs=inputs, values=values, is_local=True)

    @property
    def files(self) -> list[str]:
        """Files of all networks that are handed on."""
        steps = [self.choose_network, self.train_chosen, self.export_network, self.write_card]
        return [path for step in steps for path in step.files()]
