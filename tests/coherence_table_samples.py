"""Tables of the study `coherence` as it might write them: made up, of the shapes that the thesis reports."""

from itertools import product

import numpy as np
import pandas as pd

from claim_checks import seen
from prunescape.claims.asking import Asking
from prunescape.claims.claim import About
from prunescape.claims.study import StudyClaims
from prunescape.coherence.claims import claims, claims_at
from prunescape.studies.coherence import STUDY

MODEL = "resnet50_cifar"
RUNS = (("real", "fresh", 60, 6.0), ("gaussian", "fresh", 200, 60.0), ("gaussian", "trained", 200, 45.0))
WIDTHS = (64, 128, 256, 512, 1024, 2048)
MASKS = (
    ("none", "", 81.0), ("diff", "best", 80.0), ("diff", "worst", 78.5), ("magnitude", "best", 80.6),
    ("magnitude", "worst", 78.9), ("random", "", 79.4),
)  # fmt: skip
KINDS = ("convolution", "convolution", "convolution", "shortcut")
BINS = 81
LEVELS = {"diff": 78.4, "magnitude": 79.0}  # of early masks


def epochs(seeds=(0, 1, 2), runs=RUNS, every=4, model=MODEL, standard_error=0.0):
    """epochs.csv: coherence is measured after each `every`-th epoch."""
    tables = []
    for seed, (data, start, last, pace) in product(seeds, runs):
        epoch = np.arange(last + 1)
        learned = 1 / (1 + np.exp(-(epoch - 3 * pace) / (0.7 * pace))) + 0.01 * seed
        peak = {"real": 0.22, "gaussian": 0.03}[data] * (1 + 0.1 * seed)
        coherence = 2e-4 + peak * np.exp(-((np.log((epoch + 1) / pace)) ** 2))
        real = data == "real"
        rows = {
            "train_loss": 2.3 * (1 - learned).clip(0.002),
            "train_top1": (10 + 90 * learned).clip(0, 100),
            "validation_loss": 2.3 - 1.5 * learned if real else 2.3 + 3 * learned,
            "validation_top1": 10 + 70 * learned if real else 10.0,
            "coherence": np.where(epoch % every == 0, coherence, np.nan),
        }
        keys = {"model": model, "seed": seed, "data": data, "start": start, "epoch": epoch}
        sizes = {"diff_size": 0.01 + coherence / 2 * (1 if real else 3), "diff_size_by_chance": 0.004}
        levels = {"coherence_standard_error": standard_error, "coherence_by_chance": 2e-5, "samples": 50_000}
        levels["label_noise"] = 0.0 if real else np.nan
        levels["hardest_share"] = 0.02 + 0.4 * learned * (1 + 0.05 * seed)
        tables.append(pd.DataFrame({**keys, **rows, **levels, **sizes}))
    return pd.concat(tables, ignore_index=True)


def weight_histogram(seeds=(0, 1), runs=RUNS, model=MODEL, bins=200):
    """weight_histogram.csv: before training and after it."""
    edges, tables = np.linspace(0, 0.6, bins + 1), []
    for seed, (data, start, last, _) in product(seeds, runs):
        for epoch, scale in ((0, 0.05), (last, {"real": 0.03, "gaussian": 0.035}[data])):
            weights = np.abs(np.random.default_rng(seed).standard_t(4, 20_000)) * scale
            keys = {"model": model, "seed": seed, "data": data, "start": start, "epoch": epoch}
            counts = np.histogram(weights.clip(0, 0.599), edges)[0]
            tables.append(pd.DataFrame({**keys, "low": edges[:-1], "high": edges[1:], "count": counts}))
    return pd.concat(tables, ignore_index=True)


