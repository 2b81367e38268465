"""Sample sets: many random subsets of a network's weights, ablated (utility paper, definition 3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.mechanism.statistics import deviation_error
from prunescape.mechanism.subsets import Weights, are_enough, part_or_none, random_subset
from prunescape.mechanism.utility import MEASURED, Ablations
from prunescape.training.context import Context
from prunescape.training.recalibration import recalibrate

RATIO, NUMBER = "ratio", "number"
ABLATIONS = (RATIO, NUMBER)
LEVELS = (0.01, 0.05, 0.075, 0.1, 0.15, 0.25)  # ablation ratios of the utility paper
SUBSETS = 500  # N of the utility paper, 2.1.2
PILOT = 32  # subsets by which the number of others is chosen
COLUMNS = ("ablation", "level", "ablated", "subset", *MEASURED)


@dataclass(frozen=True)
class SampleSettings:
    """Settings of sample sets: levels of ablation, number of subsets, and seed.

    Attributes:
        levels: how much is ablated: ratios, in (0, 1].
        ablation: of what the levels are ratios: "ratio", of the network's own weights; or "number", of `reference`
            weights, so that networks of unlike size lose equally many (utility paper, 2.2.1, Fig. 3 bottom).
        subsets: N, random subsets a level.
        seed: of the subsets.
        reference: the weights of the 1x network, for "number".
        standard_error: if given, a set has as many subsets as bring the imbalance's standard error to about this (in
            nats), 32 at least and N at most. Other subsets, of a pilot, say how many: ending a set by its own values
            would make its imbalance too small.
    """

    levels: Sequence[float] = LEVELS
    ablation: str = RATIO
    subsets: int = SUBSETS
    seed: int = 0
    reference: int | None = None
    standard_error: float | None = None

    @classmethod
    def from_config(cls, section: Mapping[str, Any], seed: int, **values: Any) -> "SampleSettings":
        """Levels, subsets and standard_error of a config section, and the other settings as they are given."""
        given = {name: section[name] for name in ("levels", "subsets", "standard_error")}
        return cls(**given, seed=seed, **values)

    def count(self, weights: int, level: float) -> int:
        """Number of a network's `weights` weights that are ablated at a level; none for a level below one of them."""
        if self.ablation == NUMBER and self.reference is None:
            raise ValueError("an ablation by number needs the number of weights that levels refer to")
        return part_or_none(weights if self.ablation == RATIO or self.reference is None else self.reference, level)


def sample_utility(
    ablations: Ablations,
    settings: SampleSettings,
    kept: Mapping[str, torch.Tensor] | None = None,
    report: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Ablate random subsets of a network's weights, a sample set at each level.

    A level is left out where there are fewer different subsets than are asked for, which would be measured again and
    again: above all where it is all of a network's weights or more, or not one.

    Args:
        ablations: of the network.
        settings: which subsets.
        kept: the weights that subsets are drawn from; see `prunescape.mechanism.subsets.Weights.of`.

    Returns:
        One row a subset: `COLUMNS`; ablated is the number of weights, level the ratio that was asked for, and the rest
        is explained in `prunescape.mechanism.utility.Ablations.measure`. None where every level by number is left out.

    Raises:
        Interrupted: the process was asked to stop.
        UserError: every level of the network's own weights is left out.
    """
    weights = Weights.of(ablations.network, kept)
    tables = []
    for level in settings.levels:
        count = settings.count(len(weights), level)
        if not are_enough(len(weights), count, settings.subsets):
            if report is not None:
                report(
                    f"{settings.ablation} {level:g}: left out, there are fewer than {settings.subsets} different"
                    f" subsets of {count} out of {len(weights)} weights"
                )
            continue
        table = _sample(ablations, settings, weights, count)
        tables.append(table.assign(ablation=settings.ablation, level=level))
        if report is not None:
            report(f"{settings.ablation} {level:g}: {len(table)} subsets of {count} weights ablated")
    if tables:
        return pd.concat(tables, ignore_index=True)[list(COLUMNS)]
    if settings.ablation == RATIO:
        raise UserError(
            f"mechanism.levels: at none of them have the network's {len(weights)} weights {settings.subsets} different"
            " subsets; write larger levels, or a smaller mechanism.subsets"
        )
    return pd.DataFrame(columns=list(COLUMNS))


def _sample(ablations: Ablations, settings: SampleSettings, weights: Weights, count: int) -> pd.DataFrame:
    draw = partial(random_subset, weights, count, settings.seed)
    number = settings.subsets
    if settings.standard_error is not None and number > PILOT:
        seed = derive_seed(settings.seed, "pilot of subsets")
        pilot = ablations.measure([random_subset(weights, count, seed, place) for place in range(PILOT)])
        number = subsets_needed(pilot["utility"].to_numpy(), settings.standard_error, number)
    return ablations.measure([draw(place) for place in range(number)])


def subsets_needed(pilot: np.ndarray, standard_error: float, most: int) -> int:
    """The number of subsets that bring the standard error of the imbalance to a value, as those of a pilot say.

    Args:
        pilot: their utilities.
        standard_error: the value.
        most: subsets.
    """
    error = deviation_error(pilot)
    if not np.isfinite(error):  # all alike: any will do; or of networks that have diverged
        return min(PILOT, most)
    return int(np.clip(np.ceil(len(pilot) * (error / standard_error) ** 2), min(PILOT, most), most))


def snapshots(
    context: Context, states: Mapping[int, Mapping[str, torch.Tensor]], statistics: Batches | None
) -> Iterator[tuple[int, nn.Module]]:
    """The plain networks of a training, epoch by epoch, on the engine's device; see `utility_over_epochs`."""
    engine = context.engine
    engine.set_up()
    for epoch, state in states.items():
        network = context.network(state).to(engine.device, engine.dtype)
        if statistics is not None:
            recalibrate(network, statistics, engine)
        yield epoch, network


def utility_over_epochs(
    context: Context,
    states: Mapping[int, Mapping[str, torch.Tensor]],
    settings: SampleSettings,
    statistics: Batches | None = None,
    report: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """The utility during a training (utility paper, 2.1.2, Fig. 2, 7-13), of equal subsets at each epoch.

    Args:
        context: what the network is measured on.
        states: its state dicts by epoch, as `prunescape.training.checkpoint.Snapshots.lane` gives them.
        settings: which subsets.
        statistics: batches on which batch norm is measured anew before anything is ablated; None leaves the running
            statistics, which are 0 and 1 before training.

    Returns:
        One row an epoch and subset: epoch, whole_top1 (of the network itself, percent, training images), whole_loss,
        and the columns of `sample_utility`.

    Raises:
        Interrupted: the process was asked to stop.
    """
    tables = []
    for epoch, network in snapshots(context, states, statistics):
        ablations = Ablations(network, context.data, context.engine)
        table = sample_utility(ablations, settings, report=report)
        tables.append(pd.DataFrame({"epoch": epoch, **ablations.whole()}, index=table.index).join(table))
        if report is not None:
            report(f"epoch {epoch}: {len(table)} subsets ablated")
    return pd.concat(tables, ignore_index=True)
