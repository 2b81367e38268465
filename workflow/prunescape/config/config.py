"""The whole config: its sections, in the order in which they are listed, and values that follow from other keys."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

from prunescape.config.analysis import Analysis, Verdict
from prunescape.config.coherence import Coherence, Network
from prunescape.config.data import Data
from prunescape.config.engine import Cluster, Engine
from prunescape.config.figures import Figures
from prunescape.config.grid import Exploration, Extension, Grid
from prunescape.config.mechanism import Mechanism
from prunescape.config.models import Model
from prunescape.config.own import Own
from prunescape.config.pruning import Pruning
from prunescape.config.recipe import Recipe, Retraining
from prunescape.config.section import Section, Seeds, Text, Unreadable, key, section, within
from prunescape.config.stochastic import Stochastic
from prunescape.hpspace.lattice import HYPERPARAMETERS


class Config(Section):
    """Defaults are the thesis' settings for CIFAR-10 (Tables 3.3 and 3.4); a config names what differs."""

    run: Annotated[Text, within(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")] = key(
        ...,
        "Name of the run; its results go to `results/<run>/`.",
        hint="use letters, digits, '_', '-' and '.', and begin with a letter or a digit",
        example="demo",
    )
    seeds: Seeds = key(
        (0,),
        "Seeds of initialisation, order and augmentation. Every cell is trained once a seed; its performance is the "
        "mean over the seeds.",
        unit="count",
    )
    data: Data = key(..., "The data set, and how much of it is used.", example={"name": "digits"})
    models: Annotated[dict[str, Model], within(min_length=1)] = key(
        ...,
        "The networks under study, each by its name, with its prior and the ways it is pruned.",
        example={"small_resnet": {"learning_rate": 0.1, "weight_decay": 0.005, "ratios": [0.6, 0.2]}},
    )
    recipe: Recipe = section(Recipe)
    grid: Grid = section(Grid)
    exploration: Exploration = section(Exploration)
    extension: Extension = section(Extension)
    analysis: Analysis = section(Analysis)
    verdict: Verdict = section(Verdict)
    pruning: Pruning = section(Pruning)
    retraining: Retraining = section(Retraining)
    engine: Engine = section(Engine)
    stochastic: Stochastic | None = None
    mechanism: Mechanism | None = None
    coherence: Coherence | None = None
    cluster: Cluster = section(Cluster)
    figures: Figures = section(Figures)
    own: Own = section(Own)


def complete(config: Config) -> None:
    """Fill in, in place, what follows from other keys; where those are mistaken, it is left out as they are."""
    for follows in (_decay_epochs, _rewind_epoch, _scales, _prepared, _home, _studied):
        with suppress(Unreadable):
            follows(config)


def _decay_epochs(config: Config) -> None:
    def follows() -> tuple[int, ...]:
        epochs = config.recipe.epochs
        return tuple(sorted({epoch for epoch in (epochs // 2, 3 * epochs // 4) if 0 < epoch < epochs}))

    if config.recipe.decay_epochs is None:
        config.recipe.fill("decay_epochs", follows)


def _rewind_epoch(config: Config) -> None:
    if config.retraining.rewind_epoch is None:
        config.retraining.fill("rewind_epoch", lambda: config.recipe.epochs // 2)


def _scales(config: Config) -> None:
    for axis in config.grid.axes or ():
        if axis.scale == "auto":
            axis.fill("scale", partial(_suitable_scale, axis.name))


def _suitable_scale(hyperparameter: str) -> str:
    return HYPERPARAMETERS[hyperparameter].scale


def _prepared(config: Config) -> None:
    if config.data.prepared is None:
        config.data.fill("prepared", lambda: f"results/{config.run}/data")


def _home(config: Config) -> None:
    for name in ("directory", "prepared"):
        path = getattr(config.data, name)
        if path is not None and path.startswith("~/"):
            config.data.fill(name, partial(str, Path(path).expanduser()))


def _studied(config: Config) -> None:
    def follows() -> dict[str, Network]:
        momentum = config.recipe.momentum
        return {
            name: Network(learning_rate=model.learning_rate, weight_decay=model.weight_decay, momentum=momentum)
            for name, model in config.models.items()
        }

    if config.coherence is not None and config.coherence.models is None:
        config.coherence.fill("models", follows)
