"""Tables of the study `stochastic` as it might write them: made up, of the shapes that the SP paper reports."""

from itertools import product

import numpy as np
import pandas as pd

from prunescape.stochastic.search import front

COLUMNS = ["model", "seed", "method", "gamma", "sigma", "kind", "draw", "recalibrated", "top1", "loss"]
MODEL = "small_resnet"
SIGMAS, GAMMAS = (0.001, 0.005), (0.6, 0.9)


def plain_top1(gamma, recalibrated=False, seed=0):
    """The dense network's accuracy at gamma 0; it falls off steeply at some rate, later with recalibration."""
    edge = 0.95 if recalibrated else 0.85
    return 10 + (84 - 0.3 * seed) / (1 + np.exp((gamma - edge) / 0.025))


def noisy_top1(gamma, sigma, recalibrated=False, seed=0):
    """Falls off later with a moderate noise, but loses everything with a large one."""
    edge = (0.953 if recalibrated else 0.85) + (0.0 if recalibrated else 0.065 * min(sigma / 0.005, 1))
    top = (84 - 0.3 * seed) * np.exp(-((sigma / 0.009) ** 6)) - 120 * sigma
    return 10 + max(top, 0) / (1 + np.exp((gamma - edge) / 0.025))


def one_shot(
    models=(MODEL,),
    seeds=range(2),
    methods=("magnitude",),
    gammas=GAMMAS,
    sigmas=SIGMAS,
    draws=3,
    ways=(False, True),
    transfers=False,
):
    """Columns as `prunescape.stochastic.populations.evaluate_variants` has them."""
    generator = np.random.default_rng(1)
    rows = []
    for model, seed, again in product(models, seeds, ways):

        def add(method, gamma, sigma, kind, draw, top1, of=(model, seed), again=again):
            top1 += 0.4 * generator.normal() if sigma else 0
            rows.append((*of, method, gamma, sigma, kind, draw, again, min(top1, 99.0), 1.0))

        add("none", 0.0, 0.0, "dense", 0, plain_top1(0, again, seed))
        for sigma, draw in product(sigmas, range(draws)):
            add("none", 0.0, sigma, "dense_stochastic", draw, noisy_top1(0, sigma, again, seed))
        for method, gamma in product(methods, gammas):
            plain = plain_top1(gamma, again, seed)
            add(method, gamma, 0.0, "deterministic", 0, plain)
            for sigma, draw in product(sigmas, range(draws)):
                noisy = noisy_top1(gamma, sigma, again, seed) + 2 * generator.normal() * (gamma > 0.8)
                add(method, gamma, sigma, "stochastic", draw, noisy)
                if transfers:
                    add(method, gamma, sigma, "mask_s_to_d", draw, 0.85 * plain)
                    add(method, gamma, sigma, "mask_d_to_s", draw, 0.6 * plain + 0.3 * noisy)
    return pd.DataFrame(rows, columns=COLUMNS)


def structured(**options):
    """Noise hardly helps whole filters."""
    table = one_shot(**({"methods": ("uniform", "non_uniform"), "gammas": (0.2, 0.4, 0.6)} | options))
    table = table[table["kind"].isin(["deterministic", "stochastic"])]
    kept = 1 - table["gamma"]
    return table.assign(achieved_ratio=kept, top1=10 + 0.9 * kept * table["top1"] - 500 * table["sigma"])


def weight_cdf(models=(MODEL,), seeds=range(2)):
    """Weights of a normal distribution, wider for later models."""
    parts = []
    for (place, model), seed in product(enumerate(models), seeds):
        sizes = np.sort(np.abs(np.random.default_rng(seed).normal(0, 0.01 * (1 + place), 4000)))
        magnitudes = np.geomspace(1e-6 * sizes[-1], sizes[-1], 100)
        shares = np.searchsorted(sizes, magnitudes, side="right") / len(sizes)
        parts.append(pd.DataFrame({"model": model, "seed": seed, "magnitude": magnitudes, "share": shares}))
    return pd.concat(parts, ignore_index=True)


def feature_variance(seeds=range(2), gammas=GAMMAS, sigmas=SIGMAS, layers=6, ways=(False, True)):
    """Deeper layers lose more of their variance, noise keeps some of it."""
    rows = []
    for seed, again, gamma, sigma, layer in product(seeds, ways, gammas, (0.0, *sigmas), range(layers)):
        lost = 3 * gamma**4 * (layer + 1) / layers * (0.3 if again else 1) / (1 + 300 * sigma) * (1 + 0.1 * seed)
        kind = "stochastic" if sigma else "deterministic"
        rows.append((MODEL, seed, "magnitude", gamma, sigma, kind, again, f"blocks.{layer}.conv", np.exp(-lost)))
    columns = ["model", "seed", "method", "gamma", "sigma", "kind", "recalibrated", "layer", "v"]
    return pd.DataFrame(rows, columns=columns)


