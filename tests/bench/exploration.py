"""How good the settings are that few trainings find, on landscapes whose truth is known.

    python tests/bench/exploration.py

writes docs/benchmarks/exploration.csv, and of each kind of landscape exploration_kinds.csv, of which
exploration_adaptive.csv has the rows of the surrogate. The dense network and four pruned ones are tuned by a full grid,
by the surrogate, which stops hopeless trainings early or none, and by other ways of search with as many trainings as
the surrogate may use; all see the same landscapes, and of each the four best cells are trained with five fresh seeds,
as in the workflow. Then the settings are confirmed, and each pruned network's is compared with the prior and with the
dense network's. Rows of ways that are not asked for stay in the tables; the grid is always run, as all are compared
with it.

    python tests/bench/exploration.py --replayed

writes exploration_replayed.csv, the same of the demo's finished grid (docs/results): accuracies of cells are its
trainings smoothed by local quadratics, which no way of search uses, and a training is that plus what a training of the
grid, of the same network and at most two steps away, lay above it. Failed trainings stay where they failed. Seeds have
no part of the noise in common here, so that pairing gains nothing.

What stops trainings early sees, after a part p of the epochs, the accuracy that a training will have in the end less
8 (1 - p)^2 points, plus a smooth field of (1 - p) 2 points that is each network's own, plus noise. `early_%` is what
stopping early could save of exploration at most: if it was known after a quarter of the epochs which trainings are at
cells more than 2 points below the best one, so far that the surrogate looks at their logarithms alone.

TPE and CMA-ES are Optuna's (requirements-dev.txt).
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from common import PROJECT, options

sys.path.insert(0, str(PROJECT / "tests"))

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import procedure
from landscape_samples import LATTICE, PLACES, VARIANTS
from procedure import LEVEL, MARGIN, NETWORKS, QUESTIONS, Case, trainings, truth
from prunescape.hpspace.choice import finalists
from prunescape.hpspace.early import stops
from prunescape.hpspace.exploration import best_cells, next_batch
from prunescape.hpspace.lattice import fill_space
from prunescape.hpspace.questions import FRESH_SEEDS
from prunescape.hpspace.surface import matern
from prunescape.hpspace.surrogate import KNEE, Surrogate, Trained, fit
from prunescape.statistics.looks import KEEP, OPEN, TUNE, level_of

FLOPS = np.array([1.0, 0.6, 0.2, 0.6, 0.2])  # of a training of each of VARIANTS, in those of the dense network
SIZE, WORTH = 8, 0.001  # trainings of a network in a batch, the first one as well; points
RUNGS = (0.25, 0.5, 1.0)  # parts of the epochs, of successive halving ...
STOPS = (0.25, 0.5, 0.75)  # ... and of the surrogate


class Setup(NamedTuple):
    """A grid, and what may be spent instead of it.

    Attributes:
        side: cells along both axes of the grid.
        seeds: with which it trains each cell.
        most: trainings of a network by any other way.
    """

    side: int
    seeds: int
    most: int


SETUPS = (Setup(11, 3, 72), Setup(9, 1, 32))
GRID, DEMO_MARGIN = PROJECT / "docs/results/demo/hpspace", 1.0  # a finished grid, and the margin of its verdict
SEEN = 40  # replays that a rule was chosen by
WIDTH, NEAR = 1.5, 2  # of local quadratics, and how far away trainings are replayed from: in steps


class World(NamedTuple):
    """Networks whose landscapes are known, on the cells of a grid.

    Attributes:
        truths: (V, N).
        cells: coordinates of the cells, (N, 2).
        places: the same in decades.
        case: the noise.
        setup: what may be spent.
        random: where noise comes from.
        flops: of a training of each network, in those of the dense one.
        margin: the gain that makes tuning worth it, in points.
        replayed: what trainings of a finished grid lay above the truth, (V, N); None, noise is that of the case.
    """

    truths: np.ndarray
    cells: np.ndarray
    places: np.ndarray
    case: Case
    setup: Setup
    random: np.random.Generator
    flops: np.ndarray = FLOPS
    margin: float = MARGIN
    replayed: np.ndarray | None = None

    @property
    def prior(self) -> int:
        """The number of the central cell."""
        return len(self.cells) // 2

    def train(self, network: int, cells: Any) -> np.ndarray:
        """Accuracies of trainings with a seed each."""
        return np.array([self.seeds(network, [cell], 1)[0, 0] for cell in cells])

    def seeds(self, network: int, cells: Any, seeds: int) -> np.ndarray:
        """Accuracies of cells with the same seeds, (seeds, cells)."""
        means = self.truths[network][np.asarray(cells, dtype=int)]
        if self.replayed is None:
            return trainings(means, seeds, self.case, self.random)
        shown = np.empty((seeds, len(means)))
        for at, cell in enumerate(cells):
            near = np.abs(self.cells - self.cells[cell]).max(axis=1) <= NEAR
            above = self.replayed[network, near]
            shown[:, at] = means[at] + self.random.choice(above - above.mean(), seeds)
        return shown


class Found(NamedTuple):
    """What a way found.

    Attributes:
        finals: finalists of each network.
        spent: trainings to the end that were spent on each network, (V,); of parts, their sum.
        early: what of these could have been saved, (V,); NaN where the way stops trainings itself.
    """

    finals: list[list[int]]
    spent: np.ndarray
    early: np.ndarray


def found(world: World, finals: list[list[int]], trained: list[Any]) -> Found:
    """What a way found that trains each network at some cells to the end."""
    below = [f.max() - f[np.asarray(cells)] for f, cells in zip(world.truths, trained, strict=True)]
    early = np.array([(1 - RUNGS[0]) * np.sum(of > KNEE) for of in below])
    return Found(finals, np.array([float(len(cells)) for cells in trained]), early)


def by_grid(world: World) -> Found:
    """Every cell with each seed; the best by smoothed means."""
    all_seeds, every, finals = world.setup.seeds, np.arange(len(world.cells)), []
    inside = np.abs(LATTICE).max(axis=1) <= world.setup.side // 2
    for network, f in enumerate(world.truths):
        whole = np.zeros(len(LATTICE))
        whole[inside] = f
        if world.replayed is None:
            drawn = trainings(whole, all_seeds, world.case, world.random, grid=True)[:, inside]
        else:
            drawn = world.seeds(network, every, all_seeds)
        finals.append(finalists(drawn.mean(axis=0), world.cells))
    return found(world, finals, [np.tile(every, all_seeds)] * len(finals))


def by_surrogate(world: World, size: int = SIZE) -> Found:
    """Batches by the surrogate of all networks, as the workflow has them, until none is worth it or all are spent."""
    known, surrogate = searched(world, size)
    cells = [known.cell[known.network == network] for network in range(len(world.truths))]
    finals = [best_cells(surrogate, of, world.cells, np.unique(own)) for of, own in enumerate(cells)]
    return found(world, finals, cells)


def searched(world: World, size: int) -> tuple[Trained, Surrogate]:
    """The trainings of a search by the surrogate in batches of a size, and the surrogate of all of them."""
    start = [fill_space(world.cells.tolist(), size, [world.prior]) for _ in world.truths]
    batches = dict(enumerate(start))
    parts: list[Trained] = []
    while batches:
        parts += [_trained(world, network, cells) for network, cells in batches.items()]
        known = Trained(*(np.concatenate([getattr(of, name) for of in parts]) for name in Trained.__annotations__))
        surrogate = fit(known, world.places, len(world.truths))
        batches = _next_batches(world, surrogate, batches, known.network, known.cell, size)
    return known, surrogate


def _next_batches(
    world: World,
    surrogate: Surrogate,
    before: Mapping[int, Any],
    network: np.ndarray,
    cell: np.ndarray,
    size: int = SIZE,
) -> dict[int, list[int]]:
    """The batches after some trainings, of those networks that had one before and go on."""
    spent, counts = np.bincount(network), np.zeros(world.truths.shape, dtype=int)
    np.add.at(counts, (network, cell), 1)
    left = world.setup.seeds - counts
    going_on = [of for of in before if spent[of] + size <= world.setup.most]
    wanted = {of: next_batch(surrogate, of, size, spent[of], left[of]) for of in going_on}
    return {of: batch.cells for of, batch in wanted.items() if batch.gain >= WORTH}


def by_surrogate_stopping(world: World) -> Found:
    """The same, with trainings stopped at rungs, as the workflow does with `exploration.rungs`."""
    network, cell, length, surrogate = searched_stopping(world)
    ended = [np.unique(cell[(network == of) & (length == 1)]) for of in range(len(world.truths))]
    finals = [best_cells(surrogate, of, world.cells, cells) for of, cells in enumerate(ended)]
    return Found(finals, np.bincount(network, length), np.full(len(finals), np.nan))


def searched_stopping(world: World) -> tuple[np.ndarray, np.ndarray, np.ndarray, Surrogate]:
    """Network, cell and part of the epochs of each training of such a search, and the surrogate of all of them."""
    root = np.linalg.cholesky(matern(_distance(world.cells), 3.0) + 1e-9 * np.eye(len(world.cells)))
    fields = [root @ world.random.standard_normal(len(f)) for f in world.truths]
    batches: dict[int, list[int]] = {
        of: fill_space(world.cells.tolist(), SIZE, [world.prior]) for of in range(len(world.truths))
    }
    trained: list[tuple[int, int, float, float]] = []  # network, cell, accuracy or the most it could be, part of epochs
    shown: list[list[float]] = []  # accuracies at the rungs
    while batches:
        fresh = []
        for network, cells in batches.items():
            mine = [at for at, of in enumerate(trained) if of[0] == network and of[3] == 1]
            before = np.array([shown[at] for at in mine]).reshape(-1, len(STOPS))
            given = stops(np.array([trained[at][2] for at in mine]), dict(enumerate(before.T)))
            early = [_early(world.train(network, cells), part, fields[network][cells]) for part in STOPS]
            for cell, accuracy, *seen in zip(cells, world.train(network, cells), *early, strict=True):
                ends = [part for at, part in enumerate(STOPS) if seen[at] < given["below"].get(str(at), -np.inf)]
                fresh.append((network, cell, given["most"] if ends else accuracy, min(ends, default=1.0)))
                shown.append(seen)
        trained += fresh
        network, cell, accuracy, length = (np.array(of) for of in zip(*trained, strict=True))
        surrogate = fit(Trained(network, cell, accuracy), world.places, len(world.truths))
        batches = _next_batches(world, surrogate, batches, network, cell)
    return network, cell, length, surrogate


def _early(accuracies: np.ndarray, part: float, field: np.ndarray) -> np.ndarray:
    """What trainings show after a part of the epochs."""
    return np.asarray(accuracies - 8 * (1 - part) ** 2 + (1 - part) * 2 * field)


def _trained(world: World, network: int, cells: list[int]) -> Trained:
    return Trained(np.full(len(cells), network), np.array(cells), world.train(network, cells))


def by_chance(world: World) -> Found:
    """Cells at random, each once; the best by smoothed means."""
    finals, trained = [], []
    for network in range(len(world.truths)):
        cells = world.random.choice(len(world.cells), world.setup.most, replace=False)
        finals.append([int(cells[at]) for at in finalists(world.train(network, cells), world.cells[cells])])
        trained.append(cells)
    return found(world, finals, trained)


def by_optuna(sampler: str) -> Callable[[World], Found]:
    """A sampler of Optuna's, on the coordinates of cells; the best by means over its trials of a cell."""

    def search(world: World) -> Found:
        import optuna  # here, as no other way needs it

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        finals, trained, half = [], [], world.setup.side // 2
        for network in range(len(world.truths)):
            seed, named = int(world.random.integers(2**31)), getattr(optuna.samplers, sampler)
            study = optuna.create_study(direction="maximize", sampler=named(seed=seed))
            shown: dict[int, list[float]] = {}
            for _ in range(world.setup.most):
                trial = study.ask()
                i, j = (trial.suggest_int(name, -half, half) for name in "ij")
                cell = (i + half) * world.setup.side + j + half
                shown.setdefault(cell, []).append(float(world.train(network, [cell])[0]))
                study.tell(trial, shown[cell][-1])
            finals.append(sorted(shown, key=lambda cell: -np.mean(shown[cell]))[:4])
            trained.append([cell for cell, values in shown.items() for _ in values])
        return found(world, finals, trained)

    return search


