"""Results of the study `mechanism` for one network and three seeds, made by hand, and the claims that follow."""

import math

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking
from prunescape.claims.study import StudyClaims
from prunescape.mechanism.claims import claims_at
from prunescape.mechanism.labels import MATCHED
from prunescape.studies.mechanism import STUDY

MODEL = "resnet20"
SEEDS = (0, 1, 2)
OFFSETS = {0: -0.01, 1: 0.0, 2: 0.01}  # of a seed, in nats
LEVELS = (0.05, 0.1)
EPOCHS = (0, 1, 2, 3, 4, 5, 6, 8, 10)
DATA = {"classes": list(range(10))}
EACH = 0.025  # one-sided level of every answer here


def summary(seed: int, level: float, mean: float, **labels: object) -> dict[str, object]:
    """A row of `summarise`: imbalance, minimum and maximum in proportion to the mean."""
    accuracies = {"whole_top1": 99.0, "top1": 60.0, "top1_minimum": 20.0, "top1_maximum": 95.0}
    utility = {"imbalance": 0.5 * mean, "mean": mean, "minimum": 0.2 * mean, "maximum": 2 * mean}
    return {"model": MODEL, "seed": seed, "level": level, "subsets": 100, **labels, **utility, **accuracies}


def epochs(factor: float) -> pd.DataFrame:
    """Mean utility at level 0.1 goes from 0.1 to 0.1 `factor` nats."""
    means = {0: 0.1, 10: 0.1 * factor}
    table = pd.DataFrame(
        [
            summary(seed, level, level / 0.1 * mean + OFFSETS[seed] * (epoch > 0), epoch=epoch, ablation="ratio")
            for seed in SEEDS
            for epoch, mean in means.items()
            for level in LEVELS
        ]
    )
    scatter = table["seed"].map(OFFSETS) * (1 + (table["epoch"] > 0))  # of the imbalance, in parts of the mean
    return table.assign(imbalance=table["imbalance"] + scatter * table["mean"])


def sizes(by_ratio: float, by_number: float, at_start: float | None = None) -> pd.DataFrame:
    """The small network's mean utility is so much more than the whole one's, 1 nat.

    At 25 %, where networks guess, it is 1 % more. Before training it is 0.1 nats more by ratio,
    and `at_start` by number.
    """
    more = {10: {"ratio": by_ratio, "number": by_number}, 0: {"ratio": 0.1, "number": at_start or 0.5}}
    table = pd.DataFrame(
        [
            summary(
                seed,
                level,
                1.0
                + (size < 1) * (more[epoch][ablation] + OFFSETS[seed] * (1 + (ablation == "number"))) * (level < 0.2)
                + (size < 1) * (0.01 + OFFSETS[seed] / 10) * (level > 0.2),
                size=size,
                epoch=epoch,
                ablation=ablation,
            )
            for seed in SEEDS
            for epoch in more
            for size in (1.0, 0.5, 0.25)
            for ablation in more[epoch]
            for level in (*LEVELS, 0.25)
            if level < 0.2 or ablation == "ratio"
        ]
    )
    table["top1"] = table["top1"].where(table["level"] < 0.2, 12.0)
    return table.assign(imbalance=table["imbalance"] + table["seed"].map(OFFSETS) * table["mean"])


def pruned(**means: float) -> pd.DataFrame:
    return pd.DataFrame(
        [
            summary(seed, level, mean + OFFSETS[seed] * (network == "small"), pruning_ratio=0.5, network=network)
            for seed in SEEDS
            for network, mean in means.items()
            for level in LEVELS
        ]
    )


def retrained(gain: float) -> pd.DataFrame:
    rows = [
        (seed, ratio, network, 1 - ratio, 90.0 + (gain + seed if network == "pruned_retrained" else 0.0), 0.01)
        for seed in SEEDS
        for ratio in (0.5, 0.25)
        for network in ("pruned_retrained", "small")
    ]
    columns = ["seed", "pruning_ratio", "network", "density", "top1", "train_loss"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL, diverged=False)


def cycles(small: str = "last") -> pd.DataFrame:
    apart = {"fine_tuning": 0.3, "rewinding": 0.0}
    beside = {1: 88.0 if small == "every" else np.nan, 2: 88.0}
    rows = [
        (
            seed,
            pruning,
            retraining,
            cycle,
            0.7**cycle,
            90.0 - cycle + seed + apart[retraining] * (seed - 1),
            beside[cycle],
        )
        for seed in SEEDS
        for pruning in ("weights", "channels")
        for retraining in ("fine_tuning", "rewinding")
        for cycle in (1, 2)
    ]
    columns = ["seed", "pruning", "retraining", "cycle", "density", "top1", "small_top1"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL, diverged=False, small_diverged=False)


def barriers(
    height: float, seeds: tuple[int, ...] = SEEDS, excess: float = 0.0, small: float = math.nan
) -> pd.DataFrame:
    """Of the last cycle of weights; other cycles, and the loss, are far off. All of W* have an error of 1 %."""
    rows = [
        (seed, "pruned_retrained", "weights", "rewinding", cycle, np.nan, measure, height + 0.1 * seed)
        for seed in seeds
        for cycle in (1, 2)
        for measure in ("error", "loss")
    ]
    rows += [
        (seed, "seeds", np.nan, np.nan, np.nan, other, "error", 60.0) for seed in seeds for other in seeds[seed + 1 :]
    ]
    rows += [(*row[:1], what, *row[2:7], 40.0 + 0.1 * row[5]) for row in rows if row[1] == "seeds" for what in MATCHED]
    columns = ["seed", "what", "pruning", "retraining", "cycle", "seed_to", "measure", "barrier"]
    table = pd.DataFrame(rows, columns=columns).assign(model=MODEL)
    off = (table["cycle"] == 1) | (table["measure"] == "loss")
    end = 1 + excess + 0.1 * table["seed"]
    heights = table["barrier"].where(~off, 1000.0)
    return table.assign(barrier=heights, start=1.0, end=end, small=small, recomputed=True)