def diff_histogram(seeds=(0, 1), layers=16, runs=RUNS[:2], model=MODEL, kinds=KINDS):
    """diff_histogram.csv: wider at the highest coherence, and with spikes at the ends on Gaussian data."""
    edges, tables = np.linspace(-1, 1, BINS + 1), []
    for seed, (data, start, last, _), which in product(seeds, runs, ("highest", "lowest")):
        pooled = np.zeros(BINS, dtype=int)
        epoch = {"highest": last // 10, "lowest": last}[which]
        keys = {"model": model, "seed": seed, "data": data, "start": start, "which": which, "epoch": epoch}
        for place in range(layers):
            spread = {"highest": 0.16, "lowest": 0.02}[which] * (1 - 0.5 * place / layers)
            generator = np.random.default_rng(100 * seed + place)
            values = generator.normal(0, spread * (1.3 if data == "gaussian" else 1.0), 4_000).clip(-1, 1)
            values[: 40 * (data == "gaussian")] = 1.0
            counts = np.histogram(values, edges)[0]
            pooled += counts
            named = {"layer": f"stage{place // 4}.block{place % 4}.conv", "layer_index": place}
            rows = {**named, "kind": kinds[place % len(kinds)], "low": edges[:-1], "high": edges[1:], "count": counts}
            tables.append(pd.DataFrame({**keys, **rows}))
        rows = {"layer": "all", "layer_index": -1, "kind": "all", "low": edges[:-1], "high": edges[1:], "count": pooled}
        tables.append(pd.DataFrame({**keys, **rows}))
    return pd.concat(tables, ignore_index=True)


def trajectories(seeds=(0, 1), runs=RUNS[:2], model=MODEL, last=60):
    """trajectories.csv."""
    rows = []
    for seed, (data, start, *_), group, rank in product(seeds, runs, ("highest", "lowest"), range(10)):
        generator = np.random.default_rng(1000 * seed + rank + 20 * (group == "lowest"))
        steps = np.cumsum(generator.normal(0, 0.01, last + 1)) + generator.normal(0, 0.1)
        for epoch in range(0, last + 1, 2):
            diff = (0.9 - rank / 50) * np.exp(-epoch / 15) if group == "highest" else 1e-3 * rank * (-1) ** epoch
            layer = f"stage{rank % 4}.conv"
            rows.append((model, seed, data, start, group, rank, layer, 31 * rank, epoch, steps[epoch], diff))
    names = "model seed data start group rank layer index epoch weight diff"
    return pd.DataFrame(rows, columns=names.split())


def parameters_of(width):
    """Of a network with three hidden layers, on CIFAR-10."""
    return (3072 + 1) * width + 2 * (width + 1) * width + (width + 1) * 10


def widths(seeds=(0, 1, 2), of=WIDTHS, last=20, growth=1.0):
    """widths.csv: maximum coherence grows with the logarithm of width by `growth` percent."""
    rows = []
    for seed, width, epoch in product(seeds, of, range(last + 1)):
        size = np.log2(width / of[0]) / 5
        learned = 1 - np.exp(-epoch * (1 + 2 * size) / 12)
        loss = 2.3 * (1 - learned)
        accuracy = 10 + 90 * learned - seed * 0.2, 10 + (38 + 8 * size) * learned + seed * 0.3
        scatter = 1 + 0.05 * (seed - 1)
        coherence = (0.01 + 0.01 * growth * size * scatter + 0.001 * seed) * np.exp(-((epoch - 3) ** 2) / 8) + 1e-4
        measured = coherence if epoch % 3 == 0 else np.nan
        losses, diffs = (loss, 2.3 - 0.8 * learned), 0.3 * (of[0] / width) ** 0.25 * scatter
        rows.append(
            (width, parameters_of(width), seed, epoch, losses[0], accuracy[0], losses[1], accuracy[1], measured, diffs)
        )
    names = "width parameters seed epoch train_loss train_top1 validation_loss validation_top1 coherence diff_size"
    levels = {"coherence_standard_error": 0.0, "coherence_by_chance": 2e-5, "samples": 50_000, "hardest_share": 0.1}
    return pd.DataFrame(rows, columns=names.split()).assign(diff_size_by_chance=0.01, **levels)


def width_diffs(seeds=(0, 1, 2), of=WIDTHS):
    """width_diffs.csv: the wider, the narrower; a third of it at the lowest coherence, double in the second layer."""
    edges, tables = np.linspace(-1, 1, BINS + 1), []
    for seed, width, which in product(seeds, of, ("highest", "lowest")):
        keys = {"width": width, "seed": seed, "which": which, "epoch": {"highest": 3, "lowest": 18}[which]}
        pooled = np.zeros(BINS, dtype=int)
        for place in range(3):
            spread = 0.3 * (of[0] / width) ** 0.25 * {"highest": 1, "lowest": 1 / 3}[which] * (1 + (place == 1))
            values = np.random.default_rng(seed).normal(0, spread, 20_000).clip(-1, 1)
            counts = np.histogram(values, edges)[0]
            pooled += counts
            named = {"layer": f"layer_{place}.weight", "layer_index": place, "kind": "linear"}
            tables.append(pd.DataFrame({**keys, **named, "low": edges[:-1], "high": edges[1:], "count": counts}))
        named = {"layer": "all", "layer_index": -1, "kind": "all"}
        tables.append(pd.DataFrame({**keys, **named, "low": edges[:-1], "high": edges[1:], "count": pooled}))
    return pd.concat(tables, ignore_index=True)


CHILD = [
    "experiment", "model", "seed", "width", "parent_width", "parent_parameters", "parameters", "score", "end",
    "scope", "initialisation", "density", "train_loss", "train_top1", "validation_loss", "validation_top1",
]  # fmt: skip


def mlp_children(experiment="wide", seeds=(0, 1, 2), of=WIDTHS, scopes=("global",), masks=MASKS):
    """children.csv of the experiments `wide` (of: widths) and `fixed` (of: parents' widths, the first the child's)."""
    rows = []
    for seed, width, (score, end, level) in product(seeds, of, masks):
        fixed = experiment == "fixed"
        if fixed and ((score == "none") != (width == of[0])):
            continue
        size = np.log2(width / of[0])
        gain = 0.0 if score == "none" else (level - 78) + size
        top1 = 42 + (1.2 * size if not fixed else 0) + gain + 0.3 * seed
        parent = width if score == "none" else width if fixed else 3 * width
        dense = of[0] if fixed else width
        for scope in ("",) if score == "none" else scopes:
            density = 1.0 if score == "none" else parameters_of(dense) / parameters_of(parent)
            sizes = dense, parent, parameters_of(parent), parameters_of(dense)
            numbers = density, 0.4 - 0.03 * size + gain / 40, 90.0 + size - gain / 2, 2.0 + 0.1 * size, top1
            rows.append((experiment, "mlp", seed, *sizes, score, end, scope, "he", *numbers))
    return pd.DataFrame(rows, columns=CHILD)


def network_children(seeds=(0, 1, 2), scopes=("floor", "local"), model=MODEL, masks=MASKS, broken=12.0):
    """children.csv of the experiment `network`; with a floor, the diff mask breaks the network."""
    rows = []
    for seed, (place, (score, end, level)) in product(seeds, enumerate(masks)):
        for kind, scope in enumerate(("",) if score == "none" else scopes, 1):
            top1 = broken if (score, end, scope) == ("diff", "best", "floor") else level
            top1 += (0.4 + 0.01 * place * kind) * (seed - 1)
            numbers = 1.0 if score == "none" else 0.1, 0.01, 99.0 - 0.1 * seed, 0.9, top1
            sizes = np.nan, np.nan, 23_500_000, 23_500_000 if score == "none" else 2_400_000
            rows.append(("network", model, seed, *sizes, score, end, scope, "he", *numbers))
    return pd.DataFrame(rows, columns=CHILD)


def densities(seeds=(0, 1), layers=50, scopes=("floor", "local"), model=MODEL, kinds=KINDS):
    """densities.csv: the diff mask thins the first layers down to the floor, the magnitude mask the last ones."""
    rows = []
    for seed, (score, end, _), scope, place in product(seeds, MASKS[1:], scopes, range(layers)):
        depth = (place + 0.5) / layers
        part = {("diff", "best"): 0.3 * depth**2, ("diff", "worst"): 0.2 * (1 - depth) ** 2}
        part |= {("magnitude", "best"): 0.02 + 0.1 * (1 - depth), ("magnitude", "worst"): 0.02 + 0.1 * depth}
        kept = 0.1 if scope == "local" else max(0.02, part.get((score, end), 0.1)) + 0.001 * seed
        layer = f"stage{place // 12}.block{place}.conv"
        numbers = place, kinds[place % len(kinds)], 36_864, round(36_864 * kept)
        rows.append((model, seed, score, end, scope, layer, *numbers))
    names = "model seed score end scope layer layer_index kind weights kept"
    return pd.DataFrame(rows, columns=names.split())


def mask_overlap(seeds=(0, 1, 2), last=60, model=MODEL, density=0.1, settled=6.0):
    """mask_overlap.csv: the magnitude mask settles at a pace of `settled` epochs, and later with each seed."""
    rows = []
    for seed, epoch in product(seeds, range(0, last + 1, 3)):
        pace = settled * (1 + 0.25 * seed)
        left = np.exp(-epoch / pace) - np.exp(-last / pace)
        magnitude = 1 - (1 - density) * left
        chosen = 9
        diff = 1.0 if epoch == chosen else density + 0.3 * np.exp(-abs(epoch - chosen) / 10) + 0.01 * seed
        rows += [(model, seed, "magnitude", epoch, magnitude, density), (model, seed, "diff", epoch, diff, density)]
    table = pd.DataFrame(rows, columns=["model", "seed", "score", "epoch", "overlap", "expected"])
    return table.assign(scope="floor")


def early_masks(seeds=(0, 1, 2), at=(0, 3, 9, 20), model=MODEL, good=9, used=60):
    """early_masks.csv: from epoch `good` on, masks are as good as the one that is used, of epoch `used` if any is."""
    epochs = [(epoch, False) for epoch in at] + [(used, True)] * (used is not None)
    rows = [
        (
            model,
            seed,
            score,
            epoch,
            60,
            150,
            chosen,
            79.0
            + 0.3 * seed
            - 0.6 * (score == "diff")
            - 4 * (epoch < good)
            + 0.02 * seed * ((epoch > good) + 1 / (epoch + 1)),
        )
        for seed, score, (epoch, chosen) in product(seeds, ("diff", "magnitude"), epochs)
    ]
    names = "model seed score epoch parent_epochs child_epochs used validation_top1"
    table = pd.DataFrame(rows, columns=names.split())
    return table.assign(scope="floor", train_loss=0.01, train_top1=99.0, validation_loss=0.9)


def matched(seeds=(0, 1, 2), model=MODEL, gain=0.0):
    """matched.csv: masks are better than random ones of the same layer densities by `gain` points."""
    rows = [
        (model, seed, score, end, random, level + 0.5 * (seed - 1) + (gain + 0.2 * (seed - 1)) * (not random))
        for seed, (score, end, level), random in product(seeds, MASKS[1:5], (False, True))
    ]
    table = pd.DataFrame(rows, columns=["model", "seed", "score", "end", "matched", "validation_top1"])
    return table.assign(scope="floor", density=0.1, train_loss=0.01, train_top1=99.0, validation_loss=0.9)


def score_ranks(seeds=(0, 1, 2), model=MODEL, like=None):
    """score_ranks.csv: diffs are like the coherence of single weights, and little like magnitude."""
    like = {"coherence": 0.8, "gradient": 0.7, "magnitude": 0.05, "movement": 0.3, "snip": 0.45} | (like or {})
    rows = [
        (model, seed, 9, "diff", other, value + 0.01 * (seed - 1), 0.1 + value / 2)
        for seed, (other, value) in product(seeds, like.items())
    ]
    return pd.DataFrame(rows, columns=["model", "seed", "epoch", "one", "other", "rank_correlation", "shared"])


def layer_coherence(seeds=(0, 1), layers=9, model=MODEL):
    """layer_coherence.csv: the deeper, the more coherent; on noise a tenth of it."""
    rows = [
        (model, seed, data, "fresh", epoch, f"layer{place}", place, (place + 1) * level / (1 + epoch) + 0.001 * seed)
        for seed in seeds
        for data, level in (("real", 0.1), ("gaussian", 0.01), ("labels50", 9.0))
        for epoch in (0, 1, 5)
        for place in range(layers)
    ]
    names = "model seed data start epoch layer layer_index coherence"
    return pd.DataFrame(rows, columns=names.split()).assign(kind="convolution", weights=9216)


def class_coherence(seeds=(0, 1), model=MODEL):
    """class_coherence.csv: classes agree, and all images ever less, from real labels to noise."""
    rows = []
    levels = (("gaussian", 0.01), ("labels100", 0.02), ("labels25", 0.03), ("real", 0.05))
    for seed, (data, level) in product(seeds, levels):
        keys = (model, seed, data, "fresh", "highest", 3)
        rows += [(*keys, label, 0.3 + level, 0.1, 0.4, 0.1, np.nan) for label in "ab"]
        rows.append((*keys, "all", level + 0.003, 0.003, 0.06 + level, 0.03, 0.09))
    names = "model seed data start which epoch label coherence coherence_by_chance diff_size diff_size_by_chance"
    return pd.DataFrame(rows, columns=[*names.split(), "diff_size_by_classes"]).assign(images=5_000)


def tables(seeds=(0, 1, 2)):
    """All tables of a usual study, by name."""
    children = [mlp_children("wide", seeds), mlp_children("fixed", seeds), network_children(seeds)]
    return {
        "epochs": epochs(seeds),
        "class_coherence": class_coherence(seeds),
        "layer_coherence": layer_coherence(seeds),
        "score_ranks": score_ranks(seeds),
        "weight_histogram": weight_histogram(seeds),
        "diff_histogram": diff_histogram(seeds),
        "trajectories": trajectories(seeds),
        "widths": widths(seeds),
        "width_diffs": width_diffs(seeds),
        "children": pd.concat(children, ignore_index=True),
        "densities": densities(seeds),
        "mask_overlap": mask_overlap(seeds),
        "early_masks": early_masks(seeds),
        "matched": matched(seeds),
    }


ABOUT = About("coherence", MODEL, "cifar10, seeds 0, 1, 2")
CLASSES = {"classes": list("0123456789")}  # what is known of the images, as far as claims need it
EACH = 0.025  # one-sided level of an answer: intervals at 95 %


def stated(given, models=(MODEL,), tolerance=0.5, level=0.05) -> StudyClaims:
    """The study's claims that follow from these tables."""
    return claims({"data": CLASSES, **given}, STUDY.question, models, tolerance, level, "cifar10", [0, 1, 2])


def answers(model=MODEL, tolerance=0.5, **given):
    """The claims on a model that follow from these tables, each with an interval at 95 %, by question."""
    tables, seeds = {"data": CLASSES, **given}, [0, 1, 2]
    found = claims_at(tables, [MODEL], tolerance, "cifar10", seeds, lambda about: Asking(about, EACH, EACH))
    return seen([claim for claim in found if claim.model == model])


def answer(words, model=MODEL, tolerance=0.5, **given):
    """The one claim with these words in its question."""
    (found,) = [claim for question, claim in answers(model, tolerance, **given).items() if words in question]
    return found