def by_halving(world: World) -> Found:
    """Successive halving: many cells for a quarter of the epochs, the better ones for half, the best to the end."""
    count = min(len(world.cells), 2 * world.setup.most)
    ratio = 0.5 if count == 2 * world.setup.most else 0.6  # so that all is spent
    root = np.linalg.cholesky(matern(_distance(world.cells), 3.0) + 1e-9 * np.eye(len(world.cells)))
    finals = []
    for network, f in enumerate(world.truths):
        field = root @ world.random.standard_normal(len(f))
        cells = world.random.choice(len(f), count, replace=False)
        for part in RUNGS:
            shown = _early(world.train(network, cells), part, field[cells])
            order = cells[np.argsort(-shown, kind="stable")]
            cells = order if part == 1 else order[: round(ratio * len(cells))]
        finals.append([int(cell) for cell in cells[:4]])
    whole = count * (RUNGS[0] + ratio * (RUNGS[1] - RUNGS[0]) + ratio**2 * (RUNGS[2] - RUNGS[1]))
    return Found(finals, np.full(len(finals), whole), np.full(len(finals), np.nan))


def _distance(cells: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(cells[:, None] - cells, axis=-1))


WAYS: dict[str, Callable[[World], Found]] = {
    "full grid": by_grid,
    "adaptive": by_surrogate,
    "adaptive, batches of 16": partial(by_surrogate, size=2 * SIZE),
    "adaptive, stopping": by_surrogate_stopping,
    "random search": by_chance,
    "Optuna TPE": by_optuna("TPESampler"),
    "Optuna CMA-ES": by_optuna("CmaEsSampler"),
    "successive halving": by_halving,
}


