"""The study `stochastic`: the networks of each experiment, and the tables, claims and figures that follow.

The networks of the config's seeds explore, on held-out images: sweep, grid, searches, structured pruning. What they
chose is measured on fresh networks, on the test images, with draws of their own.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prunescape.config.models import OfStochastic
from prunescape.config.recipe import Recipe
from prunescape.config.stochastic import FineTuning, NoiseGrid, Sweep
from prunescape.config.stochastic import Stochastic as Section
from prunescape.data.randomness import fresh_seed
from prunescape.plan.companion import Companion
from prunescape.plan.cost import population, training_flops
from prunescape.plan.step import Files, Sizes, Step, Wildcards, combinations
from prunescape.pruning.settings import GRASP, MAGNITUDE, SPARSEGPT, WANDA, way_names
from prunescape.stochastic.names import CONTROLS, UPDATED
from prunescape.studies.stochastic import STUDY

# Forward passes of the sample that scoring is worth: a gradient of a gradient, inputs, and products of all their pairs.
STRUCTURED = "structured"  # what needs networks that lose whole filters
SCORING_PASSES = {GRASP: 8, WANDA: 1, SPARSEGPT: 4}


def _methods(section: Sweep | NoiseGrid | FineTuning) -> list[str]:
    """Names of the ways in which a section chooses weights, each score in each scope."""
    return way_names(section.methods, section.scopes)


def _variants(section: Sweep | NoiseGrid) -> dict[str, Any]:
    """Settings of a section as `prunescape.stochastic.variants.variants` takes them."""
    return {"methods": _methods(section), **section.plain("gammas", "sigmas", "draws")}


@dataclass(frozen=True, eq=False)
class Stochastic(Companion[Section]):
    """Does noise before pruning give better sparse networks? One job an experiment, model and seed."""

    study = STUDY

    @property
    def models(self) -> list[str]:
        """The networks that it studies, those without channels to prune, too."""
        return list(self.run.config.models)

    def models_of(self, when: Collection[str]) -> list[str]:
        """The networks of which something is made that needs whole filters, or nothing."""
        return self.run.models if STRUCTURED in when else self.models

    # Seeds.

    def fresh_seeds(self, model: str) -> list[int]:
        """The seeds of the networks that confirm, which are used for nothing else."""
        confirm = self.section.confirm
        purpose = f"{self.name}/{model}/{confirm.generation}"
        return [fresh_seed(number, purpose) for number in range(confirm.seeds)]

    def fresh(self, when: Collection[str] = ()) -> list[dict[str, str]]:
        """The wildcards of jobs that look at one network that confirms, of those that have one of these experiments."""
        return [
            job for model in self.models_of(when) for job in combinations(model=[model], seed=self.fresh_seeds(model))
        ]

    @property
    def _pretrained(self) -> str:
        return f"{self.folder}/pretrained/{{model}}/seed-{{seed}}"

    @property
    def cell(self) -> str:
        """A model's best pruning rate and noise, a pattern of `{model}`."""
        return f"{self.folder}/cells/{{model}}.json"

    @property
    def of_pretrained(self) -> dict[str, str]:
        """Files that every experiment on a pretrained network reads, patterns."""
        return {
            "data": self.run.meta,
            "architecture": self.run.dense,
            "weights": f"{self._pretrained}/weights.safetensors",
        }

    # Networks of the experiments.

    def of_model(self, model: str) -> OfStochastic:
        """The config's settings of a model for this study alone."""
        return self.run.config.models[model].stochastic

    def sweep(self, model: str) -> dict[str, Any]:  # noqa: ARG002 - as its neighbours
        """The networks of the sweep over pruning rate and noise."""
        kinds = ["dense", "dense_stochastic", "deterministic", "stochastic"]
        return {**_variants(self.section.sweep), "kinds": kinds}

    def grid(self, model: str) -> dict[str, Any]:  # noqa: ARG002
        """The networks of the grid search."""
        chosen = {**_variants(self.section.grid), "methods": self._grid_methods}
        return {**chosen, "kinds": ["deterministic", "stochastic"]}

    @property
    def _grid_methods(self) -> list[str]:
        return list(dict.fromkeys([MAGNITUDE, *_methods(self.section.grid)]))

    def confirmed(self, model: str) -> dict[str, Any]:  # noqa: ARG002
        """The networks that confirm one-shot gains, beside what was chosen."""
        grid, draws = self.section.grid.plain("gammas", "sigmas"), self.section.confirm.draws
        return {**grid, "methods": self._grid_methods, "draws": draws}

    def transfer(self, model: str) -> dict[str, Any]:
        """The networks with masks and weights exchanged."""
        sigma = self.of_model(model).transfer_sigma
        return {
            "methods": [MAGNITUDE],
            "gammas": list(self.of_model(model).transfer_gammas or self.section.transfer.gammas),
            "sigmas": sigma and [sigma],
            "draws": self.section.transfer.draws,
            "kinds": ["deterministic", "stochastic", "mask_s_to_d", "mask_d_to_s"],
        }

    def variance_sweep(self, model: str) -> dict[str, Any]:  # noqa: ARG002
        """The networks of the sweep whose feature variance is measured."""
        return {**_variants(self.section.sweep), "methods": [MAGNITUDE], "kinds": ["deterministic", "stochastic"]}

    def fine_tuned(self, model: str) -> dict[str, Any]:
        """The networks that are fine-tuned, beside the best cell."""
        chosen = self.section.fine_tuning.plain("sigmas", "draws")
        return {
            "methods": _methods(self.section.fine_tuning),
            **chosen,
            "gamma": self.of_model(model).fine_tuning_gamma,
        }

    def structured(self, model: str) -> dict[str, Any]:
        """The networks that lose whole filters."""
        return {**self.run.config.models[model].plain("methods", "ratios"), **self.section.structured.plain()}

    @property
    def fine_tuning(self) -> Recipe:
        """The recipe of fine-tuning."""
        section = self.section.fine_tuning
        epochs = {"epochs": section.epochs, "evaluate_every": section.epochs}
        return self.run.config.recipe.changed(
            **epochs, clip=section.clip, schedule="cosine", decay_epochs=(), warmup_epochs=0
        )

    # Their number, and what they cost.

    def _fine_tuned_networks(self, model: str) -> int:
        """Number of networks that are fine-tuned, an upper bound."""
        chosen = self.fine_tuned(model)
        plain, noises = 3, len(chosen["sigmas"]) + 1
        return len(chosen["methods"]) * (3 * plain + noises * chosen["draws"])  # the plain ones have two controls

    def _confirmed_networks(self, model: str) -> int:
        """Number of networks that confirm one-shot gains, an upper bound."""
        wanted = self.confirmed(model)
        cells = len(wanted["gammas"]) * len(wanted["sigmas"]) + 1 + len(wanted["methods"])
        return 1 + cells + (1 + cells) * wanted["draws"] + population(self.transfer(model))

    def _confirmed_structured(self, model: str) -> int:  # noqa: ARG002
        """Number of networks that lose whole filters as it was chosen."""
        return 1 + self.section.confirm.draws

    def controls(self, model: str) -> list[str]:
        """The controls of noise that a network allows."""
        hidden = () if self.run.known(model).inputs_seen else (UPDATED,)
        return [control for control in CONTROLS if control not in hidden]

    def _controlled_networks(self, model: str) -> int:
        """Number of networks that are controls of noise, or would be deployed, an upper bound."""
        noisy, cells, draws = 3, 2, self.section.confirm.draws
        deployed = 1 + (len(_methods(self.section.sweep)) + 1) * (1 + draws)
        return cells * (len(self.controls(model)) - noisy + noisy * draws) + deployed

    def _searched_networks(self, model: str) -> int:  # noqa: ARG002
        """Number of networks that the searches evaluate."""
        chosen = self.section.search
        return 2 * len(chosen.algorithms) * chosen.seeds * chosen.budget * (chosen.draws + 1)

    def _structured_networks(self, model: str) -> int:
        """Number of networks that lose whole filters."""
        chosen = self.structured(model)
        return len(chosen["methods"]) * len(chosen["ratios"]) * (1 + len(chosen["sigmas"]) * chosen["draws"])

    def _images(self, rule: str, sizes: Sizes) -> int:
        """Number of images that each network of a job sees forwards, where it is not trained."""
        sample = min(self.section.sample or sizes["train"], sizes["train"])
        swept, of_grid, of_tuned = (
            sample * max(SCORING_PASSES.get(score, 0) for score in section.methods)
            for section in (self.section.sweep, self.section.grid, self.section.fine_tuning)
        )
        held_out = self.section.held_out
        once = {
            "pretrain": 0,
            "measure_feature_variance": 3 * sample,  # as pretrained; recalibrated, and that itself
            # gradients and variances, before and after
            "fine_tune": 2 * sizes["validation"] + 8 * sample + 6 * held_out + of_tuned,
            "search": held_out,
            "evaluate_sweep": 2 * held_out + sample + swept,
            "evaluate_grid": 2 * held_out + sample + of_grid,
            "confirm_noise": 2 * (sizes["validation"] + held_out) + 2 * sample + of_grid,
            "evaluate_structured": 2 * held_out + sample,
        }
        return int(once.get(rule, 2 * sizes["validation"] + sample))

    def _on_lines(self, rule: str, sizes: Sizes) -> int:
        """Number of images that the networks on lines see forwards, with those of their batch norm."""
        if rule != "fine_tune":
            return 0
        basin, stages = self.section.basin, 2
        sample = min(self.section.sample or sizes["train"], sizes["train"])
        return stages * (1 + 2 * basin.draws) * basin.points * (sizes["validation"] + sample)

    # Steps.

    def _measuring(
        self,
        name: str,
        outputs: Mapping[str, str],
        networks: Callable[[str], int],
        values: Callable[[str], dict[str, Any]],
        at_best: bool = False,
        recipe: Recipe | None = None,
        confirms: bool = False,
        when: Collection[str] = (),
        **more: Any,
    ) -> Step:
        """A step that measures one pretrained network.

        Args:
            name, outputs, more: see `measure`.
            networks: how many networks a job makes of a model.
            values: settings beside those that all have, by model.
            at_best: whether it needs what was chosen.
            recipe: by which these are trained.
            confirms: whether it looks at fresh networks, and not at those that explore.
            when: what a network needs for it.
        """
        run, section = self.run, self.section

        def settings(wildcards: Wildcards) -> dict[str, Any]:
            return {
                **section.plain("held_out", "sample", "perturbed", "exclude", "grasp"),
                **run.config.recipe.plain("batch_size", "drop_last"),
                "engine": run.lanes(section.lanes, wildcards["model"]),
                "seed": int(wildcards["seed"]),
                "stage": name,
                **values(wildcards["model"]),
            }

        def passes(wildcards: Wildcards, sizes: Sizes) -> int:
            count = networks(wildcards["model"])
            trained = 0 if recipe is None else training_flops(1, count, sizes, recipe)
            return count * self._images(name, sizes) + self._on_lines(name, sizes) + trained

        return self.measure(
            name,
            outputs,
            {**self.of_pretrained, **({"best": self.cell} if at_best else {})},
            settings,
            lambda wildcards: networks(wildcards["model"]),
            passes,
            self.fresh(when) if confirms else self.model_seeds(when),
            lanes=section.lanes,
            **more,
        )

    def _exploring(self, name: str, table: str, chosen: Callable[[str], dict[str, Any]]) -> Step:
        """A step that measures the accuracy of sparse networks right after pruning, on held-out images."""
        return self._measuring(
            name,
            {"table": self.part(table)},
            lambda model: population(chosen(model)),
            lambda model: {"variants": chosen(model)},
            script="stochastic/evaluate.py",
        )

    @cached_property
    def confirm_noise(self) -> Step:
        """The step that measures what was chosen on a fresh network: gains, exchanges, controls, and its weights.

        One job, as loading the libraries takes as long as some of it.
        """
        return self._measuring(
            "confirm_noise",
            {
                name: self.part(name)
                for name in ("confirmed", "transfer", "swaps", "controls", "deployed", "weight_cdf")
            },
            lambda model: self._confirmed_networks(model) + self._controlled_networks(model),
            lambda model: {
                "variants": self.confirmed(model),
                "transfer": self.transfer(model),
                "controls": self.controls(model),
            },
            at_best=True,
            confirms=True,
        )

    @cached_property
    def pretrain(self) -> Step:
        """The step that trains a network without the held-out images."""
        run, recipe = self.run, self.run.config.recipe

        def values(wildcards: Wildcards) -> dict[str, Any]:
            return {
                **run.config.models[wildcards["model"]].plain("learning_rate", "weight_decay"),
                "recipe": recipe.plain(),
                "engine": run.engine(strategy="serial"),
                "seed": int(wildcards["seed"]),
                "held_out": self.section.held_out,
            }

        return self.measure(
            "pretrain",
            {"weights": f"{self._pretrained}/weights.safetensors", "history": f"{self._pretrained}/history.csv"},
            self.networks.of_dense,
            values,
            lambda wildcards: 1,
            lambda wildcards, sizes: training_flops(1, 1, sizes, recipe),
            [*self.model_seeds(), *self.fresh()],
            script="models/train_dense.py",
            checkpoint="",
            **run.of_one,
        )

    @cached_property
    def choose_cell(self) -> Step:
        """The step that chooses pruning rates and noises of a model, by the networks that explore."""

        def explored(wildcards: Wildcards) -> Files:
            tables = {"grids": "grid", "sweeps": "sweep"}
            if wildcards["model"] in self.models_of((STRUCTURED,)):
                tables["structured"] = "structured"
            parts = {
                name: [self.part(table).replace("{seed}", str(seed)) for seed in self.run.seeds]
                for name, table in tables.items()
            }
            return {"data": self.run.meta, **parts}

        return self.step(
            "choose_cell",
            {"cell": self.cell},
            combinations(model=self.models),
            inputs=explored,
            values=lambda wildcards: {
                **self.of_model(wildcards["model"]).plain("cell"),
                **self.section.plain("held_out"),
            },
            is_local=True,
        )

    @cached_property
    def fine_tune(self) -> Step:
        """The step that fine-tunes sparse networks."""
        chosen = self.section.fine_tuning.plain("learning_rate", "weight_decay", "clip_by", "batch_norm")
        chosen |= self.section.plain("basin")
        return self._measuring(
            "fine_tune",
            {
                "accuracies": self.part("fine_tuning"),
                "variances": self.part("variances"),
                "basins": self.part("basins"),
                "lines": self.part("lines"),
            },
            self._fine_tuned_networks,
            lambda model: {"variants": self.fine_tuned(model), "recipe": self.fine_tuning.plain(), **chosen},
            at_best=True,
            recipe=self.fine_tuning,
            confirms=True,
            checkpoint="",
        )

    @cached_property
    def search(self) -> Step:
        """The step that searches for noise and pruning rates."""
        tables = {"evaluations": "search", "progress": "search_progress", "fronts": "fronts"}
        return self._measuring(
            "search",
            {name: self.part(table) for name, table in tables.items()},
            self._searched_networks,
            lambda model: {"search": self.section.search.plain()},
            checkpoint="",
        )

    @cached_property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        return [
            self.pretrain,
            self._exploring("evaluate_sweep", "sweep", self.sweep),
            self._exploring("evaluate_grid", "grid", self.grid),
            self.confirm_noise,
            self._measuring(
                "measure_feature_variance",
                {"table": self.part("feature_variance")},
                lambda model: population(self.variance_sweep(model)),
                lambda model: {"variants": self.variance_sweep(model)},
            ),
            self.fine_tune,
            self.search,
            self._measuring(
                "evaluate_structured",
                {"table": self.part("structured")},
                self._structured_networks,
                lambda model: {"variants": self.structured(model), "pruning": self.networks.flops_ranking()},
                when=(STRUCTURED,),
            ),
            self._measuring(
                "confirm_structured",
                {"table": self.part("confirmed_structured")},
                self._confirmed_structured,
                lambda model: {"draws": self.section.confirm.draws, "pruning": self.networks.flops_ranking()},
                at_best=True,
                confirms=True,
                when=(STRUCTURED,),
            ),
        ]

    @property
    def others(self) -> list[Step]:
        """The steps between those that measure."""
        return [self.choose_cell]

    def file(self, name: str, wildcards: Wildcards) -> str | list[str]:
        """The path of a file, or paths of several, that an entry asks for."""
        return self.choose_cell.files() if name == "cells" else super().file(name, wildcards)

    def values_of(self, wildcard: str, known: Mapping[str, str]) -> Sequence[str]:
        """The values of a wildcard of figures, where those of the wildcards before it are known."""
        return _methods(self.section.sweep) if wildcard == "method" else super().values_of(wildcard, known)
