"""How good the settings are that few trainings find, on landscapes whose truth is known.

    python tests/bench/exploration.py

writes docs/benchmarks/exploration.csv, and of each kind of landscape exploration_kinds.csv, of which
exploration_adaptive.csv has the rows of the surrogate. The dense network and four pruned ones are tuned by a full grid,
by the surrogate, and by other ways of search with as many trainings as the surrogate may use; all see the same
landscapes, and of each the four best cells are trained with five fresh seeds, as in the workflow. Then the settings are
confirmed, and each pruned network's is compared with the prior and with the dense network's.

What stops trainings early sees, after a part p of the epochs, the accuracy that a training will have in the end less
8 (1 - p)^2 points, plus a smooth field of (1 - p) 2 points that is each network's own, plus noise.

TPE and CMA-ES are Optuna's (requirements-dev.txt).
"""

import csv
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from common import PROJECT, options

sys.path.insert(0, str(PROJECT / "tests"))

import numpy as np

import procedure
from landscape_samples import LATTICE, PLACES, VARIANTS
from procedure import LEVEL, MARGIN, NETWORKS, QUESTIONS, Case, trainings, truth
from prunescape.hpspace.choice import finalists
from prunescape.hpspace.exploration import best_cells, next_batch
from prunescape.hpspace.lattice import fill_space
from prunescape.hpspace.questions import FRESH_SEEDS
from prunescape.hpspace.surface import matern
from prunescape.hpspace.surrogate import Trained, fit
from prunescape.statistics.looks import KEEP, OPEN, TUNE, level_of

FLOPS = np.array([1.0, 0.6, 0.2, 0.6, 0.2])  # of a training of each of VARIANTS, in those of the dense network
SIZE, WORTH = 8, 0.001  # trainings of a network in a batch, the first one as well; points
RUNGS = (0.25, 0.5, 1.0)  # parts of the epochs


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


class World(NamedTuple):
    """Networks whose landscapes are known, on the cells of a grid.

    Attributes:
        truths: (V, N).
        cells: coordinates of the cells, (N, 2).
        places: the same in decades.
        case: the noise.
        setup: what may be spent.
        random: where noise comes from.
    """

    truths: np.ndarray
    cells: np.ndarray
    places: np.ndarray
    case: Case
    setup: Setup
    random: np.random.Generator

    @property
    def prior(self) -> int:
        """The number of the central cell."""
        return len(self.cells) // 2

    def train(self, network: int, cells: Any) -> np.ndarray:
        """Accuracies of trainings with a seed each."""
        means = self.truths[network][np.asarray(cells, dtype=int)]
        return np.array([trainings(means[[at]], 1, self.case, self.random)[0, 0] for at in range(len(means))])


Found = tuple[list[list[int]], np.ndarray]  # finalists of each network, and trainings that were spent on it


def by_grid(world: World) -> Found:
    """Every cell with each seed; the best by smoothed means."""
    all_seeds, sides = world.setup.seeds, len(LATTICE)
    found = []
    for f in world.truths:
        whole = np.zeros(sides)
        inside = np.abs(LATTICE).max(axis=1) <= world.setup.side // 2
        whole[inside] = f
        drawn = trainings(whole, all_seeds, world.case, world.random, grid=True)[:, inside]
        found.append(finalists(drawn.mean(axis=0), world.cells))
    return found, np.full(len(found), float(all_seeds * len(world.cells)))


