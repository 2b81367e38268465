"""Sample sets: many random subsets of a network's weights, ablated (utility paper, definition 3)."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.mechanism.statistics import deviation_error
from prunescape.mechanism.subsets import Weights, are_enough, random_subset
from prunescape.mechanism.utility import MEASURED, Ablations
from prunescape.pruning.unstructured import part_or_none
from prunescape.training.context import Context
from prunescape.training.recalibration import recalibrate

RATIO, NUMBER = "ratio", "number"
ABLATIONS = (RATIO, NUMBER)
LEVELS = (0.01, 0.05, 0.075, 0.1, 0.15, 0.25)  # ablation ratios of the utility paper
SUBSETS = 500  # N of the utility paper, 2.1.2
PILOT = 32  # subsets by which the number of others is chosen
PILOT_IMAGES = 500  # on which they are measured, and the fewest that are chosen
NORMAL = 0.5  # the relative variance of the imbalance of S normal values, times S
CANDIDATES = 40  # numbers of images that are compared
COLUMNS = ("ablation", "level", "ablated", "subset", "images", *MEASURED)


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
        precision: if given, a set has as many subsets and images as bring the relative standard errors of mean utility
            and imbalance to this with the fewest evaluations, see `cheapest`; at most `subsets` and all images.
    """

    levels: Sequence[float] = LEVELS
    ablation: str = RATIO
    subsets: int = SUBSETS
    seed: int = 0
    reference: int | None = None
    standard_error: float | None = None
    precision: float | None = None

    @classmethod
    def from_settings(cls, values: Mapping[str, Any]) -> "SampleSettings":
        """The settings of sampling, taken from those of a job."""
        return cls(**{name: values[name] for name in ("levels", "subsets", "seed", "standard_error", "precision")})

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
    weights, counts = Weights.of(ablations.network, kept), dict[float, int]()
    for level in settings.levels:
        count = settings.count(len(weights), level)
        if are_enough(len(weights), count, settings.subsets):
            counts[level] = count
        elif report is not None:
            report(
                f"{settings.ablation} {level:g}: left out, there are fewer than {settings.subsets} different"
                f" subsets of {count} out of {len(weights)} weights"
            )
    if not counts and settings.ablation == RATIO:
        raise UserError(
            f"mechanism.levels: at none of them have the network's {len(weights)} weights {settings.subsets} different"
            " subsets; write larger levels, or a smaller mechanism.subsets"
        )
    if not counts:
        return pd.DataFrame(columns=list(COLUMNS))
    sets = _chosen(ablations, settings, weights, counts)
    if report is not None:
        for one in sets:
            words = f"{settings.ablation} {one.level:g}: {one.subsets} subsets of {one.weights} weights"
            report(f"{words} on {one.images} images")
    together = [[one for one in sets if one.images == images] for images in dict.fromkeys(one.images for one in sets)]
    table = pd.concat([_measured(ablations, settings, weights, some) for some in together], ignore_index=True)
    order = table["level"].map(list(counts).index)
    table = table.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    return table.assign(ablation=settings.ablation)[list(COLUMNS)]


class _Set(NamedTuple):
    """A sample set to be measured: its level, and how many weights, subsets and images it has."""

    level: float
    weights: int
    subsets: int
    images: int


def _chosen(
    ablations: Ablations, settings: SampleSettings, weights: Weights, counts: Mapping[float, int]
) -> list[_Set]:
    """The sample sets of some levels, by their numbers of weights; by subsets of a pilot, where the settings ask so."""
    most, images = settings.subsets, ablations.images
    if settings.precision is not None:
        ablations = ablations.on(PILOT_IMAGES)
    elif settings.standard_error is None or most <= PILOT:
        return [_Set(level, count, most, images) for level, count in counts.items()]
    seed, levels = derive_seed(settings.seed, "pilot of subsets"), list(counts)

    def draw(number: int) -> np.ndarray:
        level, place = divmod(number, PILOT)
        return random_subset(weights, counts[levels[level]], seed, place).positions

    pilots = ablations.divergences(PILOT * len(counts), draw).reshape(len(counts), PILOT, -1)
    sets = []
    for (level, count), pilot in zip(counts.items(), pilots, strict=True):
        if settings.precision is not None:
            sets.append(_Set(level, count, *cheapest(pilot, settings.precision, most, images)))
        else:
            assert settings.standard_error is not None
            needed = subsets_needed(pilot.mean(1), settings.standard_error, most)
            sets.append(_Set(level, count, needed, images))
    return sets


