"""The config's rules about the sections of the companion studies."""

from collections.abc import Collection

from prunescape.config.coherence import Coherence
from prunescape.config.config import Config
from prunescape.config.mechanism import Mechanism
from prunescape.config.messages import Mistakes, suggestion
from prunescape.config.messages import shown as quoted
from prunescape.config.stochastic import Stochastic


def held_out(config: Config, study: Stochastic) -> Mistakes:
    """A batch is left to train on."""
    held, size, batch = study.held_out, config.data.train_size, config.recipe.batch_size
    if size is not None and size - held < batch:
        left = f"of data.train_size = {size} leaves less than a batch to train on ({batch})"
        remedy = f"write at most {size - batch}" if size > batch else "take more images"
        yield ("stochastic", "held_out"), f"{held} {left}; {remedy}"


def shown(_: Config, study: Stochastic) -> Mistakes:
    """Levels that a figure is asked to show and nothing measures."""
    sweep = study.sweep
    for name, wanted, measured in (
        ("shown_gammas", sweep.shown_gammas or (), sweep.gammas),
        ("shown_sigma", () if sweep.shown_sigma is None else (sweep.shown_sigma,), sweep.sigmas),
    ):
        missing = [value for value in wanted if value not in measured]
        if missing:
            axis = "gammas" if name == "shown_gammas" else "sigmas"
            text = f"{missing[0]:g} is not in stochastic.sweep.{axis}; add it there, or choose from there"
            yield ("stochastic", "sweep", name), text


def measured_epochs(config: Config, study: Mechanism) -> Mistakes:
    """Nothing is measured after the end."""
    epochs = config.recipe.epochs
    late = [epoch for epoch in study.measured_epochs or () if epoch > epochs]
    if late:
        text = f"{late[0]} is after the end, recipe.epochs = {epochs}; write at most {epochs}"
        yield ("mechanism", "measured_epochs"), text


def chosen_subsets(_: Config, study: Mechanism) -> Mistakes:
    """Rules for the number of subsets, of which one at most may be given."""
    if study.precision is not None and study.standard_error is not None:
        text = "chooses how many subsets there are, as mechanism.standard_error does; leave out one of them"
        yield ("mechanism", "precision"), text


def planes(_: Config, study: Mechanism) -> Mistakes:
    """Planes are of cycles that there are."""
    cycles = study.cycles.number
    late = [cycle for cycle in study.surface.cycles or () if cycle > cycles]
    if late:
        text = f"there is no cycle {late[0]}, mechanism.cycles.number = {cycles}; write at most {cycles}"
        yield ("mechanism", "surface", "cycles"), text


def networks(_: Config, study: Coherence, catalogue: Collection[str]) -> Mistakes:
    """Networks are of the catalogue."""
    for name in study.models:
        if name not in catalogue:
            yield ("coherence", "models", name), f"unknown model {quoted(name)}; {suggestion(name, catalogue)}"


def samples(config: Config, study: Coherence) -> Mistakes:
    """There are as many images as are measured."""
    size = config.data.train_size
    if study.samples is not None and size is not None and study.samples > size:
        text = f"is {study.samples}, more than data.train_size = {size}; write at most {size}, or null for all"
        yield ("coherence", "samples"), text


def early_epochs(_: Config, study: Coherence) -> Mistakes:
    """Masks are taken after epochs that are measured."""
    measured = study.measured_epochs
    missing = [epoch for epoch in study.early_epochs or () if measured is not None and epoch not in measured]
    if missing:
        text = f"{missing[0]} is not in coherence.measured_epochs; add it there, or choose from there"
        yield ("coherence", "early_epochs"), text
