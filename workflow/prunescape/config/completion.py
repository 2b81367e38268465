"""Completion of a config: values that follow from its other keys."""

from contextlib import suppress
from functools import partial
from pathlib import Path

from prunescape.config.coherence import Network
from prunescape.config.config import Config
from prunescape.config.section import Unreadable
from prunescape.hpspace.axes import HYPERPARAMETERS


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