def _measured(ablations: Ablations, settings: SampleSettings, weights: Weights, sets: Sequence[_Set]) -> pd.DataFrame:
    """The subsets of several sample sets on equally many images, all of them in one go."""
    named = [(one, place) for one in sets for place in range(one.subsets)]

    def draw(number: int) -> np.ndarray:
        one, place = named[number]
        return random_subset(weights, one.weights, settings.seed, place).positions

    labels = [{"level": one.level, "ablated": one.weights, "subset": place} for one, place in named]
    scores = ablations.on(sets[0].images).scores(len(named), draw)
    return pd.DataFrame(labels).assign(**dict(zip(MEASURED, scores.T, strict=True)), images=sets[0].images)


def cheapest(pilot: np.ndarray, precision: float, most: int, images: int) -> tuple[int, int]:
    """The numbers of subsets and images that take the least evaluations for a precision, as a pilot says.

    Of S subsets and I of N images, the mean utility has a relative variance of a / S + b f and the imbalance one of c /
    S + d f and, as chance of images widens it, a relative bias of e f, all with f = 1 / I - 1 / N. a and c are what
    subsets vary by, with c by the delta method (see `deviation_error`) and no less than for normal values, as few
    values seldom have the tails; b and d what images vary by, by the influence that each image has; and e, of the part
    that is of one subset and one image (in two-way analysis of variance), half its share of the variance.

    Args:
        pilot: (P, M), the divergences of P subsets on M images, in nats.
        precision: relative standard error of both, bias included.
        most: subsets.
        images: N.

    Returns:
        S and I; `most` and N where nothing less will do.
    """
    tried, seen = pilot.shape
    utility, mean = pilot.mean(1), float(pilot.mean())
    variance = float(np.var(utility, ddof=1))
    if not np.isfinite(pilot).all() or variance == 0:
        return most, images
    centred = utility - mean
    own = pilot - utility[:, None] - pilot.mean(0) + mean
    crossed = float((own**2).sum() / ((tried - 1) * (seen - 1)))
    of_image = 2 * (centred @ pilot) / (tried - 1)  # the influence of an image on the variance over subsets
    a, b = variance / mean**2, float(np.var(pilot.mean(0), ddof=1)) / mean**2
    c = max(NORMAL, tried * deviation_error(utility) ** 2 / variance)
    d, e = float(np.var(of_image, ddof=1)) / (4 * variance**2), crossed / (2 * variance)
    best = most, images
    for number in np.unique(np.geomspace(min(PILOT_IMAGES, images), images, CANDIDATES).round().astype(int)).tolist():
        f = 1 / number - 1 / images
        left = min(precision**2 - b * f, precision**2 - d * f - (e * f) ** 2)
        if left <= 0:
            continue
        needed = max(math.ceil(a / (precision**2 - b * f)), math.ceil(c / (precision**2 - d * f - (e * f) ** 2)), PILOT)
        if needed <= most and needed * number < best[0] * best[1]:
            best = needed, number
    return best


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
    engine, is_short = context.engine, context.engine.precision == "bfloat16"  # in which ablated networks run
    engine.set_up()
    for epoch, state in states.items():
        network = context.network(state).to(engine.device, engine.dtype)
        if statistics is not None:
            recalibrate(network, statistics, replace(engine, precision="float32") if is_short else engine)
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
