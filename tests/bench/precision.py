"""What bfloat16 saves in training on a CPU, and what it does to the answer.

A step of each network in float32 and in bfloat16, in turn on one thread; the ratio is the median of the turns' ratios.
Then the demo's network and a pruned one are trained on digits in both, with the same seeds over the same few settings:
the difference of their accuracies, with an interval over seeds, and whether both rank the settings alike.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import Row, architecture_of, generated, options, save
from scipy import stats
from throughput import BATCH, TOGETHER

from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.models.build import build
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import Strategy
from prunescape.training.train import Array, Lane, Task, train

BOTH = ("float32", "bfloat16")
SETTINGS = [(0.1 * 10**rate, 0.005 * 10**decay) for rate, decay in itertools.product((-0.6, 0.0, 0.6), repeat=2)]


def engine(model: str, precision: str, threads: int = 1) -> Engine:
    lanes = 16 if model in TOGETHER else 1
    return Engine("cpu", threads=threads, precision=precision).using(
        Strategy(TOGETHER.get(model, "serial"), lanes, TOGETHER.get(model) != "vmap")
    )


def speed(model: str, turns: int, folder: Path) -> Row:
    """Milliseconds of a lane's step in both precisions."""
    architecture, batch = architecture_of(model), BATCH.get(model, 128)
    data = generated(folder / model, architecture, (turns + 1) * batch)
    steps, times = {}, {}
    for precision in BOTH:
        of = engine(model, precision)
        of.set_up()
        array = Array(Task(architecture, data, of, 0, Recipe(1, batch, 0.9)), [Lane(0.01, 1e-4)] * of.lanes)
        array.network.train()
        steps[precision], times[precision] = (array, array.training.picks(1)), []
    for _ in range(turns + 1):
        for precision, (array, picks) in steps.items():
            start = time.perf_counter()
            array.step(next(picks))
            times[precision].append(1000 * (time.perf_counter() - start) / array.engine.lanes)
    ratios = [one / other for one, other in list(zip(*times.values(), strict=True))[1:]]
    medians = {f"{precision}_ms": statistics.median(values[1:]) for precision, values in times.items()}
    return {"model": model, **medians, "ratio": statistics.median(ratios)}


def effect(data: PreparedData, seeds: int, epochs: int, threads: int) -> Iterator[Row]:
    """The demo's network and its pruned ones: what they reach in bfloat16 beside float32."""
    dense = architecture_of("small_resnet")
    pruned = {
        f"{method}-0.2": prune(build(dense, 0), dense, method, 0.2, PruningSettings()).architecture
        for method in ("uniform", "non_uniform")
    }
    recipe = Recipe(epochs, 32, 0.9, 0.1, (epochs // 2, 3 * epochs // 4), evaluate_every=epochs)
    lanes = [Lane(rate, decay, seed) for seed in range(seeds) for rate, decay in SETTINGS]
    for name, architecture in {"dense": dense, **pruned}.items():
        reached = {}
        for precision in BOTH:
            results = train(Task(architecture, data, engine("small_resnet", precision, threads), 0, recipe), lanes)
            reached[precision] = np.array([one.last("top1") for one in results], float).reshape(seeds, len(SETTINGS))
        full, half = (reached[precision] for precision in BOTH)
        by_seed = (half - full).mean(1)
        wide = stats.t.ppf(0.975, seeds - 1) * by_seed.std(ddof=1) / np.sqrt(seeds)
        prior = SETTINGS.index((0.1, 0.005))
        yield {
            "network": name,
            "seeds": seeds,
            "settings": len(SETTINGS),
            "float32_top1": full.mean(),
            "difference": by_seed.mean(),
            "low": by_seed.mean() - wide,
            "high": by_seed.mean() + wide,
            "rank_correlation": stats.spearmanr(full.mean(0), half.mean(0)).statistic,
            "same_best_setting": full.mean(0).argmax() == half.mean(0).argmax(),
            "gain_over_prior_float32": full.mean(0).max() - full.mean(0)[prior],
            "gain_over_prior_bfloat16": half.mean(0).max() - half.mean(0)[prior],
        }


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", nargs="+", default=["small_resnet", "small_vit", "resnet20", "resnet56", "mobilenetv2"]
    )
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    chosen = options(__doc__, add)
    models = ["small_resnet"] if chosen.smoke else chosen.models
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        save(chosen, "precision", [speed(model, 1 if chosen.smoke else chosen.turns, folder) for model in models])
        few = (
            {"train_size": 40, "validation_size": 40} if chosen.smoke else {"train_size": 300, "validation_size": None}
        )
        digits = prepare({"name": "digits", **few}, folder / "digits", report=lambda line: None)
        arguments = (2, 2) if chosen.smoke else (chosen.seeds, 40)
        save(chosen, "precision_effect", list(effect(digits, *arguments, chosen.threads)))
