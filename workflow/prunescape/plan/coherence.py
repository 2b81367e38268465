"""The study `coherence`: its experiments on each network, their cost, and the tables and figures that follow."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prunescape.coherence import schedule
from prunescape.config.coherence import Coherence as Section
from prunescape.config.coherence import Mlp, Network
from prunescape.config.recipe import Recipe
from prunescape.plan.companion import Companion
from prunescape.plan.cost import training_flops
from prunescape.plan.run import MLP
from prunescape.plan.step import Sizes, Step, Wildcards, combinations
from prunescape.studies.coherence import STUDY

MLP_WIDTH = 512  # neurons of `mlp` itself, by which the FLOPs of its architecture.json are counted
SPARSE = ["network", "stability", "early", "matched"]  # what masks of the networks are needed for
MEASURED_PASSES = 8  # of a network whose gradients are measured: forwards, backwards, norms and signs
# What the parts of tables are called, by the rule that makes them, and by the names of its outputs.
RUN_TABLES = ["epochs", "weight_histogram", "diff_histogram", "trajectories"]
SPARSE_TABLES = {
    "children": "children_network",
    "densities": "densities",
    "matched": "matched",
    "early_masks": "early_masks",
    "mask_overlap": "mask_overlap",
}
# What the claims follow from; those that the config does not ask for are left out.
STATED = ["epochs", "diff_histogram", "widths", "width_diffs", "children", "mask_overlap", "early_masks", "matched"]


@dataclass(frozen=True, eq=False)
class Coherence(Companion[Section]):
    """What do per-sample gradients know? Trainings, their gradients' coherence, and networks with masks from it."""

    study = STUDY

    @property
    def models(self) -> list[str]:
        """The networks that it studies, beside the fully connected ones."""
        return list(self.section.models)

    # Files.

    @property
    def gaussian(self) -> str:
        """The file that what depends on the noise reads: it is written last and holds the arrays' checksums."""
        return f"{self.run.data}-gaussian/meta.json"

    @property
    def watched(self) -> str:
        """The networks of a training after its measured epochs, a pattern of `{model}`, `{seed}` and `{run}`."""
        return f"{self.folder}/networks/{{model}}/seed-{{seed}}/{{run}}.safetensors"

    @property
    def own_diffs(self) -> str:
        """The diffs of the training on real images, a pattern of `{model}` and `{seed}`."""
        return f"{self.folder}/networks/{{model}}/seed-{{seed}}/diffs.safetensors"

    def mlp_part(self, table: str) -> str:
        """The path of a table of fully connected networks of one seed, a pattern."""
        return f"{self.folder}/parts/{table}/{MLP}/seed-{{seed}}.csv"

    def of_run(self, wildcards: Wildcards) -> dict[str, str]:
        """Files that a training reads: its images, and the training that its weights come from."""
        run = wildcards["run"]
        data = {"data": self.run.meta if run.startswith("real") else self.gaussian}
        start = self.watched.format(model=wildcards["model"], seed=wildcards["seed"], run="real_fresh")
        return data | ({"start": start} if run.endswith("trained") else {})

    @property
    def of_runs(self) -> dict[str, Any]:
        """Files that the measurement of all trainings of a network reads, patterns."""
        return {
            **({"gaussian": self.gaussian} if len(self.runs) > 1 else {}),
            "data": self.run.meta,
            "architecture": self.run.dense,
            "runs": [self.watched.replace("{run}", run) for run in self.runs],
        }

    @property
    def of_masks(self) -> dict[str, str]:
        """Files that the training of masked networks reads, patterns."""
        return {
            "data": self.run.meta,
            "architecture": self.run.dense,
            "networks": self.watched.replace("{run}", "real_fresh"),
            "epochs": self.part("epochs"),
            "diffs": self.own_diffs,
        }

    @property
    def of_mlps(self) -> dict[str, str]:
        """Files that the training of fully connected networks reads."""
        return {"data": self.run.meta, "architecture": self.run.dense.format(model=MLP)}

    @property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of the study's own wildcards, by name."""
        return {"run": "|".join(self.runs), "experiment": "wide|fixed"}

    # What is done with each network.

    def makes(self, when: Collection[str]) -> bool:
        """Whether something is made that needs one of these experiments, or none."""
        return not when or self.performed(*when)

    @property
    def mlps(self) -> Mlp:
        """The section on fully connected networks."""
        return self.section.mlp

    def performed(self, *names: str) -> bool:
        """Whether any of these experiments is wanted."""
        return any(name in self.section.experiments for name in names)

    @property
    def runs(self) -> list[str]:
        """The trainings of a network, by their images and their first weights."""
        starts = {"fresh": "gaussian", "trained": "trained"}
        return ["real_fresh", *(f"gaussian_{start}" for start, name in starts.items() if self.performed(name))]

    def epochs(self, model: str, run: str) -> int:
        """The length of a training."""
        section = self.section.models[model]
        real = section.epochs or self.run.config.recipe.epochs
        if run == "children":
            return section.retraining_epochs or real
        return real if run.startswith("real") else section.gaussian_epochs or real

    def watched_epochs(self, epochs: int) -> list[int]:
        """The epochs of a training after which its network is measured."""
        return schedule.measured_epochs(epochs, self.section.measured_epochs)

    def early_epochs(self, model: str) -> list[int]:
        """The epochs whose masks are tried."""
        epochs = self.epochs(model, "real_fresh")
        return schedule.early_epochs(epochs, self.watched_epochs(epochs), self.section.early_epochs)

    def recipe(self, section: Network | Mlp, epochs: int) -> Recipe:
        """The recipe of a training of this study: at a constant learning rate, validated at its end."""
        own = {"optimiser": section.optimiser, "momentum": section.momentum, "clip": None}
        constant = {"schedule": "constant", "decay_epochs": (), "epochs": epochs, "evaluate_every": epochs}
        return self.run.config.recipe.changed(**own, **constant)

    @property
    def _scored(self) -> list[str]:
        """The scores whose masks have a best and a worst end."""
        return [name for name in self.section.scores if name != "random"]

    @property
    def masks(self) -> int:
        """Number of masks of a parent."""
        kinds = len(self._scored) * len(self.section.ends) + ("random" in self.section.scores)
        return kinds * len(self.section.scopes)

    def _sparse_children(self, model: str) -> int:
        """Number of networks that are trained with masks of a model, the dense one included."""
        trained, alone = len(self._scored), 1 if self.performed("network") else 2
        return (
            self.performed("network") * (1 + self.masks)
            + self.performed("matched") * trained * len(self.section.ends) * alone
            + self.performed("early") * trained * len(self.early_epochs(model))
        )

    def pairs(self, experiment: str) -> list[list[float]]:
        """Widths of dense networks with as many weights as the children, and the parents' multiple of these weights."""
        if experiment == "wide":
            return [[width, round(1 / self.section.density, 6)] for width in self.mlps.widths]
        return [[self.mlps.child, ratio] for ratio in self.mlps.parents]

    @property
    def widths(self) -> list[int]:
        """The widths of dense fully connected networks that are trained."""
        wide = self.mlps.widths if self.performed("widths", "wide") else []
        return sorted({*wide, *([self.mlps.child] if self.performed("fixed") else [])})

    @property
    def mlp_experiments(self) -> list[str]:
        """The experiments with masks of fully connected networks."""
        return [name for name in ("wide", "fixed") if self.performed(name)]

    # Costs, in images that go forwards.

    def _measuring(self, networks: int, sizes: Sizes) -> int:
        images = min(self.section.samples or sizes["train"], sizes["train"])
        return networks * (MEASURED_PASSES * images + sizes["validation"])

    def _mlp_training(self, sizes: Sizes) -> int:
        return training_flops(1, 1, sizes, self.recipe(self.mlps, self.mlps.epochs))

    def _mlp_measuring(self, sizes: Sizes) -> int:
        return self._measuring(len(self.watched_epochs(self.mlps.epochs)), sizes)

    def _widths_passes(self, wildcards: Wildcards, sizes: Sizes) -> int:  # noqa: ARG002
        """Images, in passes of the model's own width; wider networks cost as the square of theirs."""
        relative = sum((width / MLP_WIDTH) ** 2 for width in self.widths)
        return round(relative * (self._mlp_training(sizes) + self._mlp_measuring(sizes)))

    def _parents_passes(self, wildcards: Wildcards, sizes: Sizes) -> int:
        pairs = self.pairs(wildcards["experiment"])
        relative = sum(ratio * (width / MLP_WIDTH) ** 2 for width, ratio in pairs)
        return round(relative * ((1 + self.masks) * self._mlp_training(sizes) + self._mlp_measuring(sizes)))

    # Settings.

    def _settings(self, wildcards: Wildcards, model: str, lanes: int, **values: Any) -> dict[str, Any]:
        """The settings of a job on one network and seed; networks that cannot be fused are trained alone."""
        # An imported network may be studied too; whether it can be fused is found out when it is trained.
        fused = self.run.is_imported(model) or self.run.known(model).lanes
        return {"engine": self.run.lanes(lanes if fused else 1), "seed": int(wildcards["seed"]), **values}

    def _mlp_settings(self, wildcards: Wildcards, lanes: int, **values: Any) -> dict[str, Any]:
        """The settings of a job that trains fully connected networks of one seed."""
        return self._settings(
            wildcards,
            MLP,
            lanes,
            recipe=self.recipe(self.mlps, self.mlps.epochs).plain(),
            learning_rate=self.mlps.learning_rate,
            weight_decay=self.mlps.weight_decay,
            augment=self.section.augment,
            samples=self.section.samples,
            measured_epochs=self.watched_epochs(self.mlps.epochs),
            **values,
        )

    def _mlp_source(self, wildcards: Wildcards) -> list[str]:  # noqa: ARG002
        return [self.run.source(MLP)]

    # Steps.

    @cached_property
    def prepare_gaussian(self) -> Step:
        """The step that makes noise of the size of the images."""
        splits, parts = ("train", "validation"), ("images", "labels")
        arrays = {
            f"{split}_{part}": f"{self.run.data}-gaussian/{split}_{part}.npy" for split in splits for part in parts
        }
        return self.step("prepare_gaussian", {"meta": self.gaussian, **arrays}, inputs={"data": self.run.meta})

    @cached_property
    def train_run(self) -> Step:
        """The step that trains a network on real images or on noise, and keeps it after its measured epochs."""

        def training(wildcards: Wildcards) -> tuple[Network, int]:
            return self.section.models[wildcards["model"]], self.epochs(wildcards["model"], wildcards["run"])

        def values(wildcards: Wildcards) -> dict[str, Any]:
            section, epochs = training(wildcards)
            return self._settings(
                wildcards,
                wildcards["model"],
                1,
                recipe=self.recipe(section, epochs).plain(),
                learning_rate=section.learning_rate,
                weight_decay=section.weight_decay,
                augment=self.section.augment and wildcards["run"].startswith("real"),
                measured_epochs=self.watched_epochs(epochs),
            )

        return self.step(
            "train_run",
            {"networks": self.watched, "history": self.watched.replace(".safetensors", ".csv")},
            combinations(model=self.models, seed=self.run.seeds, run=self.runs),
            None,
            "",
            inputs=lambda wildcards: {**self.of_run(wildcards), "architecture": self.run.dense},
            values=values,
            sources=self.source,
            networks=1,
            passes=lambda wildcards, sizes: training_flops(1, 1, sizes, self.recipe(*training(wildcards))),
        )

    @cached_property
    def measure_runs(self) -> Step:
        """The step that measures the gradients of a network over its trainings."""

        def networks(wildcards: Wildcards) -> int:
            return sum(len(self.watched_epochs(self.epochs(wildcards["model"], run))) for run in self.runs)

        return self.step(
            "measure_runs",
            {**{name: self.part(name) for name in RUN_TABLES}, "diffs": self.own_diffs},
            self.model_seeds(),
            None,
            "",
            inputs=self.of_runs,
            values=lambda wildcards: self._settings(
                wildcards, wildcards["model"], 1, samples=self.section.samples, bins=self.section.bins
            ),
            sources=self.source,
            networks=networks,
            passes=lambda wildcards, sizes: self._measuring(networks(wildcards), sizes),
        )

    @cached_property
    def retrain_masks(self) -> Step:
        """The step that trains masked networks from a fresh initialisation."""

        def recipe(wildcards: Wildcards) -> Recipe:
            model = wildcards["model"]
            return self.recipe(self.section.models[model], self.epochs(model, "children"))

        def values(wildcards: Wildcards) -> dict[str, Any]:
            section = self.section.models[wildcards["model"]]
            return self._settings(
                wildcards,
                wildcards["model"],
                self.section.lanes,
                recipe=recipe(wildcards).plain(),
                learning_rate=section.retraining_rate or section.learning_rate,
                weight_decay=section.weight_decay,
                augment=self.section.augment,
                density=self.section.density,
                plan={
                    "experiments": [name for name in SPARSE if self.performed(name)],
                    **self.section.plain("scores", "ends", "scopes"),
                    "early_epochs": self.early_epochs(wildcards["model"]),
                },
            )

        def networks(wildcards: Wildcards) -> int:
            return self._sparse_children(wildcards["model"])

        return self.step(
            "retrain_masks",
            {name: self.part(part) for name, part in SPARSE_TABLES.items()},
            self.model_seeds() if self.performed(*SPARSE) else [],
            None,
            "",
            inputs=self.of_masks,
            values=values,
            sources=self.source,
            networks=networks,
            held=lambda wildcards: self.run.held(networks(wildcards), values(wildcards)["engine"]["lanes"]),
            passes=lambda wildcards, sizes: networks(wildcards) * training_flops(1, 1, sizes, recipe(wildcards)),
        )

    def _of_mlps(
        self,
        name: str,
        outputs: Mapping[str, str],
        inputs: Mapping[str, str],
        jobs: list[dict[str, str]],
        values: Callable[[Wildcards], dict[str, Any]],
        networks: Callable[[Wildcards], int],
        passes: Callable[[Wildcards, Sizes], int],
    ) -> Step:
        return self.step(
            name,
            outputs,
            jobs,
            None,
            "",
            inputs=inputs,
            values=values,
            sources=self._mlp_source,
            networks=networks,
            held=lambda wildcards: self.run.held(networks(wildcards), values(wildcards)["engine"]["lanes"]),
            passes=passes,
            model=MLP,
        )

    @cached_property
    def train_widths(self) -> Step:
        """The step that trains and measures fully connected networks of growing width."""
        return self._of_mlps(
            "train_widths",
            {"widths": self.mlp_part("widths"), "diffs": self.mlp_part("width_diffs")},
            self.of_mlps,
            combinations(seed=self.run.seeds if self.widths else []),
            lambda wildcards: self._mlp_settings(wildcards, 1, widths=self.widths, bins=self.section.bins),
            lambda wildcards: len(self.widths),
            self._widths_passes,
        )

    @cached_property
    def prune_parents(self) -> Step:
        """The step that trains wide fully connected networks, and their masked children."""
        return self._of_mlps(
            "prune_parents",
            {"children": self.mlp_part("children_{experiment}")},
            {**self.of_mlps, "widths": self.train_widths.outputs["widths"]},
            combinations(seed=self.run.seeds, experiment=self.mlp_experiments),
            lambda wildcards: self._mlp_settings(
                wildcards,
                self.section.lanes,
                pairs=self.pairs(wildcards["experiment"]),
                **self.section.plain("scores", "ends", "scopes"),
            ),
            lambda wildcards: len(self.pairs(wildcards["experiment"])) * (1 + self.masks),
            self._parents_passes,
        )

    @property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        return [self.train_run, self.measure_runs, self.retrain_masks, self.train_widths, self.prune_parents]

    @property
    def others(self) -> list[Step]:
        """The steps between those that measure, whose rules the study has itself."""
        return [self.prepare_gaussian]

    # Tables.

    def parts_of(self, wildcards: Wildcards) -> list[str]:
        """The parts of a collected table."""
        table, files = wildcards["table"], []
        mlp_tables = {"widths": ["widths"], "width_diffs": ["width_diffs"]}
        mlp_tables["children"] = [f"children_{name}" for name in self.mlp_experiments]
        for part in mlp_tables.get(table, []):
            files += [self.mlp_part(part).format(seed=seed) for seed in self.run.seeds]
        of_networks = table in SPARSE_TABLES and (table != "children" or self.performed("network"))
        if table in RUN_TABLES or of_networks:
            part = self.part(SPARSE_TABLES.get(table, table))
            files += [part.format(**job) for job in self.model_seeds()]
        return files

    @cached_property
    def summaries(self) -> list[Step]:
        """The steps that make tables and claims of what was measured."""
        stated = self.tables(*(name for name in STATED if name in self.collected))
        return [*self.analyses, self.claims(stated, "yauney2024", tolerance=self.section.tolerance)]
