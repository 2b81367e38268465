"""The study `mechanism`: its experiments on each model, their cost, and the tables and figures that follow."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prunescape.config.mechanism import Cycles, Surface
from prunescape.config.mechanism import Mechanism as Section
from prunescape.config.recipe import Recipe
from prunescape.plan.companion import Companion
from prunescape.plan.cost import training_flops
from prunescape.plan.step import Sizes, Step, Wildcards, combinations
from prunescape.studies.mechanism import STUDY
from prunescape.training.retraining import resized

EVEN_EPOCHS = 20
# What the claims follow from.
STATED = {
    "epochs": ["utility_epochs_summary"],
    "sizes": ["utility_sizes_summary"],
    "pruned": ["utility_pruned_summary", "retrained"],
    "channels": ["rank_correlations"],
    "cycles": ["cycles", "barriers"],
}


@dataclass(frozen=True, eq=False)
class Mechanism(Companion[Section]):
    """Who does the work in a network? An experiment has a job for each model and seed."""

    study = STUDY

    # Files.

    @property
    def _networks(self) -> str:
        return f"{self.folder}/networks/{{model}}/seed-{{seed}}"

    @property
    def trained(self) -> str:
        """The pretrained networks of all sizes, a pattern of `{model}` and `{seed}`."""
        return f"{self._networks}/sizes.safetensors"

    @property
    def cycled(self) -> str:
        """The networks of all cycles of a retraining, a pattern of `{model}`, `{seed}` and `{retraining}`."""
        return f"{self._networks}/cycles-{{retraining}}.safetensors"

    @property
    def of_network(self) -> dict[str, str]:
        """Files that every job of a model reads, patterns."""
        return {"data": self.run.meta, "architecture": self.run.dense}

    @property
    def of_trained(self) -> dict[str, str]:
        """Files that every experiment on a pretrained network reads, patterns."""
        return {**self.of_network, "sizes": self.trained}

    @property
    def of_cycled(self) -> dict[str, Any]:
        """Files that every experiment on the networks of all cycles of a seed reads, patterns."""
        files = [self.cycled.replace("{retraining}", name) for name in self.cycles.retrainings]
        return {**self.of_trained, "networks": files}

    @property
    def of_seeds(self) -> dict[str, Any]:
        """Files that the experiment on lines between networks of different seeds reads, patterns."""
        return {**self.of_network, "sizes": [self.trained.replace("{seed}", str(seed)) for seed in self.run.seeds]}

    @property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of the study's own wildcards, by name."""
        return {"retraining": "fine_tuning|rewinding"}

    # What is done with each model.

    @property
    def cycles(self) -> Cycles:
        """The section on cycles of pruning and retraining."""
        return self.section.cycles

    @property
    def surface(self) -> Surface:
        """The section on planes and lines between networks."""
        return self.section.surface

    def experiments(self, model: str) -> list[str]:
        """The experiments that a model takes part in."""
        chosen = self.run.config.models[model].mechanism.experiments
        return [name for name in self.section.experiments if chosen is None or name in chosen]

    def models_of(self, when: Collection[str]) -> list[str]:
        """The models of which something is made that needs one of these experiments, or none."""
        return [model for model in self.models if not when or set(when) & set(self.experiments(model))]

    def values_of(self, wildcard: str, known: Mapping[str, str]) -> Sequence[str]:
        """The values of a wildcard of figures, where those of the wildcards before it are known."""
        if wildcard == "pruning":
            return self.prunings(known["model"])
        return self.cycles.retrainings if wildcard == "retraining" else super().values_of(wildcard, known)

    def sizes(self, model: str) -> list[float]:
        """The sizes at which a model is trained; the whole one comes first."""
        sizes = self.section.sizes if "sizes" in self.experiments(model) else ()
        return sorted({1.0, *sizes}, reverse=True)

    def prunings(self, model: str) -> list[str]:
        """The kinds of pruning in a model's cycles: without batch norm there is nothing to rank channels by."""
        return [name for name in self.cycles.prunings if name == "weights" or self.run.known(model).batch_norm]

    @property
    def measured_epochs(self) -> list[int]:
        """The epochs after which utility is measured."""
        epochs = self.run.config.recipe.epochs
        even = [round(epochs * step / EVEN_EPOCHS) for step in range(EVEN_EPOCHS + 1)]
        return sorted({*(self.section.measured_epochs or even), epochs})

    @property
    def planes(self) -> list[int]:
        """The cycles whose planes are measured."""
        return sorted(self.surface.cycles or range(1, self.cycles.number + 1))

    def pretraining(self, model: str) -> Recipe:
        """The recipe of a model in this study: that of the config, with momentum as the study has it."""
        recipe, momentum = self.run.config.recipe, self.run.config.models[model].mechanism.momentum
        return recipe if momentum is None else recipe.changed(momentum=momentum)

    def retraining(self, model: str) -> Recipe:
        """The recipe by which a model is retrained: that of pretraining, in the epochs that are given to retraining."""
        return resized(self.pretraining(model), self.section.retraining_epochs)

    def rates(self, model: str) -> dict[str, float]:
        """Learning rate and weight decay of a model in this study."""
        section = self.run.config.models[model]
        decay = section.mechanism.weight_decay
        return {
            "learning_rate": section.learning_rate,
            "weight_decay": section.weight_decay if decay is None else decay,
        }

    # How many networks, and images.

    @property
    def _levels(self) -> int:
        """Subsets of a network that are ablated."""
        return len(self.section.levels) * self.section.subsets

    def _cycles_of(self, model: str) -> int:
        """Number of cycles with planes and lines of a model's job: those of each pruning and retraining."""
        return len(self.prunings(model)) * len(self.cycles.retrainings)

    def _small_networks(self, model: str) -> int:
        """Number of small networks that are trained beside the cycles of one retraining."""
        return len(self.prunings(model)) * (self.cycles.number if self.cycles.small == "every" else 1)

    def _ablations(self, networks: int) -> Callable[[str, Sizes], int]:
        """Images that go forwards through so many networks, as they are."""
        return lambda model, sizes: networks * self._images(sizes)

    def _images(self, sizes: Sizes) -> int:
        return min(self.section.images or sizes["train"], sizes["train"])

    def _basins(self, networks: int, sizes: Sizes) -> int:
        """Images that go forwards through points of planes and lines, where statistics may be recomputed before."""
        return networks * self._images(sizes) * (2 if self.surface.recompute else 1)

    def _once(self, model: str, sizes: Sizes) -> int:
        """Images that one pretraining sends forwards."""
        return training_flops(1, 1, sizes, self.pretraining(model))

    def _again(self, model: str, sizes: Sizes) -> int:
        """Images that one retraining sends forwards."""
        return training_flops(1, 1, sizes, self.retraining(model))

    # Settings.

    def _training(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a job that trains networks of one model and seed."""
        model = wildcards["model"]
        return {
            "recipe": self.pretraining(model).plain(),
            **self.rates(model),
            "engine": self.run.lanes(self.section.lanes),
            "seed": int(wildcards["seed"]),
        }

    def _measuring(self) -> dict[str, Any]:
        """The settings of a job that measures networks of one model."""
        return {"images": self.section.images, "engine": self.run.lanes(self.section.lanes)}

    def _sampling(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a job that ablates subsets of weights."""
        chosen = self.section.plain("levels", "subsets", "standard_error")
        return {**self._measuring(), "seed": int(wildcards["seed"]), **chosen}

    def _of_basins(self) -> dict[str, Any]:
        """The settings of a job that measures surfaces or lines."""
        statistics = self.run.config.recipe.batch_size if self.surface.recompute else None
        return {**self._measuring(), "statistics": statistics}

    def _of_cycles(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a job that looks at the networks of all cycles of a seed."""
        return {
            **self._of_basins(),
            "seed": int(wildcards["seed"]),
            "prunings": self.prunings(wildcards["model"]),
            "retrainings": list(self.cycles.retrainings),
            "cycles": self.cycles.number,
        }

    # Steps.

    def _experiment(
        self,
        name: str,
        experiment: str | None,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, str],
        values: Callable[[Wildcards], dict[str, Any]],
        networks: Callable[[str], int],
        passes: Callable[[str, Sizes], float],
        checkpoint: str | None = None,
        jobs: list[dict[str, str]] | None = None,
    ) -> Step:
        """A step that makes an experiment on each model and seed.

        Args:
            name, outputs, checkpoint: see `Run.step`.
            experiment: which one; None where all need it.
            inputs: what a job reads, patterns.
            values: the settings.
            networks: how many networks a job trains or evaluates, by model.
            passes: how many images it sends forwards, by model and images of each split.
            jobs: the wildcards of all jobs; each model and seed, where none are given.
        """
        return self.step(
            name,
            outputs,
            self.model_seeds(self.models_of([experiment] if experiment else ())) if jobs is None else jobs,
            None,
            checkpoint,
            inputs=inputs,
            values=values,
            sources=self.source,
            networks=lambda wildcards: networks(wildcards["model"]),
            held=lambda wildcards: self.run.held(networks(wildcards["model"]), self.section.lanes),
            passes=lambda wildcards, sizes: passes(wildcards["model"], sizes),
        )

    @cached_property
    def pretrain_sizes(self) -> Step:
        """The step that trains a model at all its sizes."""
        return self._experiment(
            "pretrain_sizes",
            None,
            self.of_network,
            {
                "sizes": self.trained,
                "epochs": f"{self._networks}/epochs.safetensors",
                "history": f"{self._networks}/history.csv",
            },
            lambda wildcards: {
                **self._training(wildcards),
                "sizes": self.sizes(wildcards["model"]),
                "measured_epochs": self.measured_epochs,
            },
            lambda model: len(self.sizes(model)),
            lambda model, sizes: len(self.sizes(model)) * self._once(model, sizes),
            "",
        )

    @cached_property
    def ablate_epochs(self) -> Step:
        """The step that ablates subsets of weights over the training."""
        networks = len(self.measured_epochs) * self._levels + self.section.bands * len(self.section.levels)
        return self._experiment(
            "ablate_epochs",
            "epochs",
            {**self.of_network, "epochs": self.pretrain_sizes.outputs["epochs"]},
            {"epochs": self.part("utility_epochs"), "bands": self.part("utility_bands")},
            lambda wildcards: {**self._sampling(wildcards), "bands": self.section.bands},
            lambda model: networks,
            self._ablations(networks),
        )

    @cached_property
    def ablate_sizes(self) -> Step:
        """The step that ablates subsets of weights of networks of all sizes."""

        def networks(model: str) -> int:
            return 2 * len(self.sizes(model)) * self._levels

        return self._experiment(
            "ablate_sizes",
            "sizes",
            self.of_trained,
            {"table": self.part("utility_sizes")},
            lambda wildcards: {
                **self._sampling(wildcards),
                "sizes": self.sizes(wildcards["model"]),
                "epoch": self.run.config.recipe.epochs,
            },
            networks,
            lambda model, sizes: networks(model) * self._images(sizes),
        )

    @cached_property
    def retrain_pruned(self) -> Step:
        """The step that prunes at once and retrains, beside small networks from scratch."""
        pairs = len(self.section.pruning_ratios)
        return self._experiment(
            "retrain_pruned",
            "pruned",
            self.of_trained,
            {"networks": f"{self._networks}/pruned.safetensors", "table": self.part("retrained")},
            lambda wildcards: {
                **self._training(wildcards),
                "retraining": self.retraining(wildcards["model"]).plain(),
                **self.section.plain("pruning_ratios"),
            },
            lambda model: 2 * pairs,
            lambda model, sizes: 2 * pairs * self._again(model, sizes) + pairs * self._once(model, sizes),
            "",
        )

    @cached_property
    def ablate_pruned(self) -> Step:
        """The step that ablates subsets of weights of pruned networks."""
        networks = 3 * len(self.section.pruning_ratios) * self._levels
        return self._experiment(
            "ablate_pruned",
            "pruned",
            {**self.of_trained, "networks": self.retrain_pruned.outputs["networks"]},
            {"table": self.part("utility_pruned")},
            lambda wildcards: {**self._sampling(wildcards), **self.section.plain("pruning_ratios")},
            lambda model: networks,
            self._ablations(networks),
        )

    @cached_property
    def ablate_channels(self) -> Step:
        """The step that ablates channels, and compares what their utility predicts."""
        networks = self._levels  # the channels themselves, some hundreds, are left out
        return self._experiment(
            "ablate_channels",
            "channels",
            self.of_trained,
            {"channels": self.part("utility_channels"), "correlations": self.part("rank_correlations")},
            self._sampling,
            lambda model: networks,
            lambda model, sizes: networks * (self._images(sizes) + sizes["validation"]),
        )

    @cached_property
    def prune_in_cycles(self) -> Step:
        """The step that prunes and retrains in cycles."""
        number = self.cycles.number

        def networks(model: str) -> int:
            return len(self.prunings(model)) * number + self._small_networks(model)

        def passes(model: str, sizes: Sizes) -> int:
            small, again = self._small_networks(model), self._again(model, sizes)
            return (networks(model) - small) * again + small * (self._once(model, sizes) + number * again)

        return self._experiment(
            "prune_in_cycles",
            "cycles",
            self.of_trained,
            {
                "networks": self.cycled,
                "table": f"{self.folder}/parts/cycles/{{model}}/seed-{{seed}}_{{retraining}}.csv",
            },
            lambda wildcards: {
                **self._training(wildcards),
                "retraining": self.retraining(wildcards["model"]).plain(),
                "fractions": self.cycles.plain(*self.prunings(wildcards["model"])),
                "cycles": number,
                "small": self.cycles.small,
            },
            networks,
            passes,
            "",
            combinations(model=self.models_of(["cycles"]), seed=self.run.seeds, retraining=self.cycles.retrainings),
        )

    @cached_property
    def map_surfaces(self) -> Step:
        """The step that maps the loss on the planes through networks of cycles."""

        def networks(model: str) -> int:
            return self._cycles_of(model) * len(self.planes) * self.surface.side**2

        return self._experiment(
            "map_surfaces",
            "cycles",
            self.of_cycled,
            {name: self.part(name) for name in ("surface", "marks", "distances")},
            lambda wildcards: {**self._of_cycles(wildcards), "planes": self.planes, "side": self.surface.side},
            networks,
            lambda model, sizes: self._basins(networks(model), sizes),
        )

    @cached_property
    def connect_cycles(self) -> Step:
        """The step that measures the loss on lines between networks of cycles."""

        def networks(model: str) -> int:
            small = 2 * len(self.cycles.retrainings) * self._small_networks(model)
            return self._cycles_of(model) * self.cycles.number * self.surface.line + small

        return self._experiment(
            "connect_cycles",
            "cycles",
            self.of_cycled,
            {name: self.part(name) for name in ("lines", "barriers")},
            lambda wildcards: {**self._of_cycles(wildcards), "points": self.surface.line},
            networks,
            lambda model, sizes: self._basins(networks(model), sizes),
        )

    @cached_property
    def connect_seeds(self) -> Step:
        """The step that measures the loss on lines between networks of different seeds."""
        seeds = self.run.seeds
        networks = math.comb(len(seeds), 2) * self.surface.line
        return self._experiment(
            "connect_seeds",
            "cycles",
            self.of_seeds,
            {name: f"{self.folder}/parts/{name}/{{model}}/seeds.csv" for name in ("lines", "barriers")},
            lambda wildcards: {
                **self._of_basins(),
                "points": self.surface.line,
                "seeds": seeds,
                "seed": seeds[0],
            },
            lambda model: networks,
            lambda model, sizes: self._basins(networks, sizes),
            jobs=combinations(model=self.models_of(["cycles"]) if len(seeds) > 1 else []),
        )

    @property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        return [
            self.pretrain_sizes,
            self.ablate_epochs,
            self.ablate_sizes,
            self.retrain_pruned,
            self.ablate_pruned,
            self.ablate_channels,
            self.prune_in_cycles,
            self.map_surfaces,
            self.connect_cycles,
            self.connect_seeds,
        ]

    # Tables.

    def parts_of(self, wildcards: Wildcards) -> list[str]:
        """The parts of a collected table."""
        table = wildcards["table"]
        others = [f"_{name}" for name in self.cycles.retrainings] if table == "cycles" else [""]
        own = [f"seed-{seed}{other}" for seed in self.run.seeds for other in others]
        own += ["seeds"] if table in ("lines", "barriers") and len(self.run.seeds) > 1 else []
        models = self.models_of(self.study.table(table).when)
        return [f"{self.folder}/parts/{table}/{model}/{name}.csv" for model in models for name in own]

    @cached_property
    def summaries(self) -> list[Step]:
        """The steps that make tables and claims of what was measured."""
        made = [name for experiment, tables in STATED.items() if self.makes([experiment]) for name in tables]
        return [*self.analyses, self.claims(self.tables(*made), "anonymous2021", tolerance=self.section.tolerance)]