def by_surrogate(world: World) -> Found:
    """Batches by the surrogate of all networks, as the workflow has them, until none is worth it or all are spent."""
    start = [fill_space(world.cells.tolist(), SIZE, [world.prior]) for _ in world.truths]
    batches = dict(enumerate(start))
    parts: list[Trained] = []
    while batches:
        parts += [_trained(world, network, cells) for network, cells in batches.items()]
        known = Trained(*(np.concatenate([getattr(of, name) for of in parts]) for name in Trained.__annotations__))
        surrogate = fit(known, world.places, len(world.truths))
        spent = np.bincount(known.network)
        going_on = [network for network in batches if spent[network] + SIZE <= world.setup.most]
        counts = np.zeros(world.truths.shape, dtype=int)
        np.add.at(counts, (known.network, known.cell), 1)
        left = world.setup.seeds - counts
        wanted = {network: next_batch(surrogate, network, SIZE, spent[network], left[network]) for network in going_on}
        batches = {network: batch.cells for network, batch in wanted.items() if batch.gain >= WORTH}
    found = [best_cells(surrogate, network, np.flatnonzero(of)) for network, of in enumerate(counts)]
    return found, spent.astype(float)


def _trained(world: World, network: int, cells: list[int]) -> Trained:
    return Trained(np.full(len(cells), network), np.array(cells), world.train(network, cells))


def by_chance(world: World) -> Found:
    """Cells at random, each once; the best by smoothed means."""
    found = []
    for network in range(len(world.truths)):
        cells = world.random.choice(len(world.cells), world.setup.most, replace=False)
        found.append([int(cells[at]) for at in finalists(world.train(network, cells), world.cells[cells])])
    return found, np.full(len(found), float(world.setup.most))


def by_optuna(sampler: str) -> Callable[[World], Found]:
    """A sampler of Optuna's, on the coordinates of cells; the best by means over its trials of a cell."""

    def search(world: World) -> Found:
        import optuna  # here, as no other way needs it

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        found, half = [], world.setup.side // 2
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
            found.append(sorted(shown, key=lambda cell: -np.mean(shown[cell]))[:4])
        return found, np.full(len(found), float(world.setup.most))

    return search


def by_halving(world: World) -> Found:
    """Successive halving: many cells for a quarter of the epochs, the better ones for half, the best to the end."""
    count = min(len(world.cells), 2 * world.setup.most)
    ratio = 0.5 if count == 2 * world.setup.most else 0.6  # so that all is spent
    root = np.linalg.cholesky(matern(_distance(world.cells), 3.0) + 1e-9 * np.eye(len(world.cells)))
    found = []
    for network, f in enumerate(world.truths):
        field = root @ world.random.standard_normal(len(f))
        cells = world.random.choice(len(f), count, replace=False)
        for part in RUNGS:
            shown = world.train(network, cells) - 8 * (1 - part) ** 2 + (1 - part) * 2 * field[cells]
            order = cells[np.argsort(-shown, kind="stable")]
            cells = order if part == 1 else order[: round(ratio * len(cells))]
        found.append([int(cell) for cell in cells[:4]])
    whole = count * (RUNGS[0] + ratio * (RUNGS[1] - RUNGS[0]) + ratio**2 * (RUNGS[2] - RUNGS[1]))
    return found, np.full(len(found), whole)


def _distance(cells: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(cells[:, None] - cells, axis=-1))


