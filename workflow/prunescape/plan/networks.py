"""Networks of the main job: the dense one, its checkpoint, and how variants are pruned and trained again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prunescape.config.recipe import Recipe
from prunescape.hpspace.lattice import Lattice
from prunescape.plan.cost import training_flops
from prunescape.plan.identity import FILE
from prunescape.plan.run import Run
from prunescape.plan.step import Files, Sizes, Step, Wildcards, combinations
from prunescape.pruning.settings import N_OF_M
from prunescape.studies.hpspace import STUDY
from prunescape.training.retraining import retraining, until
from prunescape.variant import NORM, Variant, variants_of

# Of its own, so that the order of `seeds` says nothing; its weights are only what pruning ranks.
CHECKPOINT_SEED = 0
ROOM = "models"
TABULATE = "prunescape.pruning.tables:pruning_tables"


@dataclass(frozen=True)
class Training:
    """The recipe of a network, and the factor on the grid's learning rates.

    Attributes:
        recipe: as the config's section has it.
        factor: what each learning rate of the grid is multiplied by; None from scratch, where that is 1.
    """

    recipe: Recipe
    factor: float | None = None

    @property
    def rate_factor(self) -> float:
        """The factor on learning rates."""
        return 1.0 if self.factor is None else self.factor

    @property
    def values(self) -> dict[str, Any]:
        """The settings of a job; trainings from scratch need no factor."""
        return {"recipe": self.recipe.plain()} | ({} if self.factor is None else {"rate_factor": self.factor})


@dataclass(frozen=True, eq=False)
class Networks:
    """Steps that make the networks of a run."""

    run: Run

    def variants(self, model: str) -> tuple[Variant, ...]:
        """The networks of a model in the main job; the dense one comes first."""
        return variants_of(self.run.config.models[model], self.run.config.pruning.target)

    def variant(self, model: str, name: str) -> Variant:
        """The variant of a model that has a name."""
        return self._by_name[model][name]

    @cached_property
    def _by_name(self) -> dict[str, dict[str, Variant]]:
        return {model: {variant.name: variant for variant in self.variants(model)} for model in self.run.models}

    def _pruned(self, **chosen: bool) -> list[dict[str, str]]:
        """Model and name of the pruned variants whose attributes have these values."""
        return [
            {"model": model, "pruned": variant.name}
            for model in self.run.models
            for variant in self.variants(model)
            if not variant.is_dense and all(getattr(variant, name) == value for name, value in chosen.items())
        ]

    def pruned(self, model: str) -> tuple[Variant, ...]:
        """The pruned variants of a model."""
        return self.variants(model)[1:]

    def is_ranked(self, model: str) -> bool:
        """Whether a model has pruned variants whose channels are ranked by the weights of a trained dense network."""
        return any(not variant.at_init for variant in self.pruned(model))

    @property
    def has_step_trainings(self) -> bool:
        """Whether any network is pruned in several steps, with a training after each."""
        return any(self.steps(variant) > 1 for model in self.run.models for variant in self.pruned(model))

    @property
    def rewinds(self) -> bool:
        """Whether any network is taken back to the weights of an early epoch."""
        return any(variant.rewinds for model in self.run.models for variant in self.pruned(model))

    # How a variant is pruned.

    @property
    def rewind_epoch(self) -> int:
        """The epoch to which rewinding goes back."""
        return self.run.config.retraining.rewind_epoch

    @property
    def targets_latency(self) -> bool:
        """Whether ratios are parts of the latency."""
        return self.run.config.pruning.target == "latency"

    def steps(self, variant: Variant) -> int:
        """The steps in which a variant is pruned."""
        return self.run.config.retraining.steps if variant.from_trained else 1

    def ranking(self, **more: Any) -> dict[str, Any]:
        """The section `pruning`, without what its target has no use for."""
        unused = [] if self.targets_latency else ["latency"]
        return {key: value for key, value in self.run.config.pruning.plain().items() if key not in unused} | more

    def flops_ranking(self) -> dict[str, Any]:
        """The section `pruning` for studies that prune to a part of the FLOPs, whatever the main job's target is."""
        section = self.run.config.pruning.plain()
        return {key: value for key, value in section.items() if key not in ("target", "latency")}

    def prune_values(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a pruning, as a whole or in one step; the default criterion is left out."""
        variant = self.variant(wildcards["model"], wildcards["pruned"])
        steps = self.steps(variant)
        step = int(wildcards.get("step") or steps)
        criterion = {} if variant.criterion == NORM else {"criterion": variant.criterion}
        further: dict[str, Any] = {"exact": False} if step < steps else {}
        if wildcards.get("seed") is not None:
            further["seed"] = int(wildcards["seed"])
        ratio = variant.ratio_after(step, steps)
        return {"method": variant.method, "ratio": ratio, "pruning": self.ranking(**criterion), **further}

    def pruned_from(self, wildcards: Wildcards) -> dict[str, str]:
        """The files that pruning reads: the dense network, the result of the step before, or an untrained one."""
        run, model = self.run, wildcards["model"]
        variant = self.variant(model, wildcards["pruned"])
        step = int(wildcards.get("step") or self.steps(variant))
        dense = run.network.format(model=model, variant="dense")
        before = f"{run.network.format(model=model, variant=variant.name)}/step-{step - 1}"
        files = {"data": run.meta} if variant.criterion == "taylor" else {}  # it needs gradients
        if wildcards.get("seed") is not None:
            return {**files, **self.checked(wildcards), "architecture": f"{dense}/architecture.json"}
        if step == 1:
            files |= {"architecture": f"{dense}/architecture.json", "weights": f"{dense}/weights.safetensors"}
        else:
            files |= {"architecture": f"{before}/architecture.json", "weights": f"{before}/retrained.safetensors"}
            files |= {"dense": f"{dense}/architecture.json", "previous": f"{before}/pruning.json"}
        if variant.rewinds:
            early = f"{dense}/epoch-{self.rewind_epoch}/weights.safetensors"
            files["rewound"] = early if step == 1 else f"{before}/weights.safetensors"
        return files

    def checked(self, wildcards: Wildcards) -> dict[str, str]:
        """The check that a network must have passed before it is trained; empty for those that need none."""
        model = wildcards["model"]
        return {"check": self.check.outputs["check"].format(model=model)} if self.run.has_check(model) else {}

    @property
    def _pruning_cores(self) -> dict[str, int]:
        """Cores of a pruning job. What is measured must not share the machine with other jobs of this run."""
        cpus = self.run.config.pruning.latency.threads
        return {"threads": self.run.cores or cpus, "cpus": cpus} if self.targets_latency else {}

    # How a variant is trained.

    def folder(self, model: str, variant: Variant, seed: int | str) -> str:
        """The folder of a network; those pruned at initialisation have one for each seed."""
        folder = self.run.network.format(model=model, variant=variant.name)
        return f"{folder}/seed-{seed}" if variant.at_init else folder

    def to_train(self, wildcards: Wildcards) -> dict[str, str]:
        """The files of a network that is trained in the end: its architecture, and weights to go on from, if any."""
        variant = self.variant(wildcards["model"], wildcards["variant"])
        seed = wildcards.get("seed")
        folder = self.folder(wildcards["model"], variant, self.run.explored[0] if seed is None else seed)
        start = {"start": f"{folder}/weights.safetensors"} if variant.goes_on else {}
        return {"architecture": f"{folder}/architecture.json", **start}

    def to_calibrate(self, wildcards: Wildcards) -> dict[str, str]:
        """The architecture on which the ways to train a variant are measured: that of the first seed."""
        return {"architecture": self.to_train(wildcards)["architecture"], "data": self.run.meta}

    def to_choose(self, wildcards: Wildcards) -> dict[str, Any]:
        """The networks of a variant, of all seeds where they differ, for a job that learns later which it needs."""
        where = {name: wildcards[name] for name in ("model", "variant")}
        files = [self.to_train({**where, "seed": seed}) for seed in self.run.explored]
        choices = {key: list(dict.fromkeys(of[key] for of in files)) for key in files[0]}
        starts = {"starts": choices["start"]} if "start" in choices else {}
        # The first alone tells what the job will take.
        return {"architecture": choices["architecture"][0], "networks": choices["architecture"], **starts}

    def chosen_strategy(self) -> dict[str, str]:
        """The input of a training job that says how cells are trained, where the config leaves that to be measured."""
        return {"strategy": self.run.strategy} if self.run.is_calibrated else {}

    def records(self, model: str, variant: Variant) -> list[str]:
        """The records of how a variant was pruned: one, or one a seed."""
        folders = dict.fromkeys(self.folder(model, variant, seed) for seed in self.run.explored)
        return [f"{folder}/pruning.json" for folder in folders]

    def training(self, variant: Variant) -> Training:
        """The training of a variant at the cells of the grid."""
        if not variant.goes_on:
            return Training(self.run.config.recipe)
        config = self.run.config
        rate = config.retraining.fine_tuning_rate
        return Training(*retraining(config.recipe, variant.pipeline, self.rewind_epoch, rate))

    def of_dense(self, wildcards: Wildcards) -> dict[str, str]:
        """Files that the training of a dense network reads, patterns."""
        return {**self.checked(wildcards), "data": self.run.meta, "architecture": self.run.dense}

    # Steps.

    def _step(self, name: str, outputs: Mapping[str, str], jobs: Any, *more: Any, **others: Any) -> Step:
        return self.run.step(ROOM, name, outputs, jobs, *more, **{"sources": self.run.builder, **others})

    @cached_property
    def describe(self) -> Step:
        """The step that writes a dense network's architecture."""
        run = self.run
        return self._step(
            "describe_dense",
            {"architecture": run.dense},
            combinations(model=run.all_models),
            inputs={"data": run.meta},
            values=lambda wildcards: run.described(wildcards["model"]),
            is_local=True,
        )

    @cached_property
    def check(self) -> Step:
        """The step that finds out whether a network can be pruned as the config says, and how it may be trained.

        It comes before anything is trained where a network is imported, has layers of its own to ignore, or given
        weights; of others it is known, and `snakemake check` alone does it.
        """
        run = self.run
        study = run.config.stochastic
        scopes = [] if study is None else [*study.sweep.scopes, *study.grid.scopes, *study.fine_tuning.scopes]
        asked = [scope for scope in N_OF_M if scope in scopes]
        n_of_m = {"n_of_m": asked} if asked else {}

        def values(wildcards: Wildcards) -> dict[str, Any]:
            variants = {variant.name: variant.columns() for variant in self.pruned(wildcards["model"])}
            return {
                "variants": variants,
                "pruning": self.ranking(),
                "recipe": run.config.recipe.plain(),
                "engine": run.engine(),
                **run.weights(wildcards["model"]),
                **n_of_m,
            }

        return self._step(
            "check_network",
            {"check": f"{run.results}/models/{{model}}/dense/check.json"},
            combinations(model=[model for model in run.models if run.has_check(model) or self.pruned(model)]),
            inputs={"architecture": run.dense, "data": run.meta},
            values=values,
            sources=self._with_weights,
            is_local=True,
        )

    def _with_weights(self, wildcards: Wildcards) -> list[str]:
        """The sources that build a job's network, and the file of its given weights, whose content decides, too."""
        given = self.run.weights(wildcards["model"]).values()
        return [*self.run.builder(wildcards), *(f"{FILE}{path}" for path in given)]

    def _train(
        self,
        name: str,
        outputs: Mapping[str, str],
        jobs: Any,
        training: Callable[[Wildcards], Training],
        inputs: Files | Callable[[Wildcards], Files],
        may_be_given: bool = False,
    ) -> Step:
        """A step that trains networks whose weights pruning ranks, or goes back to: one at the prior a job.

        Args:
            name, jobs, inputs: see `Run.step`.
            outputs: weights and history, in a folder.
            training: by which a job trains.
            may_be_given: whether a network's weights are taken from a file, where the config names one.
        """
        run = self.run

        def values(wildcards: Wildcards) -> dict[str, Any]:
            model, seeded = wildcards["model"], {"engine": run.engine(strategy="serial"), "seed": CHECKPOINT_SEED}
            given = run.weights(model) if may_be_given else {}
            return {
                **run.fixed(model),
                **run.prior(model),
                "recipe": None,
                **seeded,
                **training(wildcards).values,
                **given,
            }

        def passes(wildcards: Wildcards, sizes: Sizes) -> int:
            if may_be_given and run.has_weights(wildcards["model"]):
                return sizes["validation"]
            prior = run.prior(wildcards["model"])
            return training_flops(1, 1, sizes, training(wildcards).recipe, prior.get("epochs"))

        return self._step(
            name,
            {key: f"{run.results}/models/{{model}}/{file}" for key, file in outputs.items()},
            jobs,
            "models/train_dense.py",
            "",
            inputs=inputs,
            values=values,
            networks=1,
            passes=passes,
            **({"sources": self._with_weights} if may_be_given else {}),
            **run.of_one,
        )

    @cached_property
    def train_dense(self) -> Step:
        """The step that trains a dense network, whose weights pruning ranks, or takes those that are given."""
        run = self.run
        return self._train(
            "train_dense",
            {"weights": "dense/weights.safetensors", "history": "dense/history.csv"},
            combinations(model=[model for model in run.models if self.is_ranked(model)]),
            lambda wildcards: Training(run.config.recipe),
            self.of_dense,
            may_be_given=True,
        )

    @cached_property
    def train_to_rewind(self) -> Step:
        """The step that trains the dense network again as far as the epoch to which rewinding goes back.

        These are the very weights that `train_dense` passes through, which need not run again for this pipeline.
        """
        rewinding = [model for model in self.run.models if any(variant.rewinds for variant in self.pruned(model))]
        folder = "dense/epoch-{epoch}"
        return self._train(
            "train_to_rewind",
            {"weights": f"{folder}/weights.safetensors", "history": f"{folder}/history.csv"},
            combinations(model=rewinding, epoch=[self.rewind_epoch]),
            lambda wildcards: Training(until(self.run.config.recipe, int(wildcards["epoch"]))),
            self.of_dense,
        )

    @cached_property
    def retrain_step(self) -> Step:
        """The step that trains a network between two steps of pruning."""
        before, folder = self.prune_step.outputs, "{pruned}/step-{step}"
        return self._train(
            "retrain_step",
            {"weights": f"{folder}/retrained.safetensors", "history": f"{folder}/history.csv"},
            self.prune_step.jobs,
            lambda wildcards: self.training(self.variant(wildcards["model"], wildcards["pruned"])),
            {"data": self.run.meta, "architecture": before["architecture"], "start": before["weights"]},
        )

    @cached_property
    def calibrate(self) -> Step:
        """The step that measures how the cells of a tile are trained fastest, where that is left to be measured.

        It has the cores that training has; on a cluster it must run on the same kind of machine, too.
        """
        run = self.run

        def values(wildcards: Wildcards) -> dict[str, Any]:
            cells = Lattice.of(run.config, wildcards["model"]).alike
            return {"recipe": run.config.recipe.plain(), "engine": run.engine(), "cells": cells}

        jobs = [{"model": model, "variant": variant.name} for model in run.models for variant in self.variants(model)]
        return self._step(
            "calibrate",
            {"strategy": run.strategy},
            jobs if run.is_calibrated else [],
            inputs=self.to_calibrate,
            values=values,
            **run.of_many,
        )

    @cached_property
    def prune(self) -> Step:
        """The step that prunes a trained network, as a whole or for the last time."""
        return self._pruning("prune", "", self._pruned(at_init=False))

    @cached_property
    def prune_step(self) -> Step:
        """The step that prunes a network in one of several steps, but the last."""
        jobs = [
            {**wildcards, "step": str(step)}
            for wildcards in self._pruned(from_trained=True)
            for step in range(1, self.steps(self.variant(wildcards["model"], wildcards["pruned"])))
        ]
        return self._pruning("prune_step", "step-{step}/", jobs)

    @cached_property
    def prune_initial(self) -> Step:
        """The step that prunes an untrained network, another one for each seed."""
        jobs = [
            {**wildcards, "seed": str(seed)} for wildcards in self._pruned(at_init=True) for seed in self.run.explored
        ]
        return self._pruning("prune_initial", "seed-{seed}/", jobs)

    def _pruning(self, name: str, folder: str, jobs: list[dict[str, str]]) -> Step:
        outputs = {"architecture": "architecture.json", "weights": "weights.safetensors", "record": "pruning.json"}
        return self._step(
            name,
            {key: f"{self.run.results}/models/{{model}}/{{pruned}}/{folder}{file}" for key, file in outputs.items()},
            jobs,
            "models/prune.py",
            # Widths that were found by measuring latency, which is never measured twice for one question.
            f"{self.run.results}/latency/{{model}}" if self.targets_latency else None,
            inputs=self.pruned_from,
            values=self.prune_values,
            **self._pruning_cores,
        )

    @cached_property
    def table(self) -> Step:
        """The step that puts the records of all prunings together."""
        run = self.run
        records = [
            (model, variant, record)
            for model in run.models
            for variant in self.pruned(model)
            for record in self.records(model, variant)
        ]
        named = [(model, variant.row()) for model, variant, _ in records]
        return run.step(
            ROOM,
            "table_hpspace_pruning",
            {"pruning": f"{run.results}/hpspace/pruning.csv", "channels": f"{run.results}/hpspace/channels.csv"},
            script="studies/table.py",
            inputs={"records": [record for _, _, record in records]},
            values={"function": TABULATE, "variants": named},
            sources=[TABULATE],
            is_local=True,
            captions=STUDY.of_tables(["pruning"]),
        )

    @property
    def measured(self) -> list[Step]:
        """The steps that train, prune or measure, in the order of the work."""
        return [
            self.describe,
            self.check,
            self.train_dense,
            self.train_to_rewind,
            self.calibrate,
            self.prune,
            self.prune_step,
            self.prune_initial,
            self.retrain_step,
        ]

    @property
    def files(self) -> list[str]:
        """Files of all networks of the main job, with the histories of their trainings and records of their pruning."""
        steps = [step for step in self.measured if step is not self.check]
        return [
            path
            for step in steps
            for job in step.all_jobs()
            if job.model in self.run.models
            for path in job.outputs.values()
        ]
