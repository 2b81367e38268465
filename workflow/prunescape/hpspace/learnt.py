"""The test whether networks have learnt: their best cells lie above chance. If not, there is nothing to decide yet.

Chance is what is right by naming the most frequent class (of top-5 accuracy, the five most frequent) of the validation
images, whatever the image shows. A network has learnt where its best cell, noise allowed for, has gone a part of the
way from there to 100 %: the skill score of the forecasts' verification, (accuracy - chance) / (100 - chance).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from prunescape.hpspace.landscape import METRICS
from prunescape.hpspace.resampling import Resampled, summary

GUESSES = dict(zip(METRICS, (1, 5), strict=True))


def chance_of(labels: np.ndarray) -> dict[str, float]:
    """The accuracy of chance in percent, by metric.

    Args:
        labels: of the validation images, whole numbers from 0 on.
    """
    counts = np.sort(np.bincount(labels))[::-1]
    return {metric: float(100 * counts[:guesses].sum() / len(labels)) for metric, guesses in GUESSES.items()}


class Learnt(NamedTuple):
    """The height of a network's best cell above chance.

    Attributes:
        above: the best mean over seeds less chance, in points.
        surely: the lower bound of the best cell less chance, in points; with one seed what was measured.
        enough: whether the network has learnt.
    """

    above: float
    surely: float
    enough: bool


def learnt(one: Resampled, chance: float, settings: Mapping[str, Any]) -> dict[str, Learnt]:
    """The test of each variant, by name, whether it has learnt.

    Args:
        one: measured landscapes and draws; with one seed there are no draws, and what was measured counts.
        chance: accuracy of chance, in percent.
        settings: least_skill and level of the config's section `verdict`: the lower bound at that level of the best
            cell's accuracy has to be above chance by more than this part of the way to 100 %.
    """
    by_variant = {}
    for place, variant in enumerate(one.cube.variants):
        best = surely = float(one.cube.means[place].max())
        if one.draws is not None:
            surely = summary(one.draws[place].max(axis=1), 1 - 2 * settings["level"], one.degrees)["low"]
        by_variant[variant] = Learnt(best - chance, surely - chance, surely - chance > needed(chance, settings))
    return by_variant


def needed(chance: float, settings: Mapping[str, Any]) -> float:
    """The points above chance from which a network has learnt."""
    return float(settings["least_skill"] * (100 - chance))