WAYS: dict[str, Callable[[World], Found]] = {
    "full grid": by_grid,
    "adaptive": by_surrogate,
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
        right, wrong: the parts of the questions that were answered rightly, and wrongly.
    """

    regret: np.ndarray
    flops: float
    flops_all: float
    right: float
    wrong: float


def outcome(way: Callable[[World], Found], world: World) -> Outcome:
    """Explore, choose among finalists, confirm, and compare with the truth."""
    finals, spent = way(world)
    tuned = []
    for f, cells in zip(world.truths, finals, strict=True):
        again = trainings(f[cells], FRESH_SEEDS, world.case, world.random)
        tuned.append(cells[int(again.mean(axis=0).argmax())])
    answers, fresh = [], np.array([FRESH_SEEDS * len(cells) for cells in finals], dtype=float)
    level = level_of(LEVEL, NETWORKS * QUESTIONS, 1)
    for network in range(1, len(tuned)):
        f, own = world.truths[network], tuned[network]
        settings = [own, world.prior, tuned[0]]
        drawn = trainings(f[settings], world.case.most, world.case, world.random)
        used = 0
        for other in (1, 2):
            gain, answer = float(f[own] - f[settings[other]]), KEEP
            if settings[other] != own:
                answer, shown = procedure.question(drawn[:, 0], drawn[:, other], level, world.case.most)
                used = max(used, shown.seeds)
            answers.append(None if answer == OPEN else (answer == TUNE) == (gain > MARGIN))
        fresh[network] += used * len(set(settings))
    regret = world.truths.max(axis=1) - world.truths[np.arange(len(tuned)), tuned]
    right, wrong = (float(np.mean([answer is of for answer in answers])) for of in (True, False))
    return Outcome(regret, float(spent @ FLOPS), float((spent + fresh) @ FLOPS), right, wrong)


def worlds(kind: str, setup: Setup, replicates: int, noise: float):
    """Seeds and landscapes of all networks, the same for all ways."""
    inside = np.abs(LATTICE).max(axis=1) <= setup.side // 2
    for number in range(replicates):
        random = np.random.default_rng([procedure.KINDS.index(kind), number, 2])
        truths = np.stack([truth(kind, random) for _ in VARIANTS])[:, inside]
        noises = np.random.default_rng([procedure.KINDS.index(kind), number, 3])
        yield World(truths, LATTICE[inside], PLACES[inside], Case(kind, noise=noise), setup, noises)


def row(name: dict[str, Any], found: list[Outcome], grid: list[Outcome]) -> dict[str, Any]:
    """A row of what a way found, beside the full grid of the same landscapes."""
    regret = np.array([of.regret.mean() for of in found])
    more = regret - [of.regret.mean() for of in grid]

    def percent(of: str) -> float:
        return round(100 * sum(getattr(one, of) for one in found) / sum(getattr(one, of) for one in grid), 1)

    return {
        **name,
        "mean_regret": round(float(regret.mean()), 3),
        "above_grid": round(float(more.mean()), 3),
        "standard_error": round(float(more.std(ddof=1) / np.sqrt(len(more))), 3) if len(more) > 1 else "",
        "flops_%": percent("flops"),
        "with_confirmation_%": percent("flops_all"),
        "answered_rightly_%": round(100 * float(np.mean([of.right for of in found])), 1),
        "any_wrong_%": round(100 * float(np.mean([of.wrong > 0 for of in found])), 1),
        "verdicts": len(found),
    }


def main(arguments: Any) -> None:
    kinds = procedure.KINDS[:1] if arguments.smoke else procedure.KINDS
    rows, by_kind = [], []
    for setup in SETUPS[1:] if arguments.smoke else SETUPS:
        name = {"grid": f"{setup.side} x {setup.side}, {setup.seeds} seed{'s' * (setup.seeds > 1)}"}
        found: dict[str, list[Outcome]] = {way: [] for way in WAYS}
        for kind in kinds:
            here = {}
            for way, search in WAYS.items():
                own = list(worlds(kind, setup, 1 if arguments.smoke else arguments.replicates, arguments.noise))
                here[way] = [outcome(search, world) for world in own]
                found[way] += here[way]
                by_kind.append(row({**name, "landscape": kind, "way": way}, here[way], here["full grid"]))
            print(*by_kind[-len(WAYS) :], sep="\n", flush=True)
        rows += [row({**name, "way": way}, found[way], found["full grid"]) for way in WAYS]
    arguments.output.mkdir(parents=True, exist_ok=True)
    of_surrogate = [{name: of[name] for name in of if name != "way"} for of in by_kind if of["way"] == "adaptive"]
    tables = {"exploration": rows, "exploration_kinds": by_kind, "exploration_adaptive": of_surrogate}
    for title, table in tables.items():
        with (arguments.output / f"{title}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)


def add(parser: Any) -> None:
    parser.add_argument("--replicates", type=int, default=25, help="verdicts of each kind of landscape")
    parser.add_argument("--noise", type=float, default=0.9, help="standard deviation of a training, in points")


if __name__ == "__main__":
    main(options(__doc__, add))
