"""Trainings that are watched: networks at chosen epochs, and what their gradients say there."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.coherence.by_class import class_table
from prunescape.coherence.layer_tables import diff_histograms, trajectories
from prunescape.coherence.layers import Layer
from prunescape.coherence.measure import Measured, measure
from prunescape.models.weights import State
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context
from prunescape.training.evaluate import evaluate

Report = Callable[[str], None]
Extreme = Callable[[Mapping[int, float]], int]  # an epoch by the coherence after each


def measure_epochs(
    context: Context,
    states: Mapping[int, State],
    samples: int | None = None,
    report: Report | None = None,
    kept: Checkpoint | None = None,
    only: Sequence[Extreme] = (),
) -> dict[int, Measured]:
    """Coherence and diffs of a network after each epoch.

    Args:
        context: what the network is measured with; its seed decides which images.
        states: the network by epoch.
        samples: how many training images gradients are taken of; None, of all.
        report: is given a line for each.
        kept: where what was measured is kept, and found again by a job that was killed.
        only: epochs whose diffs alone are held, as `highest_epoch` and `lowest_epoch` give them, which bounds what is
            in memory and on disk; those of all others are empty. None given, all are held.
    """
    measured: dict[int, Measured] = {}

    def forget() -> None:
        """Drop the diffs of all epochs but those wanted of the ones until now."""
        held = {extreme(by_epoch(measured)) for extreme in only}
        for epoch in set(measured) - held if only else ():
            if measured[epoch].diffs and kept is not None:
                _save(_of_epoch(kept, epoch), replace(measured[epoch], diffs={}))
            measured[epoch].diffs = {}

    for epoch in states:
        place = None if kept is None else _of_epoch(kept, epoch)
        known = None if place is None else place.load()
        if known is not None:
            measured[epoch] = Measured(**known[1], diffs=known[0])
            forget()
            continue
        one = measure(context.network(states[epoch]), context.data, context.engine, samples=samples, seed=context.seed)
        measured[epoch] = one
        if report is not None:
            memory = f"{one.peak_bytes / 1e6:.0f} MB"
            report(f"epoch {epoch}: coherence {one.coherence:.4g}, at most {memory} in use")
        if place is not None:
            _save(place, one)
        forget()
    return measured


def _save(place: Checkpoint, one: Measured) -> None:
    place.save(one.diffs, {of.name: getattr(one, of.name) for of in fields(Measured) if of.name != "diffs"})


def _of_epoch(kept: Checkpoint, epoch: int) -> Checkpoint:
    numbers = ",".join(one.name for one in fields(Measured))  # those of a version that measured others are no use
    identity = f"{kept.identity}-{epoch}-{numbers}"
    return Checkpoint(Path(kept.path).with_name(f"measured-{epoch}.safetensors"), identity)


def epochs_table(
    context: Context, layers: Sequence[Layer], states: Mapping[int, State], measured: Mapping[int, Measured]
) -> pd.DataFrame:
    """Coherence, the size of diffs, loss and accuracy of a network after each epoch.

    Args:
        context: what the network is measured with.
        layers: those that are pruned, whose diffs count.
        states: the network by epoch.
        measured: see `measure_epochs`.

    Returns:
        One row an epoch: epoch, train_loss (nats), train_top1 (percent), validation_loss, validation_top1, coherence,
        coherence_standard_error, coherence_by_chance, samples, diff_size (mean |diff|), diff_size_by_chance,
        hardest_share.
    """
    rows: list[dict[str, Any]] = []
    for epoch, one in measured.items():
        network = [context.network(states[epoch])]  # one at a time, as `states` may be read from files
        validation = evaluate(network, context.data, context.engine)
        train = {"loss": one.loss, "top1": one.top1}
        if one.samples < context.data.sizes["train"]:
            scores = evaluate(network, context.data, context.engine, "train")
            train = {"loss": scores.loss.item(), "top1": scores.top1.item()}
        rows.append(
            {
                "epoch": epoch,
                **{f"train_{name}": value for name, value in train.items()},
                "validation_loss": validation.loss.item(),
                "validation_top1": validation.top1.item(),
                "coherence": one.coherence,
                "coherence_standard_error": one.standard_error,
                # Of N gradients that are orthogonal, of whatever norms, |sum g|^2 = sum |g|^2.
                "coherence_by_chance": 1 / context.data.sizes["train"],
                "samples": one.samples,
                "diff_size": _mean(layers, one.sizes),
                "diff_size_by_chance": _mean(layers, one.chance),
                "hardest_share": one.hardest_share,
            }
        )
    return pd.DataFrame(rows)


def layer_table(layers: Sequence[Layer], measured: Mapping[int, Measured]) -> pd.DataFrame:
    """Coherence of the gradients by each layer's weights alone, one row an epoch and layer.

    Returns:
        epoch, layer, layer_index, kind, weights, coherence.
    """
    rows = [
        {"epoch": epoch, "layer": of.name, "layer_index": of.index, "kind": of.kind, "weights": of.weights}
        | {"coherence": one.layers[of.name]}
        for epoch, one in measured.items()
        for of in layers
    ]
    return pd.DataFrame(rows)


def _mean(layers: Sequence[Layer], by_layer: Mapping[str, float]) -> float:
    """The mean over all weights of layers, of each of which a mean is known by name."""
    return sum(layer.weights * by_layer[layer.name] for layer in layers) / sum(layer.weights for layer in layers)


def highest_epoch(coherence: Mapping[int, float]) -> int:
    """The epoch of highest coherence, of equal ones the first; the initialisation counts where there is nothing else.

    The thesis measures at the end of epochs. An untrained network's coherence may be higher than all that follows, and
    a mask of its diffs would be one at initialisation.
    """
    trained = _trained(coherence)
    return max(trained, key=lambda epoch: (coherence[epoch], -epoch))


def lowest_epoch(coherence: Mapping[int, float]) -> int:
    """The epoch of lowest coherence; see `highest_epoch`."""
    trained = _trained(coherence)
    return min(trained, key=lambda epoch: (coherence[epoch], epoch))


def highest_of(epochs: pd.DataFrame) -> int:
    """The epoch of highest coherence in the training on real images, of the table of all measured epochs."""
    run = epochs[(epochs["data"] == "real") & (epochs["start"] == "fresh")]
    return highest_epoch(dict(zip(run["epoch"], run["coherence"].fillna(0.0), strict=True)))


def extreme_diffs(layers: Sequence[Layer], measured: Mapping[int, Measured], bins: int) -> pd.DataFrame:
    """Histograms of the diffs after the epochs of highest and of lowest coherence, told apart by which and epoch."""
    tables = [
        diff_histograms(layers, measured[epoch].diffs, bins).assign(which=which, epoch=epoch)
        for which, epoch in _extremes(measured).items()
    ]
    return pd.concat(tables, ignore_index=True)


def _extremes(measured: Mapping[int, Measured]) -> dict[str, int]:
    """The epochs of highest and of lowest coherence."""
    coherence = by_epoch(measured)
    return {"highest": highest_epoch(coherence), "lowest": lowest_epoch(coherence)}


def run_tables(
    context: Context,
    layers: Sequence[Layer],
    states: Mapping[int, State],
    measured: Mapping[int, Measured],
    bins: int,
    samples: int | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables of a training, by name: epochs, diff_histogram, layer_coherence, class_coherence, trajectories.

    Args:
        context: what the network is measured with.
        layers: those that are pruned.
        states: the network by epoch.
        measured, samples: see `measure_epochs`.
        bins: of histograms.
    """
    diffs, ends = {epoch: one.diffs for epoch, one in measured.items()}, _extremes(measured)
    by_class = {epoch: class_table(context, layers, states[epoch], samples) for epoch in {*ends.values()}}
    return {
        "epochs": epochs_table(context, layers, states, measured),
        "diff_histogram": extreme_diffs(layers, measured, bins),
        "layer_coherence": layer_table(layers, measured),
        "class_coherence": pd.concat(
            [by_class[epoch].assign(which=which, epoch=epoch) for which, epoch in ends.items()], ignore_index=True
        ),
        "trajectories": trajectories(layers, states, diffs, highest_epoch(by_epoch(measured)), context.seed),
    }


def by_epoch(measured: Mapping[int, Measured]) -> dict[int, float]:
    """The coherence after each epoch, 0 where all gradients vanish."""
    return {epoch: 0.0 if math.isnan(one.coherence) else one.coherence for epoch, one in measured.items()}


def _trained(coherence: Mapping[int, float]) -> list[int]:
    return [epoch for epoch in coherence if epoch > 0] or list(coherence)
