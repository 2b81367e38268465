"""Tables of the study `mechanism` as it might write them: made up, of the shapes that the utility paper reports."""

from itertools import product

import numpy as np
import pandas as pd

from prunescape.mechanism.statistics import summarise

MODEL = "resnet20"
LEVELS = (0.01, 0.05, 0.075, 0.1, 0.15, 0.25)
SIZES = (1.0, 0.5, 0.25)
PRUNING_RATIOS = (0.25, 0.5, 0.75)
NETWORKS = {"pretrained": 1.0, "pruned_retrained": 1.15, "small": 1.9}
EPOCHS = (0, 1, 5, 10, 20, 40, 60, 80, 100, 101, 110, 130, 150, 175, 200)
SET = ["model", "seed", "ablation", "level"]
PRUNINGS, RETRAININGS = ("weights", "channels"), ("fine_tuning", "rewinding")
KEYS = ["model", "seed", "what", "pruning", "retraining", "cycle", "seed_to"]


def _sets(keys, levels, scale, whole, subsets, generator, ablation="ratio", weights=270_000):
    """Sample sets of one network, whose utility grows by `scale`."""
    tables = []
    for level in levels:
        mean = 7.0 * (1 - np.exp(-((9 * level * scale) ** 1.9) / 2))
        utility = mean * generator.gamma(12 * (0.3 + mean), 1 / (12 * (0.3 + mean)), subsets)
        top1 = np.clip(10 + (whole - 10) * np.exp(-0.55 * utility), 0, 100)
        rows = {"ablation": ablation, "level": level, "ablated": int(level * weights), "subset": range(subsets)}
        tables.append(pd.DataFrame({**keys, **rows, "utility": utility, "top1": top1, "loss": 0.02 + utility}))
    return pd.concat(tables, ignore_index=True)


def epochs(seeds=(0, 1), levels=LEVELS, at=EPOCHS, subsets=40, model=MODEL):
    """utility_epochs.csv."""
    generator, tables = np.random.default_rng(1), []
    for seed, epoch in product(seeds, at):
        grown = 0.25 + 0.75 * (1 - np.exp(-epoch / 40)) + 0.25 * (epoch > 100) + 0.05 * seed
        whole = 10 + 90 * (1 - np.exp(-epoch / 12)) * (0.93 + 0.07 * (epoch > 100))
        keys = {"model": model, "seed": seed, "epoch": epoch, "whole_top1": whole, "whole_loss": 0.1}
        tables.append(_sets(keys, levels, grown, whole, subsets, generator))
    return pd.concat(tables, ignore_index=True)


def bands(seeds=(0, 1), ratios=(0.05, 0.075, 0.1, 0.15, 0.25), at=(200,), count=20, model=MODEL):
    """utility_bands.csv."""
    rows = []
    for seed, epoch, ratio, band in product(seeds, at, ratios, range(count)):
        low = (1 - ratio) * band / max(count - 1, 1)
        utility = 1e-4 + 8 * ratio**0.5 * (low + ratio / 2) ** (9 + seed)
        top1 = 10 + 90 * np.exp(-0.9 * utility)
        sizes = (0.2 * low**2, 0.2 * (low + ratio) ** 2)
        rows.append((model, seed, epoch, ratio, int(2700 * ratio), band, low, low + ratio, *sizes, utility, top1, 0.1))
    names = "model seed epoch ratio ablated band low high low_magnitude high_magnitude utility top1 loss"
    return pd.DataFrame(rows, columns=names.split())


def sizes(seeds=(0, 1), levels=LEVELS, of=SIZES, subsets=40, ablations=("ratio", "number"), model=MODEL):
    """utility_sizes.csv."""
    generator, tables = np.random.default_rng(2), []
    for seed, size, ablation in product(seeds, of, ablations):
        keys = {"model": model, "seed": seed, "size": size, "epoch": 200}
        scale = size**-0.2 if ablation == "ratio" else 1 / size
        mine = [level for level in levels if ablation == "ratio" or level < size]
        tables.append(_sets(keys, mine, scale, 100, subsets, generator, ablation).assign(whole_top1=100.0))
    return pd.concat(tables, ignore_index=True)


def pruned(seeds=(0, 1), levels=LEVELS, ratios=PRUNING_RATIOS, subsets=40, model=MODEL):
    """utility_pruned.csv."""
    generator, tables = np.random.default_rng(3), []
    for seed, ratio, (network, scale) in product(seeds, ratios, NETWORKS.items()):
        keys = {"model": model, "seed": seed, "pruning_ratio": ratio, "network": network}
        tables.append(_sets(keys, levels, 1 + (scale - 1) * ratio, 99, subsets, generator).assign(whole_top1=99.0))
    return pd.concat(tables, ignore_index=True)