class Outcome(NamedTuple):
    """What a way found in a world.

    Attributes:
        regret: of the tuned settings, in points, (V,).
        flops: of exploration, and with the finalists and the confirmation, in trainings of the dense network.
        early: what of exploration's could have been saved.
        right, wrong: the parts of the questions that were answered rightly, and wrongly.
    """

    regret: np.ndarray
    flops: float
    flops_all: float
    early: float
    right: float
    wrong: float


def outcome(way: Callable[[World], Found], world: World) -> Outcome:
    """Explore, choose among finalists, confirm, and compare with the truth."""
    finals, spent, early = way(world)
    tuned = []
    for network, cells in enumerate(finals):
        again = world.seeds(network, cells, FRESH_SEEDS)
        tuned.append(cells[int(again.mean(axis=0).argmax())])
    answers, fresh = [], np.array([FRESH_SEEDS * len(cells) for cells in finals], dtype=float)
    level = level_of(LEVEL, NETWORKS * QUESTIONS, 1)
    for network in range(1, len(tuned)):
        f, own = world.truths[network], tuned[network]
        settings = [own, world.prior, tuned[0]]
        drawn = world.seeds(network, settings, world.case.most)
        used = 0
        for other in (1, 2):
            gain, answer = float(f[own] - f[settings[other]]), KEEP
            if settings[other] != own:
                answer, shown = procedure.question(drawn[:, 0], drawn[:, other], level, world.case.most, world.margin)
                used = max(used, shown.seeds)
            answers.append(None if answer == OPEN else (answer == TUNE) == (gain > world.margin))
        fresh[network] += used * len(set(settings))
    regret = world.truths.max(axis=1) - world.truths[np.arange(len(tuned)), tuned]
    right, wrong = (float(np.mean([answer is of for answer in answers])) for of in (True, False))
    flops = (float(of @ world.flops) for of in (spent, spent + fresh, early))
    return Outcome(regret, *flops, right, wrong)