def flatness(factor: float) -> pd.DataFrame:
    """The top eigenvalue of retrained networks is `factor` times that of pretrained ones, 10."""
    rows = [
        (seed, pruning, retraining, 2, network, 10.0 * times * (1 + OFFSETS[seed] * (network != "pretrained")))
        for seed in SEEDS
        for pruning in ("weights", "channels")
        for retraining in ("fine_tuning", "rewinding")
        for network, times in (("pretrained", 1.0), ("pruned_retrained", factor), ("small", 3.0))
    ]
    columns = ["seed", "pruning", "retraining", "cycle", "network", "top_eigenvalue"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL)


def bands(lost: float) -> pd.DataFrame:
    """At 10 %: the largest band costs 60 points, the smallest nothing, those up to the middle up to `lost`."""
    rows = [
        (seed, ratio, band, band / 5, band / 5 + ratio, 99.0 - cost - seed * cost / 100)
        for seed in SEEDS
        for ratio in LEVELS
        for band, cost in enumerate((0.0, lost / 2, lost, 40.0, 60.0))
    ]
    return pd.DataFrame(rows, columns=["seed", "ratio", "band", "low", "high", "top1"]).assign(model=MODEL)


def ranks(value: float) -> pd.DataFrame:
    """Of utility before training with that after it; other levels and epochs are far off."""
    rows = [
        (seed, level, epoch, value + OFFSETS[seed] if (level, epoch) == (0.1, 0) else -0.9)
        for seed in SEEDS
        for level in LEVELS
        for epoch in (0, 5)
    ]
    return pd.DataFrame(rows, columns=["seed", "level", "epoch", "to_last"]).assign(model=MODEL)


def explained(norms: float, fisher: float) -> pd.DataFrame:
    """After the last of nine epochs; the mean utility grows."""
    rows = [
        (seed, epoch, level, 0.1 + epoch / 10, 0.1, norms + OFFSETS[seed], fisher + OFFSETS[seed], 0.2)
        for seed in SEEDS
        for epoch in EPOCHS
        for level in LEVELS
    ]
    columns = ["seed", "epoch", "level", "mean", "layers", "norms", "fisher", "additive"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL)


def sharpness(factor: float) -> pd.DataFrame:
    """The top eigenvalue is multiplied by `factor` at each step; in each seed another number of steps change places."""
    rows = []
    for seed in SEEDS:
        places = [*range(len(EPOCHS))]
        for step in range(seed + 1):
            places[2 * step + 1], places[2 * step + 2] = 2 * step + 2, 2 * step + 1
        rows += [(seed, epoch, (10.0 + seed) * factor**place) for place, epoch in zip(places, EPOCHS, strict=True)]
    table = pd.DataFrame(rows, columns=["seed", "epoch", "top_eigenvalue"]).assign(model=MODEL)
    return table.assign(top_eigenvalue=table["top_eigenvalue"] + 0.1 * table["seed"] * (table["epoch"] == 10))


def predictions(**values: float) -> pd.DataFrame:
    """Rank correlations after retraining, by score."""
    rows = [
        (seed, score, 16, 0.9, values.get(score, 0.1) + OFFSETS[seed] * (2 if score == "utility" else 1), 0.95)
        for seed in SEEDS
        for score in ("utility", "magnitude", "taylor", "fisher", "random")
    ]
    columns = ["seed", "score", "sets", "pruned", "retrained", "ceiling"]
    return pd.DataFrame(rows, columns=columns).assign(model=MODEL)


def correlations(value: float) -> pd.DataFrame:
    rows = [
        (seed, of, level, value + 0.01 * seed)
        for seed in SEEDS
        for of, level in (("subsets", 0.05), ("subsets", 0.1), ("channels", np.nan))
    ]
    return pd.DataFrame(rows, columns=["seed", "of", "level", "correlation"]).assign(model=MODEL)


def tables(**changes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {
        "utility_epochs_summary": epochs(5.0),
        "utility_bands": bands(1.0),
        "utility_ranks": ranks(0.5),
        "utility_explained": explained(0.3, 0.2),
        "sharpness": sharpness(0.5),
        "prediction_correlations": predictions(utility=0.8),
        "utility_sizes_summary": sizes(0.1, 0.5),
        "utility_pruned_summary": pruned(pretrained=1.0, pruned_retrained=1.1, small=2.0),
        "retrained": retrained(1.0),
        "cycles": cycles(),
        "barriers": barriers(1.0),
        "flatness": flatness(1.0),
        "rank_correlations": correlations(0.8),
    } | changes


def stated(given: dict[str, pd.DataFrame], tolerance: float = 2.0, models: tuple[str, ...] = (MODEL,)) -> StudyClaims:
    tables, seeds = {**given, "data": DATA}, [0, 1, 2]
    found = claims_at(tables, models, tolerance, "cifar10", seeds, lambda about: Asking(about, EACH, EACH))
    return StudyClaims("mechanism", STUDY.question, "", dict.fromkeys(models, ""), found)