def summary(table):
    """The summary of any of these sample sets."""
    more = [name for name in ("epoch", "whole_top1", "size", "pruning_ratio", "network") if name in table]
    return summarise(table, [*SET, *more])


def channels(seeds=(0, 1), layers=19, model=MODEL):
    """utility_channels.csv."""
    generator, rows = np.random.default_rng(4), []
    for seed, layer in product(seeds, range(layers)):
        name = "conv" if layer == 0 else f"stages.{(layer - 1) // 6}.{(layer - 1) % 6 // 2}.conv{(layer - 1) % 2 + 1}"
        for channel in range(16 * 2 ** (max(layer - 1, 0) // 6)):
            utility = 10 ** generator.normal(-0.7 - 0.06 * layer, 0.5)
            top1 = np.clip(10 + 90 * np.exp(-0.5 * utility * 10 ** generator.normal(0, 0.1)), 10, 99.8)
            rows.append((model, seed, name, channel, 320, utility, top1, 0.1))
    return pd.DataFrame(rows, columns=["model", "seed", "layer", "channel", "ablated", "utility", "top1", "loss"])


def correlations(seeds=(0, 1), levels=LEVELS, model=MODEL):
    """rank_correlations.csv."""
    rows = []
    for seed, (place, level) in product(seeds, enumerate(("channels", *levels))):
        value = 0.95 - 0.1 * place - 0.03 * seed
        what, level = ("channels", np.nan) if place == 0 else ("weights", level)
        rows.append((model, seed, what, level, 500, value, 1e-9, value - 0.06, min(value + 0.04, 1)))
    return pd.DataFrame(
        rows, columns=["model", "seed", "subsets_of", "level", "subsets", "correlation", "p", "low", "high"]
    )


def cycles(seeds=(0, 1), numbers=range(1, 6), model=MODEL):
    """cycles.csv."""
    rows = []
    for seed, pruning, retraining, cycle in product(seeds, PRUNINGS, RETRAININGS, numbers):
        weights, rewinding = pruning == "weights", retraining == "rewinding"
        density = (0.7 if weights else 0.8) ** cycle
        before = 10 + 80 * np.exp(-(cycle if weights else 2.5 * cycle) * 0.4)
        lost = 0.2 * cycle if weights else (0.9 * cycle if rewinding else 9.6 * cycle)
        small = 91.6 - 1.4 * (1 - density) - 0.2 * seed if rewinding else np.nan
        top1 = 92 + 0.5 * rewinding - lost - 0.3 * seed
        rows.append((model, seed, pruning, retraining, cycle, density, before, top1, small, 0.02, False))
    names = "model seed pruning retraining cycle density pruned_top1 top1 small_top1 train_loss diverged"
    return pd.DataFrame(rows, columns=names.split())


def points(numbers=range(1, 6)):
    """Where W*, W_p and W_r of all cycles lie."""
    found = {"W*": (0.0, 0.0)}
    for cycle in numbers:
        found[f"Wp{cycle}"] = (6.0 + 0.9 * cycle, 3.4 * (1 - 0.85**cycle))
        found[f"Wr{cycle}"] = (6.4 + 0.8 * cycle, 7.0 + 0.3 * cycle)
    return found


def marks(numbers=range(1, 6), seeds=(0,), pruning="weights", retraining="rewinding", model=MODEL):
    """marks.csv."""
    rows = []
    for seed, cycle in product(seeds, numbers):
        for name, (x, y) in points(numbers).items():
            y = 0.0 if name == f"Wp{cycle}" else y
            rows.append((model, seed, pruning, retraining, cycle, name, x, y, 1.0, np.hypot(x, y), 49.0))
    names = "model seed pruning retraining cycle point x y off_plane distance norm"
    return pd.DataFrame(rows, columns=names.split())


def distances(numbers=range(1, 6), seeds=(0,), pruning="weights", retraining="rewinding", model=MODEL):
    """distances.csv."""
    rows, found = [], points(numbers)
    for seed, cycle in product(seeds, numbers):
        names = list(found)
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                length = np.hypot(*np.subtract(found[one], found[other])) + 0.5
                rows.append((model, seed, pruning, retraining, cycle, one, other, length))
    return pd.DataFrame(rows, columns=["model", "seed", "pruning", "retraining", "cycle", "from", "to", "distance"])


def surface(numbers=range(1, 6), seeds=(0,), pruning="weights", retraining="rewinding", side=21, model=MODEL):
    """surface.csv."""
    tables = []
    for seed, cycle in product(seeds, numbers):
        x, y = (part.ravel() for part in np.meshgrid(np.linspace(-3, 14, side), np.linspace(-5, 12, side)))
        one = np.exp(-(((x / 4.5) ** 2 + ((y - 1) / 5) ** 2) ** 1.4))
        other = np.exp(-(((x - 6.4 - 0.8 * cycle) / 3.5) ** 2 + ((y - 7) / (2 + 0.4 * cycle)) ** 2))
        bridge = 0.8 * np.exp(-(((y - 0.8 * x) / 3) ** 2) - ((x - 4) / 5) ** 2)
        top1 = 10 + 90 * np.clip(np.maximum(one + 0.6 * bridge, other + 0.6 * bridge), 0, 1)
        keys = {"model": model, "seed": seed, "pruning": pruning, "retraining": retraining, "cycle": cycle}
        tables.append(pd.DataFrame({**keys, "recomputed": True, "x": x, "y": y, "top1": top1, "loss": 5 - top1 / 20}))
    return pd.concat(tables, ignore_index=True)


def _pairs(seeds, numbers, prunings=PRUNINGS):
    """Keys of every line, and how high its barrier is."""
    for seed, pruning, retraining, cycle in product(seeds, prunings, RETRAININGS, numbers):
        height = (0.12 if pruning == "weights" else 0.8) * cycle * (1.6 if retraining == "rewinding" else 0.4)
        yield (MODEL, seed, "pruned_retrained", pruning, retraining, cycle, np.nan), height
    for place, seed in enumerate(seeds):
        for other in list(seeds)[place + 1 :]:
            yield (MODEL, seed, "seeds", np.nan, np.nan, np.nan, other), 3.1 + 0.1 * other


def lines(seeds=(0, 1, 2), numbers=range(1, 6)):
    """lines.csv."""
    alphas, tables = np.linspace(0, 1, 21), []
    for keys, height in _pairs(seeds, numbers):
        loss = 0.02 + height * 4 * alphas * (1 - alphas) + 0.02 * alphas
        values = {"recomputed": True, "alpha": alphas, "top1": 10 + 90 * np.exp(-0.5 * loss), "loss": loss}
        tables.append(pd.DataFrame({**dict(zip(KEYS, keys, strict=True)), **values}))
    return pd.concat(tables, ignore_index=True)


def barriers(seeds=(0, 1, 2), numbers=range(1, 6)):
    """barriers.csv."""
    rows = []
    for keys, height in _pairs(seeds, numbers):
        for measure, factor in (("loss", 1.0), ("error", 18.0)):
            value = factor * height * (1 + 0.05 * keys[1])
            rows.append((*keys, measure, value, 0.93 * value, 1.06 * value, 0.5, 0.5, 0.5, 0.5))
    columns = [*KEYS, "measure", "barrier", "low", "high", "alpha", "start", "end", "small"]
    return pd.DataFrame(rows, columns=columns).assign(recomputed=True, distance=9.0)


def explained(seeds=(0, 1), levels=LEVELS, at=EPOCHS, model=MODEL):
    """utility_explained.csv, utility_ranks.csv and sharpness.csv, by name."""
    shares = [
        (model, seed, epoch, level, level * (1 + epoch), 0.2, 0.6 - 2 * level, 0.7 - 3 * level)
        for seed, epoch, level in product(seeds, at, levels)
    ]
    ranks = [
        (model, seed, level, epoch, 0.1 + 0.004 * epoch + 0.1 * seed)
        for seed, level, epoch in product(seeds, levels, at)
    ]
    sharp = [
        (model, seed, epoch, 200.0 / (1 + epoch), 30.0 / (1 + epoch), 0.2 / (2 + epoch))
        for seed, epoch in product(seeds, at)
    ]
    return {
        "utility_explained": pd.DataFrame(
            shares, columns=["model", "seed", "epoch", "level", "mean", "layers", "norms", "fisher"]
        ),
        "utility_ranks": pd.DataFrame(ranks, columns=["model", "seed", "level", "epoch", "to_last"]),
        "sharpness": pd.DataFrame(sharp, columns=["model", "seed", "epoch", "trace", "top_eigenvalue", "rise"]),
    }


def predictions(seeds=(0, 1), model=MODEL):
    """prediction_correlations.csv."""
    scores = {"utility": 0.9, "magnitude": 0.5, "taylor": 0.6, "fisher": 0.4, "random": 0.0}
    rows = [
        (model, seed, score, 16, value + 0.05 * seed, 0.5 * value - 0.1 * seed, 0.9)
        for seed, (score, value) in product(seeds, scores.items())
    ]
    return pd.DataFrame(rows, columns=["model", "seed", "score", "sets", "pruned", "retrained", "ceiling"])


def with_summary(samples):
    """What figures of sample sets are given."""
    return summary(samples), samples, MODEL


def on_planes(**options):
    """What the figure of surfaces is given."""
    return surface(**options), marks(**options), distances(**options), MODEL, "weights", "rewinding"