def worlds(kind: str, setup: Setup, replicates: int, noise: float, which: int = 2) -> Iterator[World]:
    """Seeds and landscapes of all networks, the same for all ways; others for another `which`."""
    inside = np.abs(LATTICE).max(axis=1) <= setup.side // 2
    for number in range(replicates):
        random = np.random.default_rng([procedure.KINDS.index(kind), number, which])
        truths = np.stack([truth(kind, random) for _ in VARIANTS])[:, inside]
        noises = np.random.default_rng([procedure.KINDS.index(kind), number, which + 1])
        yield World(truths, LATTICE[inside], PLACES[inside], Case(kind, noise=noise), setup, noises)


def replays(setup: Setup, replicates: int) -> Iterator[World]:
    """The finished grid of the demo again and again, each time with other trainings of it.

    With the numbers below `SEEN` it was looked which neighbours finalists are smoothed over.
    """
    cells = pd.read_csv(GRID / "cells.csv.gz").pivot(index=["i", "j"], columns="variant", values="top1")
    flops = pd.read_csv(GRID / "pruning.csv").set_index("variant")["achieved_ratio"]
    cells = cells.loc[[tuple(at) for at in LATTICE], flops.index]
    truths, above = local_quadratics(cells.to_numpy().T)
    inside = np.abs(LATTICE).max(axis=1) <= setup.side // 2
    truths, above = truths[:, inside], above[:, inside]
    for number in range(SEEN, SEEN + replicates):
        noises, case = np.random.default_rng([setup.side, number]), Case("replayed")
        world = World(truths, LATTICE[inside], PLACES[inside], case, setup, noises)
        yield world._replace(flops=flops.to_numpy(), margin=DEMO_MARGIN, replayed=above)


