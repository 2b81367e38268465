"""Results for others: each network at the setting to use, in open formats, and provenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from prunescape.plan.cost import training_flops
from prunescape.plan.hpspace import Hpspace
from prunescape.plan.identity import code
from prunescape.plan.run import PROJECT, Run
from prunescape.plan.step import Files, Sizes, Step, Wildcards, named
from prunescape.runtime.fingerprint import SCRIPTS

ROOM = "export"
MAIN_ROOMS = ("data", "models", "hpspace")  # of scripts, on which the main job's results depend


@dataclass(frozen=True, eq=False)
class Export:
    """Steps that make the results of a run for others."""

    run: Run
    hpspace: Hpspace

    def _files(self, **names: str) -> dict[str, str]:
        """Files of a network, patterns."""
        return {name: f"{self.run.results}/export/{{model}}/{{variant}}/{file}" for name, file in names.items()}

    def _step(self, name: str, outputs: Mapping[str, str], **others: Any) -> Step:
        """A step that has a job for each network."""
        known = [(model, variant) for model in self.run.models for variant in self.hpspace.networks.variants(model)]
        jobs = [{"model": model, "variant": variant.name} for model, variant in known]
        return self.run.step(ROOM, name, outputs, jobs, **others)

    @cached_property
    def choose_network(self) -> Step:
        """The step that finds the training of a network that is handed on."""
        found = self.hpspace.tables("cells", "decisions")
        return self._step("choose_network", self._files(cell="cell.json"), inputs=found, is_local=True)

    @cached_property
    def train_chosen(self) -> Step:
        """The step that trains a network at the setting to use once more, since tiles keep tables and no weights.

        It trains as `train_tile` does, with the same idle lanes beside it: on a CPU the same bits come out.
        """
        run, networks = self.run, self.hpspace.networks

        def inputs(wildcards: Wildcards) -> Files:
            given = {**networks.to_choose(wildcards), **networks.chosen_strategy()}
            return {**given, "data": run.meta, **self.choose_network.outputs}

        def values(wildcards: Wildcards) -> dict[str, Any]:
            variant = networks.variant(wildcards["model"], wildcards["variant"])
            training = networks.training(variant)
            return {
                "recipe": training.recipe.plain(),
                "rate_factor": training.rate_factor,
                "engine": run.engine(),
                "seeds": run.explored if variant.at_init else [],
                "fixed": run.fixed(wildcards["model"]),
                **run.axes,
            }

        def passes(wildcards: Wildcards, sizes: Sizes) -> int:
            recipe = networks.training(networks.variant(wildcards["model"], wildcards["variant"])).recipe
            return training_flops(1, 1, sizes, recipe, run.prior(wildcards["model"]).get("epochs"))

        return self._step(
            "train_chosen",
            self._files(architecture="architecture.json", weights="weights.safetensors", history="history.csv"),
            inputs=inputs,
            values=values,
            sources=run.builder,
            checkpoint="",
            networks=1,
            passes=passes,
            **run.of_many,
        )

    @cached_property
    def export_network(self) -> Step:
        """The step that writes a network in open formats."""
        files = self._files(onnx="model.onnx", program="model.pt2", check="check.json")
        inputs = {"data": self.run.meta, **self._files(architecture="architecture.json", weights="weights.safetensors")}
        return self._step("export_network", files, inputs=inputs, sources=self.run.builder)

    @cached_property
    def write_card(self) -> Step:
        """The step that writes a network's model card."""
        run, networks = self.run, self.hpspace.networks

        def values(wildcards: Wildcards) -> dict[str, Any]:
            variant = networks.variant(wildcards["model"], wildcards["variant"])
            return {
                **variant.columns(),
                "target": run.config.pruning.target,
                "recipe": run.config.recipe.plain(),
                "fixed": run.fixed(wildcards["model"]),
                "rate_factor": networks.training(variant).rate_factor,
                **run.axes,
                "risk_roi": run.config.analysis.risk_roi,
            }

        def inputs(wildcards: Wildcards) -> Files:
            own = self._files(cell="cell.json", history="history.csv", check="check.json")
            return {
                "data": run.meta,
                **{name: path.format(**named(wildcards)) for name, path in own.items()},
                **self.hpspace.tables("pruning", "channels", *([] if run.is_adaptive else ["risk"])),
                "verdict": f"{self.hpspace.folder}/verdict.json",
            }

        card = self._files(card="model_card.md")
        return self._step(
            "write_card", card, inputs=inputs, values=values, is_local=True, told=lambda: {"run": run.config.run}
        )

    @cached_property
    def provenance(self) -> Step:
        """The step that writes what the main job's results were made with."""
        run = self.run

        def values(wildcards: Wildcards) -> dict[str, Any]:  # noqa: ARG001
            scripts = sorted(f"{room}/{path.name}" for room in MAIN_ROOMS for path in Path(SCRIPTS, room).glob("*.py"))
            config = {name: value for name, value in run.config.plain().items() if name != "run"}
            config["data"] = {name: value for name, value in config["data"].items() if name != "prepared"}
            return {
                "config": config,
                "results_code": code(*scripts, *(of for model in run.models for of in run.builder({"model": model}))),
            }

        return run.step(
            ROOM,
            "write_provenance",
            {"crate": f"{run.results}/ro-crate-metadata.json", "config": f"{run.results}/config.json"},
            inputs={
                "results": [*self.hpspace.networks.files, *self.hpspace.answers],
                **self.hpspace.tables("timing"),
            },
            values=values,
            is_local=True,
            told=lambda: {"config": run.config.plain(), "root": str(PROJECT)},
            tells_accepted=True,
        )

    @cached_property
    def trackers(self) -> Step:
        """The step that writes the main job's trainings for experiment trackers."""
        run, hpspace = self.run, self.hpspace
        again = hpspace.tables("confirmation") if hpspace.confirmation.last else {}

        def inputs(wildcards: Wildcards) -> Files:
            return {**hpspace.tables("cells"), **again, "histories": hpspace.file("histories", wildcards)}

        folder = f"{run.results}/trackers"
        return run.step(
            ROOM,
            "write_trackers",
            {"wandb": f"{folder}/wandb.csv", "mlflow": f"{folder}/mlflow.csv"},
            inputs=inputs,
            awaits=hpspace.awaits({"histories"}),
            values={"names": list(run.pair.names)},
            is_local=True,
            told=lambda: {"run": run.config.run},
        )

    @property
    def files(self) -> list[str]:
        """Files of all networks that are handed on."""
        steps = [self.choose_network, self.train_chosen, self.export_network, self.write_card]
        return [path for step in steps for path in step.files()]
