"""Fitness of a search: medians of stochastic networks' accuracies (SP paper, section IV-C)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.pruning.scores import MAGNITUDE
from prunescape.stochastic.names import DETERMINISTIC, F1, STOCHASTIC
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import Pretrained, Variant
from prunescape.training.engine import Engine

DRAWS = 10  # stochastic networks whose median counts, in the SP paper


class Candidate(NamedTuple):
    """A point of the search space: the noise's standard deviation and the pruning rate."""

    sigma: float
    gamma: float


class Accuracies(NamedTuple):
    """Accuracies of a candidate, top-1 in percent: the median of stochastic networks, and the deterministic one."""

    sp: float
    dp: float


Fitness = Callable[[Sequence[Candidate]], Sequence[Accuracies]]


def accuracy_fitness(
    pretrained: Pretrained,
    data: PreparedData,
    engine: Engine,
    method: str = MAGNITUDE,
    draws: int = DRAWS,
    recalibration: Batches | None = None,
    split: str = "train",
) -> Fitness:
    """A function that measures candidates, all of one call as lanes together.

    Args:
        pretrained: w*.
        data: for a search, the second part of `prunescape.data.held_out.hold_out`.
        method: how weights are scored.
        draws: stochastic networks a candidate.
        recalibration: batches on which batch norm is recalibrated; the accuracies are those after it. None leaves it.
        split: what is evaluated on: "train" in a search, which must not see the test images; "validation" to measure
            what it found.
    """

    def measure(candidates: Sequence[Candidate]) -> list[Accuracies]:
        wanted = [Variant(DETERMINISTIC, method, gamma) for _, gamma in candidates]
        wanted += [
            Variant(STOCHASTIC, method, gamma, sigma, draw) for sigma, gamma in candidates for draw in range(draws)
        ]
        table = evaluate_variants(pretrained, wanted, data, engine, split=split, recalibration=recalibration)
        top1 = table["top1"].to_numpy()[-len(wanted) :]  # those with recalibration come last
        medians = np.median(top1[len(candidates) :].reshape(len(candidates), draws), axis=1)
        return [Accuracies(float(sp), float(dp)) for sp, dp in zip(medians, top1, strict=False)]

    return measure


def objectives(which: str, candidates: Sequence[Candidate], accuracies: Sequence[Accuracies]) -> np.ndarray:
    """The two objectives of candidates, (M, 2), both to be maximised (SP paper, section IV-C).

    "F1" has the stochastic accuracy and gamma; "F2" the stochastic accuracy and (stochastic - deterministic) * gamma.
    Accuracies are taken in percent.
    """
    sp, dp = np.array(accuracies, dtype=np.float64).reshape(-1, 2).T
    gamma = np.array([candidate.gamma for candidate in candidates])
    return np.stack([sp, gamma if which == F1 else (sp - dp) * gamma], axis=1)
