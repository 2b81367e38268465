"""The study `coherence`: its experiments on each network, their cost, and the tables and figures that follow."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prunescape.coherence import schedule
from prunescape.coherence.schedule import OF_GRADIENTS, OVER_EPOCHS
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
# Bytes of each weight that are held at once: by training; by measuring (weights twice, sums of gradients in double
# precision, of signs, of what is not zero, a batch's, diffs); by scoring (those, sums of squares, weights, the
# Hessian's product, and a score); of each further score; and by ranking, its masks included, as it was measured.
TRAINING, MEASURING, SCORING, A_SCORE, RANKING = 16, 40, 72, 8, 48
# Tables of parts, by the rule that makes them.
RUN_TABLES = ["epochs", "weight_histogram", "diff_histogram", "trajectories", "layer_coherence", "class_coherence"]
RUN_TABLES += ["score_ranks"]
MASK_TABLES = ["densities", "mask_overlap"]
CHILD_TABLES = ["matched", "early_masks"]


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

    def mlp_part(self, table: str) -> str:
        """The path of a table of fully connected networks of one seed, a pattern."""
        return f"{self.folder}/parts/{table}/{MLP}/seed-{{seed}}.csv"

    def numbered(self, table: str) -> str:
        """The path of a table of some children of one model and seed, a pattern."""
        return self.part(table).replace(".csv", "_{part}.csv")

    @property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of the study's own wildcards, by name."""
        return {"run": "|".join(self.runs), "experiment": "wide|fixed", "part": r"\d+", "pair": r"[a-z0-9.]+"}

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
        noise = [f"gaussian_{start}" for start, name in starts.items() if self.performed(name)]
        return ["real_fresh", *noise, *self.label_noise]

    @property
    def label_noise(self) -> dict[str, float]:
        """By training on real images with random labels, the part of the images that have them."""
        return {f"labels{100 * part:g}_fresh": part for part in sorted({*(self.section.label_noise or ())})}

    def epochs(self, model: str, run: str) -> int:
        """The length of a training."""
        section = self.section.models[model]
        real = section.epochs or self.run.config.recipe.epochs
        if run == "children":
            return section.retraining_epochs or real
        return real if run == "real_fresh" else section.gaussian_epochs or real

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
        constant = {"schedule": "constant", "decay_epochs": (), "warmup_epochs": 0}
        return self.run.config.recipe.changed(**own, **constant, epochs=epochs, evaluate_every=epochs)

    def scores_of(self, of: Network | Mlp) -> tuple[str, ...]:
        """What weights of masks of some networks are chosen by."""
        return of.scores or self.section.scores

    def of_gradients(self, of: Network | Mlp) -> list[str]:
        """These scores that are made of gradients at the highest coherence, beside diffs."""
        return [name for name in self.scores_of(of) if name in OF_GRADIENTS]

    def begun(self, of: Network | Mlp) -> int:
        """Number of children of a parent, by what they begin with; see `prunescape.coherence.masks.begun`."""
        scores, ends = self.scores_of(of), self.section.ends
        random, scored = int("random" in scores), sum(name != "random" for name in scores)
        masks = (scored * len(ends) + random) * len(self.section.scopes)
        return masks + (len(of.initialisations) - 1) * (scored * ("best" in ends) + random)

    def _sparse_children(self, model: str) -> int:
        """Number of networks that are trained with masks of a model, the dense one included."""
        of, alone = self.section.models[model], 1 if self.performed("network") else 2
        scores = self.scores_of(of)
        return (
            self.performed("network") * (1 + self.begun(of))
            + self.performed("matched") * sum(name != "random" for name in scores) * len(self.section.ends) * alone
            + self.performed("early") * sum(name in OVER_EPOCHS for name in scores) * len(self.early_epochs(model))
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

    # Settings.

    def _settings(self, wildcards: Wildcards, model: str, lanes: int, **values: Any) -> dict[str, Any]:
        """The settings of a job on one network and seed."""
        return {"engine": self.run.lanes(lanes, model), "seed": int(wildcards["seed"]), **values}

    # Steps.

    @cached_property
    def prepare_gaussian(self) -> Step:
        """The step that makes noise of the size of the images."""
        files = [f"{split}_{part}" for split in ("train", "validation") for part in ("images", "labels")]
        outputs = {"meta": self.gaussian, **{name: f"{self.run.data}-gaussian/{name}.npy" for name in files}}
        return self.step("prepare_gaussian", outputs, inputs={"data": self.run.meta}, is_local=True)

    @cached_property
    def train_run(self) -> Step:
        """The step that trains a network on real images or on noise, and keeps it after its measured epochs."""

        def training(wildcards: Wildcards) -> tuple[Network, int]:
            return self.section.models[wildcards["model"]], self.epochs(wildcards["model"], wildcards["run"])

        def inputs(wildcards: Wildcards) -> dict[str, str]:
            name = wildcards["run"]
            images = self.gaussian if name.startswith("gaussian") else self.run.meta
            start = {"start": self.watched.replace("{run}", "real_fresh")} if name.endswith("trained") else {}
            return {"data": images, **start, "architecture": self.run.dense}

        def values(wildcards: Wildcards) -> dict[str, Any]:
            section, epochs = training(wildcards)
            part = self.label_noise.get(wildcards["run"])
            return self._settings(
                wildcards,
                wildcards["model"],
                1,
                recipe=self.recipe(section, epochs).plain(),
                **section.plain("learning_rate", "weight_decay"),
                augment=self.section.augment and not wildcards["run"].startswith("gaussian"),
                measured_epochs=self.watched_epochs(epochs),
                **({} if part is None else {"label_noise": part}),
            )

        return self.measure(
            "train_run",
            {"networks": self.watched, "history": self.watched.replace(".safetensors", ".csv")},
            inputs,
            values,
            lambda wildcards: 1,
            lambda wildcards, sizes: training_flops(1, 1, sizes, self.recipe(*training(wildcards))),
            [{**job, "run": name} for job in self.model_seeds() for name in self.runs],
            checkpoint="",
            bytes_a_weight=lambda wildcards: TRAINING + 4 * len(self.watched_epochs(training(wildcards)[1])),
        )

    @cached_property
    def measure_runs(self) -> Step:
        """The step that measures the gradients of a network over its trainings."""
        noise = {"gaussian": self.gaussian} if self.performed("gaussian", "trained") else {}
        runs = {"runs": [self.watched.replace("{run}", name) for name in self.runs]}

        def networks_of(wildcards: Wildcards) -> dict[str, int]:
            return {name: len(self.watched_epochs(self.epochs(wildcards["model"], name))) for name in self.runs}

        def networks(wildcards: Wildcards) -> int:
            return sum(networks_of(wildcards).values())

        return self.measure(
            "measure_runs",
            {
                **{name: self.part(name) for name in RUN_TABLES},
                **{name: self.watched.replace("{run}", name) for name in self._measured},
            },
            {**noise, "data": self.run.meta, "architecture": self.run.dense, **runs},
            lambda wildcards: self._settings(
                wildcards,
                wildcards["model"],
                1,
                **self.section.plain("samples", "bins"),
                label_noise=self.label_noise,
                scores=self.of_gradients(self.section.models[wildcards["model"]]),
            ),
            networks,
            lambda wildcards, sizes: self._measuring(networks(wildcards), sizes),
            checkpoint="",
            held=1,
            bytes_a_weight=lambda wildcards: SCORING + 4 * max(networks_of(wildcards).values()),
        )

    @property
    def _measured(self) -> list[str]:
        """What of gradients is kept on disk, of which masks are made."""
        return ["diffs", *(["scores"] if any(map(self.of_gradients, self.section.models.values())) else [])]

    def _mask_plan(self, model: str) -> dict[str, Any]:
        """The experiments with masks of a network."""
        of = self.section.models[model]
        return {
            "experiments": [name for name in SPARSE if self.performed(name)],
            "scores": list(self.scores_of(of)),
            **self.section.plain("ends", "scopes"),
            "early_epochs": self.early_epochs(model),
            "initialisations": list(of.initialisations),
        }

    @property
    def _masked(self) -> list[dict[str, str]]:
        """The wildcards of networks and seeds that masks are made of."""
        return self.model_seeds() if self.performed(*SPARSE) else []

    @cached_property
    def choose_masks(self) -> Step:
        """The step that chooses the masks of a network's children, and describes them."""
        measured, kept = self.measure_runs.outputs, self.watched.replace("{run}", "masks")
        return self.step(
            "choose_masks",
            {**{name: self.part(name) for name in MASK_TABLES}, "masks": kept},
            self._masked,
            inputs={
                "architecture": self.run.dense,
                "networks": self.watched.replace("{run}", "real_fresh"),
                **{name: measured[name] for name in ("epochs", *self._measured)},
            },
            values=lambda wildcards: {
                "seed": int(wildcards["seed"]),
                **self.section.plain("density"),
                "plan": self._mask_plan(wildcards["model"]),
            },
            sources=self.run.builder,
            bytes_a_weight=RANKING,
        )

    def _a_job(self, lanes: int) -> int | None:
        """The children that a job trains, by how many are trained as one; None, all."""
        wanted = self.section.children_a_job
        return None if wanted is None else max(wanted, lanes)

    def _jobs_of(self, children: int, lanes: int) -> list[str]:
        """The numbers of the jobs that train so many children of a parent, or of several."""
        return [str(number) for number in range(-(-children // (self._a_job(lanes) or max(children, 1))))]

    def _in_job(self, children: int, lanes: int, part: str) -> int:
        """The most children that one of these jobs trains: masks that are alike leave some with fewer."""
        a_job = self._a_job(lanes) or max(children, 1)
        return min(a_job, children - int(part) * a_job)

    def lanes_of(self, model: str) -> int:
        """The children of a network that are trained as one."""
        return self.section.models[model].lanes or self.section.lanes

    @cached_property
    def retrain_masks(self) -> Step:
        """The step that trains masked networks from an initialisation, each job some of them."""
        section = self.section

        def recipe(wildcards: Wildcards) -> Recipe:
            model = wildcards["model"]
            return self.recipe(section.models[model], self.epochs(model, "children"))

        def networks(wildcards: Wildcards) -> int:
            model = wildcards["model"]
            return self._in_job(self._sparse_children(model), self.lanes_of(model), wildcards["part"])

        def values(wildcards: Wildcards) -> dict[str, Any]:
            model, of = wildcards["model"], section.models[wildcards["model"]]
            return self._settings(
                wildcards,
                model,
                self.lanes_of(model),
                recipe=recipe(wildcards).plain(),
                learning_rate=of.retraining_rate or of.learning_rate,
                weight_decay=of.weight_decay,
                **section.plain("augment"),
                children_a_job=self._a_job(self.lanes_of(model)),
                plan=self._mask_plan(model),
            )

        return self.measure(
            "retrain_masks",
            {"children": self.numbered("children_network"), **{name: self.numbered(name) for name in CHILD_TABLES}},
            {"data": self.run.meta, "architecture": self.run.dense, "masks": self.choose_masks.outputs["masks"]},
            values,
            networks,
            lambda wildcards, sizes: networks(wildcards) * training_flops(1, 1, sizes, recipe(wildcards)),
            [
                {**job, "part": part}
                for job in self._masked
                for part in self._jobs_of(self._sparse_children(job["model"]), self.lanes_of(job["model"]))
            ],
            checkpoint="",
            held=lambda wildcards: self.run.held(networks(wildcards), values(wildcards)["engine"]["lanes"]),
        )

    def _of_mlps(
        self,
        name: str,
        outputs: Mapping[str, str],
        jobs: list[dict[str, str]],
        lanes: int,
        values: Callable[[Wildcards], dict[str, Any]],
        networks: Callable[[Wildcards], int],
        passes: Callable[[Wildcards, Sizes], float],
        inputs: Mapping[str, str] | None = None,
        largest: Callable[[Wildcards, int], float] | None = None,
        **more: Any,
    ) -> Step:
        """A step that trains fully connected networks of one seed.

        Args:
            name, outputs, jobs, networks, passes: see `measure`.
            lanes: how many are trained as one.
            values: settings beside those of the training.
            inputs: what is read beside images and architecture.
            largest: see `Step`.
            more: what else `Run.step` takes.
        """

        def settings(wildcards: Wildcards) -> dict[str, Any]:
            return self._settings(
                wildcards,
                MLP,
                lanes,
                recipe=self.recipe(self.mlps, self.mlps.epochs).plain(),
                **self.mlps.plain("learning_rate", "weight_decay"),
                **self.section.plain("augment"),
                **values(wildcards),
            )

        read = {"data": self.run.meta, "architecture": self.run.dense.format(model=MLP), **(inputs or {})}
        own = {"model": MLP, "checkpoint": "", "sources": [self.run.source(MLP)], "largest": largest, **more}
        return self.measure(name, outputs, read, settings, networks, passes, jobs, lanes, **own)

    @property
    def _mlp_measured(self) -> dict[str, Any]:
        """The settings by which fully connected networks are measured."""
        return {**self.section.plain("samples"), "measured_epochs": self.watched_epochs(self.mlps.epochs)}

    def _weights(self, pairs: list[list[float]], parameters: int) -> float:
        """The weights of the largest of parents, by the parameters of a model of `MLP_WIDTH`.

        These are 3 w^2 + (n + c) w of width w, n + c being the numbers of an image and the classes.
        """
        ends = parameters / MLP_WIDTH - 3 * MLP_WIDTH
        return max(ratio * (3 * width**2 + ends * width) for width, ratio in pairs)

    @cached_property
    def train_widths(self) -> Step:
        """The step that trains and measures fully connected networks of growing width."""
        return self._of_mlps(
            "train_widths",
            {"widths": self.mlp_part("widths"), "diffs": self.mlp_part("width_diffs")},
            combinations(seed=self.seeds if self.widths else []),
            1,
            lambda wildcards: {"widths": self.widths, **self.section.plain("bins"), **self._mlp_measured},
            lambda wildcards: len(self.widths),
            self._widths_passes,
            largest=lambda wildcards, parameters: self._weights([[max(self.widths), 1]], parameters),
            bytes_a_weight=MEASURING,
        )

    def _parents(self, experiment: str) -> dict[str, list[list[float]]]:
        """The pairs of an experiment, see `pairs`, that one job looks at, by its name."""
        pairs = self.pairs(experiment)
        if self.section.children_a_job is None:
            return {"all": pairs}
        return {f"{width:g}x{ratio:g}": [[width, ratio]] for width, ratio in pairs}

    def _pairs_of(self, wildcards: Wildcards) -> list[list[float]]:
        """The pairs of a job."""
        return self._parents(wildcards["experiment"])[wildcards["pair"]]

    def _children_of(self, pairs: list[list[float]]) -> int:
        """Number of children of the parents in these pairs."""
        return len(pairs) * self.begun(self.mlps)

    def _larger(self, pairs: list[list[float]]) -> float:
        """FLOPs of these parents together, in those of a model of the width that they are counted by."""
        return sum(ratio * (width / MLP_WIDTH) ** 2 for width, ratio in pairs)

    @property
    def _parent_jobs(self) -> list[dict[str, str]]:
        """The wildcards of the jobs that train parents."""
        return [
            {**job, "pair": pair}
            for job in combinations(seed=self.seeds, experiment=self.mlp_experiments)
            for pair in self._parents(job["experiment"])
        ]

    @cached_property
    def prune_parents(self) -> Step:
        """The step that trains wide fully connected networks, and chooses the masks of their children."""
        of_gradients = self.of_gradients(self.mlps)

        def passes(wildcards: Wildcards, sizes: Sizes) -> float:
            return self._larger(self._pairs_of(wildcards)) * (self._mlp_training(sizes) + self._mlp_measuring(sizes))

        return self._of_mlps(
            "prune_parents",
            {"masks": f"{self.folder}/networks/{MLP}/seed-{{seed}}/{{experiment}}_{{pair}}.safetensors"},
            self._parent_jobs,
            1,
            lambda wildcards: {
                "pairs": self._pairs_of(wildcards),
                "scores": list(self.scores_of(self.mlps)),
                **self.section.plain("ends", "scopes"),
                **self.mlps.plain("initialisations"),
                **self._mlp_measured,
            },
            lambda wildcards: len(self._pairs_of(wildcards)),
            passes,
            largest=lambda wildcards, parameters: self._weights(self._pairs_of(wildcards), parameters),
            bytes_a_weight=SCORING + A_SCORE * len(of_gradients) if of_gradients else RANKING,
        )

    @cached_property
    def retrain_children(self) -> Step:
        """The step that trains masked fully connected networks, each job some children of one or of all parents."""

        def networks(wildcards: Wildcards) -> int:
            children = self._children_of(self._pairs_of(wildcards))
            return self._in_job(children, self.section.lanes, wildcards["part"])

        def passes(wildcards: Wildcards, sizes: Sizes) -> float:
            pairs = self._pairs_of(wildcards)
            return self._larger(pairs) / len(pairs) * networks(wildcards) * self._mlp_training(sizes)

        def dense(wildcards: Wildcards) -> list[int]:
            """The widths of dense networks that stand in the job's table: each in that of its first child."""
            first: dict[float, str] = {}
            for pair, pairs in self._parents(wildcards["experiment"]).items():
                for width, _ in pairs:
                    first.setdefault(width, pair)
            here = (wildcards["pair"], "0")
            return [int(width) for width, pair in first.items() if (pair, wildcards["part"]) == here]

        return self._of_mlps(
            "retrain_children",
            {"children": f"{self.folder}/parts/children_{{experiment}}/{MLP}/seed-{{seed}}_{{pair}}_{{part}}.csv"},
            [
                {**job, "part": part}
                for job in self._parent_jobs
                for part in self._jobs_of(self._children_of(self._pairs_of(job)), self.section.lanes)
            ],
            self.section.lanes,
            lambda wildcards: {"dense": dense(wildcards), "children_a_job": self._a_job(self.section.lanes)},
            networks,
            passes,
            {"widths": self.train_widths.outputs["widths"], "masks": self.prune_parents.outputs["masks"]},
            largest=lambda wildcards, parameters: self._weights(self._pairs_of(wildcards), parameters),
        )

    @cached_property
    def measured(self) -> list[Step]:
        """The steps that train or measure, in the order of the work."""
        of_networks = [self.train_run, self.measure_runs, self.retrain_masks]
        return [*of_networks, self.train_widths, self.prune_parents, self.retrain_children]

    @property
    def others(self) -> list[Step]:
        """The steps between those that measure."""
        return [self.prepare_gaussian, self.choose_masks]

    def parts_of(self, table: str) -> list[str]:
        """The parts of a collected table."""
        if table in MASK_TABLES:
            return [job.outputs[table] for job in self.choose_masks.all_jobs()]
        experiments = [*self.mlp_experiments, *(["network"] if self.performed("network") else [])]
        parts = [f"children_{name}" for name in experiments] if table == "children" else [table]
        return [path for part in parts for path in super(Coherence, self).parts_of(part)]