def local_quadratics(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of grids without noise, and what trainings lie above them, both (V, N).

    At each cell a quadratic is fitted to the cells around it. It follows a training a little, for which what is left
    is corrected.
    """
    maps = np.empty((len(LATTICE), len(LATTICE)))
    for at, cell in enumerate(LATTICE):
        i, j = (LATTICE - cell).T
        terms = np.stack([np.ones(len(i)), i, j, i * i, i * j, j * j], axis=1)
        root = np.exp(-(i**2 + j**2) / (4 * WIDTH**2))  # of the weights
        maps[at] = np.linalg.pinv(root[:, None] * terms)[0] * root
    truths = values @ maps.T
    return truths, (values - truths) / np.sqrt(1 - np.diag(maps))


def row(name: dict[str, Any], found: list[Outcome], grid: list[Outcome]) -> dict[str, Any]:
    """A row of what a way found, beside the full grid of the same landscapes."""
    regret = np.array([of.regret.mean() for of in found])
    more, power = regret - [of.regret.mean() for of in grid], np.array([of.right for of in found])
    more_power = 100 * (power - [of.right for of in grid])

    def percent(of: str) -> float:
        return round(100 * sum(getattr(one, of) for one in found) / sum(getattr(one, of) for one in grid), 1)

    def error(of: np.ndarray, digits: int) -> float | str:
        return round(float(of.std(ddof=1) / np.sqrt(len(of))), digits) if len(of) > 1 else ""

    early = sum(of.early for of in found) / sum(of.flops for of in found)
    return {
        **name,
        "mean_regret": round(float(regret.mean()), 3),
        "above_grid": round(float(more.mean()), 3),
        "standard_error": error(more, 3),
        "flops_%": percent("flops"),
        "early_%": "" if np.isnan(early) else round(100 * early, 1),
        "with_confirmation_%": percent("flops_all"),
        "answered_rightly_%": round(100 * float(power.mean()), 1),
        "more_than_grid": round(float(more_power.mean()), 1),
        "its_error": error(more_power, 1),
        "any_wrong_%": round(100 * float(np.mean([of.wrong > 0 for of in found])), 1),
        "verdicts": len(found),
    }


def title(setup: Setup) -> str:
    """The grid of a setup, in words."""
    return f"{setup.side} x {setup.side}, {setup.seeds} seed{'s' * (setup.seeds > 1)}"


def main(arguments: Any) -> None:
    kinds = procedure.KINDS[:1] if arguments.smoke else procedure.KINDS
    many = 1 if arguments.smoke else arguments.replicates
    asked = dict.fromkeys([next(iter(WAYS)), *arguments.ways])
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.replayed:
        rows = []
        for setup in SETUPS[1:] if arguments.smoke else SETUPS:
            outcomes = {way: [outcome(WAYS[way], world) for world in replays(setup, many)] for way in asked}
            rows += [row({"grid": title(setup), "way": way}, of, outcomes["full grid"]) for way, of in outcomes.items()]
            print(*rows[-len(asked) :], sep="\n", flush=True)
        merged(arguments.output / "exploration_replayed.csv", rows, ["grid", "way"])
        return
    for setup in SETUPS[1:] if arguments.smoke else SETUPS[::-1]:
        grid = title(setup)
        outcomes: dict[str, list[Outcome]] = {way: [] for way in asked}
        by_kind = []
        for kind in kinds:
            for way, of_way in outcomes.items():
                here = [outcome(WAYS[way], world) for world in worlds(kind, setup, many, arguments.noise)]
                of_way += here
                name = {"grid": grid, "landscape": kind, "way": way}
                by_kind.append(row(name, here, outcomes["full grid"][-many:]))
            print(*by_kind[-len(asked) :], sep="\n", flush=True)
        rows = [row({"grid": grid, "way": way}, of, outcomes["full grid"]) for way, of in outcomes.items()]
        merged(arguments.output / "exploration.csv", rows, ["grid", "way"])
        every = merged(arguments.output / "exploration_kinds.csv", by_kind, ["grid", "landscape", "way"])
        every[every["way"] == "adaptive"].drop(columns="way").to_csv(
            arguments.output / "exploration_adaptive.csv", index=False
        )


def merged(path: Path, rows: list[dict[str, Any]], key: list[str]) -> pd.DataFrame:
    """Rows in the place of earlier ones of the same key in a table, which keeps its others; in the order of a run."""
    table = pd.DataFrame(rows)
    if path.exists():
        before = pd.read_csv(path)
        kept = ~before.set_index(key).index.isin(table.set_index(key).index) & before["way"].isin(list(WAYS))
        table = pd.concat([table, before[kept].reindex(columns=table.columns)], ignore_index=True)
    orders = {"way": list(WAYS), "landscape": list(procedure.KINDS)}
    sizes = table["grid"].str.split(" ").str[0].astype(int)
    places = [table[name].map(orders[name].index) for name in key[1:]]
    order = pd.concat([-sizes, *places], axis=1, keys=range(len(key))).sort_values(list(range(len(key)))).index
    table = table.loc[order]
    table.to_csv(path, index=False)
    return table


def add(parser: Any) -> None:
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS), help="of search (default: all)")
    parser.add_argument("--replayed", action="store_true", help="a finished grid, not landscapes of known kinds")
    parser.add_argument("--replicates", type=int, default=40, help="verdicts of each kind of landscape")
    parser.add_argument("--noise", type=float, default=0.9, help="standard deviation of a training, in points")


if __name__ == "__main__":
    with threadpool_limits(1):  # matrices are small: threads would wait for each other
        main(options(__doc__, add))