def fine_tuning(seeds=range(2), methods=("magnitude", "grasp"), gammas=(0.9,), sigmas=SIGMAS, draws=3):
    """GraSP's networks have a huge gradient flow and stay bad."""
    generator = np.random.default_rng(2)
    rows = []
    for seed, method, gamma, sigma in product(seeds, methods, gammas, (0.0, *sigmas)):
        for draw in range(draws if sigma else 1):
            good = method != "grasp"
            flow = 10 ** generator.normal(0.7 - 60 * sigma if good else 3.5, 0.15)
            before = noisy_top1(gamma, sigma, seed=seed) + generator.normal() if good else 10.0
            after = (92.5 if method == "lamp" else 91 + 2 * (sigma > 0) - 300 * sigma) if good else 45 - 300 * sigma
            kind = "stochastic" if sigma else "deterministic"
            after += 0.3 * generator.normal()
            rows.append((MODEL, seed, method, gamma, sigma, kind, draw, before, flow, after, 0.5, 0.1, False))
    columns = ["model", "seed", "method", "gamma", "sigma", "kind", "draw", "one_shot_top1", "one_shot_gradient_flow"]
    return pd.DataFrame(rows, columns=[*columns, "top1", "gradient_flow", "train_loss", "diverged"])


def fronts(seeds=range(2), candidates=12, objectives=("F1", "F2"), algorithms=("nsga2", "random")):
    """Candidates that none is better than; of each front that with the largest second objective is marked best."""
    columns = ["model", "seed", "objectives", "algorithm", "evaluation", "sigma", "gamma", "fitness_sp", "fitness_dp"]
    columns += ["sp", "dp", "delta", "objective_1", "objective_2"]
    parts = []
    for seed, pair, algorithm in product(seeds, objectives, algorithms):
        rows = []
        for number, gamma in enumerate(np.linspace(0.3, 0.98, candidates)):
            sigma = 0.001 + 0.003 * gamma + 0.0003 * seed
            sp, dp = noisy_top1(gamma, sigma) - (algorithm == "random"), plain_top1(gamma)
            second = gamma if pair == "F1" else (sp - dp) * gamma
            measured = (sp, dp, sp - 0.5, dp + 0.2, sp - dp - 0.7, sp, second)
            rows.append((MODEL, seed, pair, algorithm, number, sigma, gamma, *measured))
        table = pd.DataFrame(rows, columns=columns)
        table = table[front(table[["objective_1", "objective_2"]].to_numpy())]
        parts.append(table.assign(best=table["objective_2"] == table["objective_2"].max()))
    return pd.concat(parts, ignore_index=True)


def search_progress(seeds=range(2), generations=5, population=15):
    """NSGA-II ends up higher."""
    rows = [
        (MODEL, seed, pair, algorithm, number, population * number, volume * (1 - 0.5**number) - 0.01 * seed)
        for seed, (pair, height), (algorithm, part), number in product(
            seeds, (("F1", 0.85), ("F2", 0.4)), (("nsga2", 1.0), ("random", 0.95)), range(1, generations + 1)
        )
        for volume in [height * part]
    ]
    columns = ["model", "seed", "objectives", "algorithm", "generation", "evaluations", "hypervolume"]
    return pd.DataFrame(rows, columns=columns).assign(search_seed=0)


def swaps(seeds=range(2), gamma=0.9, sigmas=SIGMAS):
    """Weights at the threshold swap as often as not, those far from it never."""
    rows = []
    for seed, sigma, distance in product(seeds, sigmas, np.arange(-4.25, 4.5, 0.5)):
        weights = int(0 if distance > 4 else 200 * np.exp(-distance / 3) + 5 * seed)
        part = 0.5 * np.exp(-(distance**2) / 2)
        rows.append((MODEL, seed, gamma, sigma, distance, weights, (part - 0.02 * seed) * weights, part * weights))
    return pd.DataFrame(rows, columns=["model", "seed", "gamma", "sigma", "distance", "weights", "swapped", "expected"])


ON_LINES = [("dense_deterministic", 0), *product(("dense_stochastic", "deterministic_stochastic"), range(2))]


def lines(seeds=range(2), gamma=0.9, sigma=0.005):
    """Pruned networks are worse than the dense one, fine-tuned ones less so; in between a little is lost."""
    rows = []
    for seed, (stage, lost), (line, draw), alpha in product(
        seeds, (("one_shot", 30.0), ("fine_tuned", 2.0)), ON_LINES, np.linspace(0, 1, 5)
    ):
        start, end = (0.0 if line.startswith("dense") else lost), lost - draw
        wrong = (1 - alpha) * start + alpha * end + 4 * (1 + seed) * alpha * (1 - alpha)
        rows.append((MODEL, seed, gamma, sigma, stage, line, draw, alpha, 95 - wrong, 0.1 + wrong / 20))
    columns = ["model", "seed", "gamma", "sigma", "stage", "line", "draw", "alpha", "top1", "loss"]
    return pd.DataFrame(rows, columns=columns)


def basins(seeds=range(2), gamma=0.9, sigma=0.005):
    """The barriers of `lines`."""
    table = lines(seeds, gamma, sigma)
    keys = ["model", "seed", "gamma", "sigma", "stage", "line", "draw"]
    return table[keys].drop_duplicates(ignore_index=True).assign(error_barrier=lambda of: 1.0 + of["seed"])
