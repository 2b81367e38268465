"""A run: its config, its folders, and the settings that its trainings depend on."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from prunescape.config.config import Config
from prunescape.config.section import Section
from prunescape.data.catalogue import DataSetInfo
from prunescape.data.catalogue import lookup as data_set
from prunescape.data.own_files import count_classes
from prunescape.hpspace.lattice import ADAPTIVE, THESIS, Cell, Lattice, Pair, bounds_of, pair_of, size_of
from prunescape.hpspace.setting import counted, published_settings
from prunescape.io.seals import key_of, place_of
from prunescape.models.catalogue import ModelInfo
from prunescape.models.catalogue import lookup as model_info
from prunescape.plan.cost import visible_gpus
from prunescape.plan.identity import FILE, OWN, code, own_files
from prunescape.plan.step import Step, Wildcards
from prunescape.runtime.fingerprint import LIBRARY
from prunescape.studies.study import Names, by_name
from prunescape.training.recipe import TOP5_CLASSES
from prunescape.training.strategy import AUTO, FUSED, GRAPHED, SERIAL, VMAP, array_size, needs_calibration

PROJECT = LIBRARY.parent.parent
PRIOR = Cell(0, 0)
# Keys of the section `data` that decide the bytes of the prepared data.
CONTENT = ("name", "train_size", "validation_size", "image_size", "validation_fraction", "flip")
OWN_IMAGES = ("folders", "arrays")  # modules of data sets that are images of the user's own
MLP = "mlp"  # the coherence study's own network


@dataclass(frozen=True, eq=False)
class Run:
    """A validated config, and what follows from it for all studies.

    Attributes:
        config: with all defaults.
        cores: those that this process may use on this machine; None where that is not known.
    """

    config: Config
    cores: int | None = None

    # Where things are, as paths or as patterns with wildcards in braces.

    @cached_property
    def results(self) -> str:
        """The folder of all results."""
        return f"results/{self.config.run}"

    @cached_property
    def logs(self) -> str:
        """The folder of all logs."""
        return f"{self.results}/logs"

    @cached_property
    def data(self) -> str:
        """The folder of the prepared data, named by what decides its bytes, so that runs may share it."""
        return f"{self.prepared}/{self.config.data.name}-{key_of(self.content_settings())[:8]}"

    @cached_property
    def prepared(self) -> str:
        """The folder of prepared data sets; outside of this clone, one for its code and libraries in the config's.

        Else clones of different code that share the folder would make each other's data anew for ever.
        """
        folder = Path(self.config.data.prepared)
        if not folder.is_absolute() and ".." not in folder.parts:
            return str(self.config.data.prepared)
        return f"{self.config.data.prepared}/code-{key_of(code(*self.preparing))[:8]}"

    @property
    def preparing(self) -> tuple[str, str]:
        """The script that prepares the data, and the module that reads them."""
        return "data/prepare.py", f"prunescape.data.sources.{self.data_set.module}"

    @property
    def roots(self) -> list[str]:
        """The folders below which results have their places, whatever the run is called."""
        return [self.prepared, self.results]

    def place(self, path: str) -> str:
        """The place of a result; see `prunescape.io.seals.place_of`."""
        return place_of(path, self.roots)

    @property
    def meta(self) -> str:
        """The file that what depends on the data reads: it is written last and holds the arrays' checksums."""
        return f"{self.data}/meta.json"

    @property
    def network(self) -> str:
        """The folder of a network, a pattern of `{model}` and `{variant}`."""
        return f"{self.results}/models/{{model}}/{{variant}}"

    @property
    def dense(self) -> str:
        """The architecture of a dense network, a pattern of `{model}`."""
        return f"{self.results}/models/{{model}}/dense/architecture.json"

    @property
    def strategy(self) -> str:
        """The file that says how the cells of a tile are trained, where that is measured."""
        return f"{self.network}/strategy.json"

    # Data.

    @property
    def data_set(self) -> DataSetInfo:
        """The catalogue's entry of the data set."""
        return data_set(self.config.data.name)

    def content_settings(self) -> dict[str, Any]:
        """The settings that decide the bytes of the prepared data, beside the files themselves."""
        content = self.config.data.plain(*CONTENT)
        if self.data_set.module in OWN_IMAGES:  # elsewhere `directory` holds a copy of what everyone has
            content |= self.config.data.plain("directory")
        if self.data_set.channels is None:
            content |= self.config.data.plain("color_mode")
        geometry = self.data_set.geometry(self.config.data.image_size)
        return {"options": content, "set": asdict(self.data_set), "sizes": asdict(geometry)}

    @cached_property
    def own_files(self) -> str | None:
        """The digest of the user's own images; None of data sets whose checksums say what they are."""
        return own_files(self.config.data, self.meta)

    @cached_property
    def metrics(self) -> list[str]:
        """Top-1 accuracy, and top-5 where there are enough classes."""
        data = self.config.data
        classes = None if data.directory is None else count_classes(data.name, data.directory)
        try:  # of a copy that is not at hand
            classes = classes or len(json.loads(Path(self.meta).read_text())["classes"])
        except (OSError, ValueError, KeyError):  # not prepared yet; a damaged file is told by the job that reads it
            classes = count_classes(data.name, data.directory) or 0
        return ["top1", "top5"] if classes >= TOP5_CLASSES else ["top1"]

    # Networks.

    @property
    def models(self) -> list[str]:
        """Names of the main job's networks: those that lose channels."""
        return [name for name, section in self.config.models.items() if section.ratios]

    @cached_property
    def all_models(self) -> list[str]:
        """Names of all networks, those of companion studies that have some of their own included."""
        coherence = self.config.coherence
        return list(dict.fromkeys([*self.config.models, *([] if coherence is None else [*coherence.models, MLP])]))

    def is_imported(self, model: str) -> bool:
        """Whether a network comes from a user's or another library's code."""
        return model in self.config.models and self.config.models[model].import_ is not None

    def known(self, model: str) -> ModelInfo:
        """The catalogue's entry of a network that is not imported."""
        return model_info(model)

    def source(self, model: str) -> str:
        """The code that builds a network, as `prunescape.plan.identity.code` takes it."""
        if self.is_imported(model):
            return OWN + str(self.config.models[model].import_).split(":")[0]
        return f"prunescape.models.{model_info(model).module}"

    def builder(self, wildcards: Wildcards) -> list[str]:
        """The code that builds the network of a job, as a step takes it."""
        model = wildcards["model"]
        return [self.source(model), *(f"{FILE}{path}" for path in self.files(model))]

    def files(self, model: str) -> list[str]:
        """Files that the code of an imported network reads, as the config names them."""
        return list(self.config.models[model].files) if self.is_imported(model) else []

    def has_check(self, model: str) -> bool:
        """Whether it is tried before anything is trained if a network can be pruned as the config says.

        Those of the catalogue can, as long as all layers are pruned that may be.
        """
        section = self.config.models.get(model)
        has_own = section is not None and section.ignored_layers is not None
        return has_own or self.is_imported(model) or self.has_weights(model)

    def has_weights(self, model: str) -> bool:
        """Whether the dense network's trained weights are given."""
        return model in self.config.models and self.config.models[model].weights is not None

    def weights(self, model: str) -> dict[str, Any]:
        """The setting that names the file of given weights; empty where there is none."""
        return self.config.models[model].plain("weights") if self.has_weights(model) else {}

    def described(self, model: str) -> dict[str, Any]:
        """The settings that say what a network is: where an imported one comes from, and the layers to be ignored.

        Which layers the catalogue ignores is told, too: no digest of code has the catalogue.
        """
        section = self.config.models.get(model)
        origin = {} if section is None or not self.is_imported(model) else section.plain("import", "kwargs", "prunable")
        own = None if section is None else section.ignored_layers
        ignored = own if own is not None or origin else model_info(model).ignored_layers or None
        return ({"origin": origin} if origin else {}) | ({} if ignored is None else {"ignored_layers": list(ignored)})

    # Training.

    @property
    def seeds(self) -> list[int]:
        """The seeds of every training."""
        return list(self.config.seeds)

    @property
    def explored(self) -> list[int]:
        """The seeds with which every cell of the grid is trained."""
        wanted = self.config.grid.seeds
        return self.seeds[: 1 if isinstance(wanted, str) else wanted]

    @cached_property
    def pair(self) -> Pair:
        """The two axes of the grid."""
        return pair_of(self.config.grid)

    @property
    def axes(self) -> dict[str, Any]:
        """The setting that tells the axes."""
        return {"axes": self.pair.to_json()}

    @property
    def is_adaptive(self) -> bool:
        """Whether few trainings explore, in place of a full grid."""
        return self.config.exploration.method == ADAPTIVE

    def space(self, model: str) -> dict[str, Any]:
        """The lattice of a model that few trainings explore, see `prunescape.hpspace.explored.explored`."""
        grid, extension = self.config.grid, self.config.extension
        bounds = {
            name: [low, None if math.isinf(high) else high] for name, (low, high) in bounds_of(grid, extension).items()
        }
        lattice = Lattice.of(self.config, model)
        named = {"prior": list(lattice.prior), "size": list(lattice.size)}
        return {**self.axes, **named, "bounds": bounds if extension.rounds else None}

    def prior(self, model: str) -> dict[str, float]:
        """The hyperparameters at the centre of a model's lattice."""
        return Lattice.of(self.config, model).named(PRIOR)

    def fixed(self, model: str) -> dict[str, float]:
        """Learning rate and weight decay of all cells of a model, as far as they are no axes."""
        free = [name for name in THESIS.names if name not in self.pair.names]
        return {name: getattr(self.config.models[model], name) for name in free}

    def engine(self, **fixed: Any) -> dict[str, Any]:
        """The engine's settings that can change results; the number of cores cannot, because each array has one."""
        return {key: value for key, value in self.config.engine.plain().items() if key != "threads"} | fixed

    def lanes(self, lanes: int, model: str | None = None) -> dict[str, Any]:
        """The engine's settings of a study that runs so many networks as one; of a model that may have any layers.

        Its training steps are CUDA graphs where the config asks for `graphed`; where `are_companions_calibrated`, what
        was measured takes the place of these settings.
        """
        known = model is None or (not self.is_imported(model) and self.known(model).lanes)
        if known and self.config.engine.strategy == GRAPHED:
            return self.engine(lanes=lanes)
        together = FUSED if known else VMAP
        return self.engine(strategy=together if lanes > 1 else SERIAL, lanes=lanes)

    @property
    def counted_on(self) -> str:
        """The device that work is counted for: a GPU, where the config leaves the choice to each machine."""
        device = self.config.engine.device
        return "cuda" if device == AUTO else device

    def held(self, networks: int, lanes: int) -> int:
        """Lanes that a job of so many networks holds at once, idle ones included; on a CPU one array a core."""
        device = self.config.engine.device
        if networks <= lanes:
            return array_size(lanes, max(1, networks), device)
        return lanes * min(-(-networks // lanes), 1 if device != "cpu" else self.config.engine.threads)

    def running(self, networks: int, lanes: int) -> int:
        """Lanes that run where so many networks are trained or measured together, idle ones included."""
        whole, rest = divmod(networks, lanes)
        return whole * lanes + (array_size(lanes, rest, self.counted_on) if rest else 0)

    @property
    def is_calibrated(self) -> bool:
        """Whether the strategy of training cells is left to be measured."""
        return needs_calibration(self.config.engine)

    @property
    def are_companions_calibrated(self) -> bool:
        """Whether companion studies, too, run their networks as was measured: on GPUs, where no size suits all.

        On a CPU they keep to their own `lanes`, so that their bits do not follow from a measured time.
        """
        return self.is_calibrated and self.config.engine.device == "cuda"

    @cached_property
    def threads(self) -> int:
        """Cores of a training job. On a machine with GPUs its jobs share the cores, so that each GPU has one job."""
        gpus = 0 if self.config.engine.device == "cpu" else visible_gpus()
        return max(self.config.engine.threads, (self.cores or 0) // gpus if gpus else 0)

    @property
    def of_many(self) -> dict[str, Any]:
        """Cores of a step whose jobs train or evaluate several networks, as `Step` takes them."""
        return {"threads": self.threads, "cpus": self.config.engine.threads}

    @property
    def of_one(self) -> dict[str, Any]:
        """Cores of a step whose jobs train one network. On a CPU that is a single array, which has one core."""
        return {"threads": 1, "cpus": 1} if self.config.engine.device == "cpu" else self.of_many

    # Steps.

    def step(
        self,
        room: str,
        name: str,
        outputs: Mapping[str, str],
        jobs: Iterable[Mapping[str, str]] | Callable[[], Iterable[Mapping[str, str]]] = ({},),
        script: str | None = None,
        checkpoint: str | None = None,
        **more: Any,
    ) -> Step:
        """A step by the conventions that all rules keep.

        Script, log and the folder of a job's state are named after the step: `<room>/<name>.py`,
        `<results>/logs/<room>/<name>/<wildcards>.log` and `<results>/checkpoints/<name>/<wildcards>`.

        Args:
            room: the study, or what the step is about; a folder of scripts.
            name: of the rule, and of its script.
            outputs: files by name, patterns.
            jobs: the wildcards of all jobs.
            script: that of another step, where both do the same.
            checkpoint: "" where jobs keep their state in the folder named after the step, or that folder.
            more: what else `Step` has.
        """
        step = Step(name, script or f"{room}/{name}.py", outputs, "", jobs if callable(jobs) else lambda: jobs, **more)
        wildcards = "_".join(f"{{{name}}}" for name in step.wildcards)
        state = None if checkpoint is None else checkpoint or f"{self.results}/checkpoints/{name}/{wildcards}"
        return replace(step, log=f"{self.logs}/{room}/{name}/{wildcards or 'all'}.log", checkpoint=state)

    def settings(self, keys: Names) -> dict[str, Any]:
        """The values of settings that an entry asks for, by the names of a function's parameters."""
        return {name: self._setting(key) for name, key in by_name(keys).items()}

    def _setting(self, key: str) -> Any:
        """The value of a key of the config, or of what follows from it."""
        if key in DERIVED:
            return DERIVED[key](self)
        *sections, name = key.split(".")
        section: Section = self.config
        for part in sections:
            section = getattr(section, part)
        return section.plain(name)[name]


# Settings that entries of studies may ask for beside the keys of the config.
DERIVED: dict[str, Callable[[Run], Any]] = {
    "axes": lambda run: run.pair.to_json(),
    "initial_size": lambda run: size_of(run.config.grid),
    "spaces": lambda run: {model: run.space(model) for model in run.models},
    "models": lambda run: list(run.config.models),  # those that lose no channels, too
    # What the thesis' settings are compared with; our defaults stand for what it does not say.
    "compared": lambda run: counted(run.config.plain()),
    "theirs": lambda run: {model: published_settings(model) for model in counted(run.config.plain()).get("models", ())},
}
