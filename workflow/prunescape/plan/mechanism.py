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
from prunescape.training.strategy import in_turn

EVEN_EPOCHS = 20
FLATNESS = 40  # times that a network sees its images for the top eigenvalue of its loss' Hessian
BESIDE = 80  # times that a network sees its images for its Fisher information and its loss' sharpness
COMBINED = "combined"  # statistics of batch norm between networks that are not measured anew


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
    def of_network(self) -> dict[str, Any]:
        """Files that every job of a model reads, patterns."""
        return {"data": self.run.meta, "architecture": self.run.dense}

    @property
    def of_trained(self) -> dict[str, Any]:
        """Files that every experiment on a pretrained network reads, patterns."""
        return {**self.of_network, "sizes": self.trained}

    @property
    def of_cycled(self) -> dict[str, Any]:
        """Files that every experiment on the networks of all cycles of a seed reads, patterns."""
        files = [self.cycled.replace("{retraining}", name) for name in self.cycles.retrainings]
        return {**self.of_trained, "networks": files}

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

    def _images(self, sizes: Sizes) -> int:
        return min(self.section.images or sizes["train"], sizes["train"])

    def _trained(self, networks: int) -> int:
        """Lanes that run where so many networks are trained together, idle ones included."""
        if in_turn(networks, self.run.counted_on):
            return networks
        return self.run.running(networks, self.section.lanes)

    def _once(self, model: str, sizes: Sizes, networks: int) -> int:
        """Images that the pretraining of some networks sends forwards."""
        return training_flops(1, self._trained(networks), sizes, self.pretraining(model))

    def _again(self, model: str, sizes: Sizes, networks: int) -> int:
        """Images that one retraining of some networks sends forwards."""
        return training_flops(1, self._trained(networks), sizes, self.retraining(model))

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

    def _retraining(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a job that retrains what it prunes."""
        return {**self._training(wildcards), "retraining": self.retraining(wildcards["model"]).plain()}

    def _measuring(self) -> dict[str, Any]:
        """The settings of a job that measures networks of one model."""
        return {"images": self.section.images, "engine": self.run.lanes(self.section.lanes)}

    def _sampling(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a job that ablates subsets of weights."""
        chosen, measuring = self.section.plain("levels", "subsets", "standard_error", "precision"), self._measuring()
        if self.section.ablation_precision != "engine":
            measuring["engine"]["precision"] = self.section.ablation_precision
        return {**measuring, "seed": int(wildcards["seed"]), **chosen}

    def _ways(self, model: str) -> Sequence[str]:
        """The ways of batch norm between networks; one, where there is none."""
        return self.surface.statistics if self.run.known(model).batch_norm else [COMBINED]

    @property
    def _batches(self) -> dict[str, Any]:
        """The batches on which statistics of batch norm are measured anew."""
        return self.run.config.recipe.plain("batch_size", "drop_last")

    def _epoch_statistics(self, model: str) -> dict[str, Any] | None:
        """The batches on which those of the network of an epoch are; None where they stay as they are."""
        recomputed = self.section.epoch_statistics == "recomputed" and self.run.known(model).batch_norm
        return self._batches if recomputed else None

    def _of_basins(self, model: str) -> dict[str, Any]:
        """The settings of a job that measures surfaces or lines."""
        return {
            **self._measuring(),
            "statistics": [None if way == COMBINED else self._batches for way in self._ways(model)],
        }

    def _of_cycles(self, wildcards: Wildcards) -> dict[str, Any]:
        """The settings of a job that looks at the networks of all cycles of a seed."""
        return {
            **self._of_basins(wildcards["model"]),
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
        **more: Any,
    ) -> Step:
        """A step that makes an experiment on each model and seed.

        Args:
            name, outputs, inputs, values, more: see `measure`.
            experiment: which one; None where all need it.
            networks: how many networks a job trains or evaluates, by model.
            passes: how many images it sends forwards, by model and images of each split.
        """
        return self.measure(
            name,
            outputs,
            inputs,
            values,
            lambda wildcards: networks(wildcards["model"]),
            lambda wildcards, sizes: passes(wildcards["model"], sizes),
            more.pop("jobs", self.model_seeds([experiment] if experiment else [])),
            self.section.lanes,
            **more,
        )

    def _ablating(
        self,
        name: str,
        experiment: str,
        outputs: Mapping[str, str],
        networks: Callable[[str], int],
        values: Callable[[str], dict[str, Any]] = lambda model: {},
        inputs: Mapping[str, Any] | None = None,
        passes: Callable[[str, Sizes], float] | None = None,
    ) -> Step:
        """A step that ablates subsets of weights.

        Args:
            name, experiment, networks: see `_experiment`.
            outputs: tables by name.
            values: settings beside those of sampling, by model.
            inputs: what is read; the pretrained networks, where None.
            passes: see `_experiment`; each network sees the images once, where None.
        """
        return self._experiment(
            name,
            experiment,
            self.of_trained if inputs is None else inputs,
            {name: self.part(table) for name, table in outputs.items()},
            lambda wildcards: {**self._sampling(wildcards), **values(wildcards["model"])},
            networks,
            passes or (lambda model, sizes: networks(model) * self._images(sizes)),
        )

    def _connecting(
        self,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, str],
        values: Callable[[Wildcards], dict[str, Any]],
        points: Callable[[str], Mapping[int, int]],
        beside: Callable[[str], int] = lambda model: 0,
        **more: Any,
    ) -> Step:
        """A step that measures points of planes and lines, where statistics may be recomputed before; see `measure`.

        Args:
            points: of a model, how many planes or lines there are, by their numbers of points.
            beside: how often its networks see the images for what else the step measures.
        """

        def passes(model: str, sizes: Sizes) -> int:
            """The number of images that pass through networks; twice as many where statistics are recomputed."""
            lanes = sum(count * self.run.running(each, self.section.lanes) for each, count in points(model).items())
            ways = sum(1 if way == COMBINED else 2 for way in self._ways(model))
            return (lanes * ways + beside(model)) * self._images(sizes)

        return self._experiment(
            name,
            "cycles",
            inputs,
            outputs,
            values,
            lambda model: sum(each * count for each, count in points(model).items()) * len(self._ways(model)),
            passes,
            **more,
        )

    @cached_property
    def pretrain_sizes(self) -> Step:
        """The step that trains a model at all its sizes."""
        files = {"sizes": self.trained}
        files |= {"epochs": f"{self._networks}/epochs.safetensors", "history": f"{self._networks}/history.csv"}

        def values(wildcards: Wildcards) -> dict[str, Any]:
            chosen = {"sizes": self.sizes(wildcards["model"]), "measured_epochs": self.measured_epochs}
            return {**self._training(wildcards), **chosen}

        return self._experiment(
            "pretrain_sizes",
            None,
            self.of_network,
            files,
            values,
            lambda model: len(self.sizes(model)),
            lambda model, sizes: self._once(model, sizes, len(self.sizes(model))),
            checkpoint="",
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
            lambda wildcards: {**self._retraining(wildcards), **self.section.plain("pruning_ratios")},
            lambda model: 2 * pairs,
            lambda model, sizes: 2 * self._again(model, sizes, pairs) + self._once(model, sizes, pairs),
            checkpoint="",
        )

    @property
    def _ablations(self) -> list[Step]:
        """The steps that ablate subsets of weights."""
        section, epochs = self.section, {**self.of_network, "epochs": self.pretrain_sizes.outputs["epochs"]}
        bands, at_epochs = section.bands * len(section.levels), len(self.measured_epochs) * self._levels
        pruned = {**self.of_trained, "networks": self.retrain_pruned.outputs["networks"]}
        return [
            self._ablating(
                "ablate_epochs",
                "epochs",
                {
                    "epochs": "utility_epochs",
                    "bands": "utility_bands",
                    "explained": "utility_explained",
                    "sharpness": "sharpness",
                },
                lambda model: at_epochs + bands,
                lambda model: {"bands": section.bands, "statistics": self._epoch_statistics(model)},
                epochs,
                lambda model, sizes: (at_epochs + bands + len(self.measured_epochs) * BESIDE) * self._images(sizes),
            ),
            self._ablating(
                "ablate_sizes",
                "sizes",
                {"table": "utility_sizes"},
                lambda model: 2 * 2 * len(self.sizes(model)) * self._levels,  # before training, too, and by number
                lambda model: {
                    "sizes": self.sizes(model),
                    "epoch": self.run.config.recipe.epochs,
                    "statistics": self._epoch_statistics(model),
                },
            ),
            self.retrain_pruned,
            self._ablating(
                "ablate_pruned",
                "pruned",
                {"table": "utility_pruned"},
                lambda model: 3 * len(section.pruning_ratios) * self._levels,
                lambda model: section.plain("pruning_ratios"),
                pruned,
            ),
            self._ablating(
                "ablate_channels",
                "channels",
                {"channels": "utility_channels", "correlations": "rank_correlations"},
                lambda model: self._levels,  # the channels themselves, some hundreds, are left out
                passes=lambda model, sizes: self._levels * (self._images(sizes) + sizes["validation"]),
            ),
        ]

    @cached_property
    def retrain_channel_sets(self) -> Step:
        """The step that removes random sets of channels, and retrains."""
        sets = self.section.prediction.sets
        chosen = self.section.prediction.plain("sets", "fraction")
        return self._experiment(
            "retrain_channel_sets",
            "prediction",
            self.of_trained,
            {"table": self.part("prediction")},
            lambda wildcards: {**self._retraining(wildcards), **chosen, "images": self.section.images},
            lambda model: 2 * sets,
            lambda model, sizes: 2 * self._again(model, sizes, sets),
            checkpoint="",
        )

    @cached_property
    def prune_in_cycles(self) -> Step:
        """The step that prunes and retrains in cycles."""
        number, folder = self.cycles.number, f"{self.folder}/parts/cycles"

        def networks(model: str) -> int:
            return len(self.prunings(model)) * number + self._small_networks(model)

        def passes(model: str, sizes: Sizes) -> int:
            small, together = self._small_networks(model), len(self.prunings(model))
            again = self._again(model, sizes, together) + self._again(model, sizes, small)
            return self._once(model, sizes, small) + number * again

        def values(wildcards: Wildcards) -> dict[str, Any]:
            fractions = self.cycles.plain(*self.prunings(wildcards["model"]))
            cycles = {"fractions": fractions, "cycles": number, "small": self.cycles.small}
            return {**self._retraining(wildcards), **cycles}

        return self._experiment(
            "prune_in_cycles",
            "cycles",
            self.of_trained,
            {"networks": self.cycled, "table": f"{folder}/{{model}}/seed-{{seed}}_{{retraining}}.csv"},
            values,
            networks,
            passes,
            checkpoint="",
            jobs=[
                {**job, "retraining": name} for job in self.model_seeds(["cycles"]) for name in self.cycles.retrainings
            ],
        )

    @property
    def _basins(self) -> list[Step]:
        """The steps that measure surfaces and lines between networks."""
        seeds, surface = self.seeds, self.surface
        of_seeds = {**self.of_network, "sizes": [self.trained.replace("{seed}", str(seed)) for seed in seeds]}

        def on_planes(model: str) -> dict[int, int]:
            return {surface.side**2: self._cycles_of(model) * len(self.planes)}

        def on_lines(model: str) -> dict[int, int]:
            small = len(self.cycles.retrainings) * self._small_networks(model)
            # To W_r, from the cycle before, and one in a random direction; and to small networks.
            return {surface.line: self._cycles_of(model) * 2 * self.cycles.number + small, 2: small}

        return [
            self._connecting(
                "map_surfaces",
                self.of_cycled,
                {name: self.part(name) for name in ("surface", "marks", "distances")},
                lambda wildcards: {**self._of_cycles(wildcards), "planes": self.planes, "side": surface.side},
                on_planes,
            ),
            self._connecting(
                "connect_cycles",
                self.of_cycled,
                {name: self.part(name) for name in ("lines", "barriers", "flatness")},
                lambda wildcards: {**self._of_cycles(wildcards), "points": surface.line},
                on_lines,
                beside=lambda model: FLATNESS * (1 + 2 * self._cycles_of(model)),
            ),
            self._connecting(
                "connect_seeds",
                of_seeds,
                {name: f"{self.folder}/parts/{name}/{{model}}/seeds.csv" for name in ("lines", "barriers")},
                lambda wildcards: {
                    **self._of_basins(wildcards["model"]),
                    "points": surface.line,
                    "seeds": seeds,
                    "seed": seeds[0],
                },
                lambda model: {surface.line: 3 * math.comb(len(seeds), 2)},  # as they are, and matched in two ways
                jobs=combinations(model=self.models_of(["cycles"]) if len(seeds) > 1 else []),
            ),
        ]

    @cached_property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        return [
            self.pretrain_sizes,
            *self._ablations,
            self.retrain_channel_sets,
            self.prune_in_cycles,
            *self._basins,
        ]
