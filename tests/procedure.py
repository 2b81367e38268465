"""The whole procedure of the verdict on landscapes whose truth is known: trainings are numbers here.

Exploration, choice of finalists and of the tuned settings, looks and answers are those of the project; what is drawn is
only the accuracy of a training. At the boundary of a null hypothesis, where the true gain is the margin itself, every
answer is wrong: keep as well as tune.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter

from landscape_samples import KINDS as BANDS
from landscape_samples import LATTICE, SIDE
from landscape_samples import truth as bands
from prunescape.hpspace.choice import finalists
from prunescape.hpspace.questions import FRESH_SEEDS
from prunescape.statistics.looks import KEEP, OPEN, TUNE, level_of, looks
from prunescape.statistics.sequential import collapsed, decide, look

NETWORKS, QUESTIONS, MARGIN, LEVEL, CHANCE = 4, 2, 0.5, 0.05, 10.0
KINDS = (*BANDS, "skewed", "edge", "bimodal", "identical")
COLLAPSE = 20.0  # points


@dataclass(frozen=True)
class Case:
    """A kind of landscape and of noise.

    Attributes:
        kind: of landscape.
        noise: standard deviation of a training, in points.
        seeds: with which each cell is explored.
        shared: whether neighbours share most of their noise, as cells that are trained with one seed may.
        collapse: the part of the trainings that lose 20 points.
        gain: true gain of the tuned setting over each other one, in points.
        most: seeds.
        reused: whether the seeds that chose the luckiest cell are used again to confirm it, which is wrong.
    """

    kind: str
    noise: float = 0.9
    seeds: int = 1
    shared: bool = False
    collapse: float = 0.0
    gain: float = MARGIN
    most: int = 40
    reused: bool = False


class Found(NamedTuple):
    """What a verdict on some networks came to: whether any answer is keep, any is tune, all intervals hold; seeds."""

    keep: bool
    tune: bool
    hold: bool
    seeds: float
    keeps: float
    tunes: float


def truth(kind: str, random: np.random.Generator) -> np.ndarray:
    """The true accuracy of each cell, in percent, (N,)."""
    if kind in BANDS:
        return bands(kind, random)
    i, j = (LATTICE - random.uniform(-2, 2, 2)).T
    across, along = random.uniform(1.75, 2.75), random.uniform(3.5, 6.0)
    r = np.hypot((i + j) / across, (i - j) / along) / np.sqrt(2)
    if kind == "skewed":
        return np.asarray(90 - 0.5 * r**2 - np.where(i + j > 0, 8.0, 1.0) * np.maximum(r - 1, 0) ** 2)
    if kind == "edge":  # a plateau that ends in a fall
        return np.where(i + j > 2, 30.0, 90.0 - 0.02 * np.abs(i - j))
    if kind == "bimodal":
        other = np.hypot(i - 4, j + 4)
        return np.asarray(90 - np.minimum(0.3 * np.hypot(i, j) ** 2, 0.2 + 0.3 * other**2))
    return np.full(len(LATTICE), 90.0)


def trainings(means: np.ndarray, seeds: int, case: Case, random: np.random.Generator, grid: bool = False) -> np.ndarray:
    """Accuracies of trainings at settings with these true means (K,), (S, K): a part of the noise is each seed's."""
    own = random.standard_normal((seeds, len(means)))
    if case.shared and grid:
        fields = gaussian_filter(own.reshape(seeds, SIDE, SIDE), (0, 1.5, 1.5), mode="wrap").reshape(seeds, -1)
        own = 0.9 * fields / fields.std() + np.sqrt(1 - 0.81) * random.standard_normal(own.shape)
    of_seed = random.standard_normal((seeds, 1))
    fallen = COLLAPSE * (random.random(own.shape) < case.collapse)
    return np.asarray(means + case.noise * (np.sqrt(0.3) * of_seed + np.sqrt(0.7) * own) - fallen)


def tuned(f: np.ndarray, case: Case, random: np.random.Generator) -> tuple[int, np.ndarray]:
    """The number of the tuned cell of a network, and the accuracies that chose it."""
    explored = trainings(f, case.seeds, case, random, grid=True)
    if case.reused:
        best = int(explored.mean(axis=0).argmax())
        return best, explored[:, best]
    finals = finalists(explored.mean(axis=0), LATTICE)
    again = trainings(f[finals], FRESH_SEEDS, case, random)
    best = int(again.mean(axis=0).argmax())
    return finals[best], again[:, best]


def verdict(case: Case, random: np.random.Generator) -> Found:
    """The answers on networks of one kind, two questions each, whose true gains are those of the case."""
    answers, holds, used = [], [], []
    level = level_of(LEVEL, NETWORKS * QUESTIONS, 1)
    for _ in range(NETWORKS):
        f = truth(case.kind, random)
        cell, chosen = tuned(f, case, random)
        means = np.array([f[cell], *[f[cell] - case.gain] * QUESTIONS])
        drawn = trainings(means, case.most, case, random)
        if case.reused:
            drawn[: len(chosen), 0] = chosen
        for other in range(1, 1 + QUESTIONS):
            answer, shown = question(drawn[:, 0], drawn[:, other], level, case.most)
            answers.append(answer)
            if shown is not None:
                holds.append(shown.low <= case.gain <= shown.high)
                used.append(shown.seeds)
    count = len(answers)
    return Found(
        KEEP in answers, TUNE in answers, all(holds), float(np.mean(used)), answers.count(KEEP) / count,
        answers.count(TUNE) / count,
    )  # fmt: skip


def question(one: np.ndarray, other: np.ndarray, level: float, most: int, margin: float = MARGIN):
    """The answer to a question, and the look that gave it."""
    for n in looks(most):
        shown = look(one[:n] - other[:n], level)
        if any(collapsed(of[:n], np.zeros(n, dtype=bool), CHANCE).any() for of in (one, other)):
            return OPEN, shown
        answer = decide((shown.low, shown.high), margin)
        if answer != OPEN:
            break
    return answer, shown


def too_often(happened: float, most: float, runs: int) -> bool:
    """Whether something happened in more than a part `most` of the runs, by more than 3.5 standard errors."""
    return happened > most + 3.5 * np.sqrt(most * (1 - most) / runs)
