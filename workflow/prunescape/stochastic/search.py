"""Search for noise and pruning rate with two objectives at once: NSGA-II, and random search for comparison.

A search can be killed at any time. After each generation all accuracies measured so far are written as JSON; the
algorithm itself is deterministic and costs nothing beside them, so a search that goes on runs from the start again and
answers from the file what has been measured before. That leads to the very same front, without pickled state.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.evaluator import Evaluator
from pymoo.core.problem import Problem
from pymoo.core.termination import NoTermination
from pymoo.indicators.hv import Hypervolume
from pymoo.problems.static import StaticProblem

from prunescape.data.randomness import derive_seed
from prunescape.errors import known
from prunescape.io.files import write_text
from prunescape.stochastic.fitness import Accuracies, Candidate, Fitness, objectives
from prunescape.stochastic.names import F1, F2, NSGA_II, RANDOM

LOGGER = logging.getLogger("prunescape")

# Candidates go out, (M, 2); their objectives to be maximised come back, (M, 2).
Proposals = Generator[np.ndarray, np.ndarray, None]


@dataclass(frozen=True)
class Settings:
    """Settings of a search (SP paper, section IV-C).

    Attributes:
        algorithm: "nsga2" or "random".
        objectives: "F1" or "F2", see `prunescape.stochastic.fitness.objectives`.
        budget: candidates measured; the last generation may be cut short by it.
        population: candidates a generation. The paper does not tell.
        sigma: bounds of the noise's standard deviation.
        gamma: bounds of the pruning rate.
        seed: of everything random in the search.
    """

    algorithm: str = NSGA_II
    objectives: str = F1
    budget: int = 150
    population: int = 15
    sigma: tuple[float, float] = (1e-4, 1e-2)
    gamma: tuple[float, float] = (0.01, 0.99)
    seed: int = 0

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest (sigma, gamma), (2,) each."""
        return np.array([self.sigma[0], self.gamma[0]]), np.array([self.sigma[1], self.gamma[1]])


class SearchTables(NamedTuple):
    """Tables of a search.

    Attributes:
        evaluations: one row a candidate: evaluation (0, 1, ...), generation (1, 2, ...), sigma, gamma, sp, dp (top-1 in
            percent), objective_1, objective_2, on_front (of all candidates measured none is better in one objective and
            as good in the other).
        hypervolume: one row a generation: generation, evaluations (so far), hypervolume (of all candidates so far).
    """

    evaluations: pd.DataFrame
    hypervolume: pd.DataFrame


def search(
    fitness: Fitness,
    settings: Settings,
    state: str | Path,
    identity: Any = None,
    report: Callable[[str], None] | None = None,
) -> SearchTables:
    """Search, or go on with a search that was killed.

    Args:
        fitness: measures the candidates of a generation; the same candidates must give the same accuracies.
        settings: the search.
        state: a JSON file that keeps what has been measured.
        identity: JSON values that decide the fitness, such as a digest of the weights; a file of another identity, or
            of other settings, is not used.
        report: is given a line a generation.

    Raises:
        UserError: there is no such algorithm.
    """
    proposals = known(_ALGORITHMS, "search algorithm", settings.algorithm)(settings)
    remembered = _Memory(Path(state), [asdict(settings), identity])
    candidates: list[Candidate] = []
    accuracies: list[Accuracies] = []
    generations: list[int] = []
    proposed = next(proposals)
    while True:
        generation = [Candidate(*map(float, row)) for row in proposed[: settings.budget - len(candidates)]]
        measured = remembered.recall(len(candidates), generation)
        if measured is None:
            measured = list(fitness(generation))
            remembered.add(len(candidates), generation, measured)
        candidates += generation
        accuracies += measured
        generations += [max(generations, default=0) + 1] * len(generation)
        if report is not None:
            report(f"generation {generations[-1]}: {len(candidates)} of {settings.budget} candidates measured")
        if len(candidates) == settings.budget:
            return _tables(settings, candidates, accuracies, generations)
        proposed = proposals.send(objectives(settings.objectives, generation, measured))


class _Memory:
    """The candidates measured so far and their accuracies, on disk, with a checksum inside.

    It lies outside Snakemake's outputs, as checkpoints do: what cannot be trusted is not an error, but measured again.
    """

    def __init__(self, path: Path, identity: Any) -> None:
        self.path, self.identity = path, json.dumps(identity)
        self.rows: list[list[float]] = []  # sigma, gamma, sp, dp
        if not path.is_file():
            return
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            rows, checksum = kept["measured"], kept["sha256"]
        except (ValueError, KeyError, TypeError) as error:
            LOGGER.info("%s: damaged, ignored (%s)", path, error)
            return
        if checksum == self._checksum(rows):
            self.rows = rows
        else:
            LOGGER.info("%s: of another search, or damaged; ignored", path)

    def recall(self, start: int, generation: list[Candidate]) -> list[Accuracies] | None:
        """The accuracies of a generation that begins with candidate number `start`; None if they are not all known."""
        rows = self.rows[start : start + len(generation)]
        if [tuple(row[:2]) for row in rows] != generation:
            return None
        return [Accuracies(*row[2:]) for row in rows]

    def add(self, start: int, generation: list[Candidate], measured: list[Accuracies]) -> None:
        """Keep a generation, and forget what may be known of later ones."""
        new = [[*candidate, *reached] for candidate, reached in zip(generation, measured, strict=True)]
        self.rows = self.rows[:start] + new
        kept = {"identity": self.identity, "measured": self.rows, "sha256": self._checksum(self.rows)}
        write_text(self.path, json.dumps(kept) + "\n")

    def _checksum(self, rows: Any) -> str:
        """Checksum of the rows and of the search that they belong to."""
        return hashlib.sha256(json.dumps([self.identity, rows]).encode()).hexdigest()


def _nsga2(settings: Settings) -> Proposals:
    low, high = settings.bounds()
    problem = Problem(n_var=2, n_obj=2, xl=low, xu=high)
    algorithm = NSGA2(pop_size=settings.population)
    seed = derive_seed(settings.seed, "search")
    algorithm.setup(problem, termination=NoTermination(), seed=seed, verbose=False)
    while True:
        generation = algorithm.ask()
        reached = yield generation.get("X")
        Evaluator().eval(StaticProblem(problem, F=-reached), generation)  # pymoo minimises
        algorithm.tell(infills=generation)


def _random(settings: Settings) -> Proposals:
    rng = np.random.default_rng(derive_seed(settings.seed, "search"))
    while True:
        yield rng.uniform(*settings.bounds(), size=(settings.population, 2))


_ALGORITHMS: dict[str, Callable[[Settings], Proposals]] = {NSGA_II: _nsga2, RANDOM: _random}


def front(reached: np.ndarray) -> np.ndarray:
    """Mask of the Pareto front among M points, boolean, (M,); `reached` is (M, objectives), to be maximised."""
    at_least = (reached[:, None] >= reached[None]).all(2)
    better = (reached[:, None] > reached[None]).any(2)
    return np.logical_not((at_least & better).any(0))


def best_candidate(evaluations: pd.DataFrame) -> pd.Series:
    """The row on the front whose second objective is largest (SP paper, Table I, for "F2"); the first of several."""
    on_front = evaluations[evaluations["on_front"]]
    return on_front.loc[on_front["objective_2"].idxmax()]


def hypervolume(which: str, reached: np.ndarray) -> float:
    """The part of the objectives' range that points dominate, for objectives (M, 2) of "F1" or "F2".

    Accuracy counts from 0 to 100 %, gamma from 0 to 1, and (SP - DP) * gamma from 0 to 100 points: what is not better
    than deterministic pruning adds nothing in "F2". So the result is between 0 and 1.
    """
    scaled = reached / np.array([100.0, 100.0 if which == F2 else 1.0])
    return float(Hypervolume(ref_point=np.zeros(2))(-scaled))


def _tables(
    settings: Settings, candidates: list[Candidate], accuracies: list[Accuracies], generations: list[int]
) -> SearchTables:
    reached = objectives(settings.objectives, candidates, accuracies)
    evaluations = pd.concat([pd.DataFrame(candidates), pd.DataFrame(accuracies)], axis=1)
    evaluations = evaluations.assign(objective_1=reached[:, 0], objective_2=reached[:, 1], on_front=front(reached))
    evaluations.insert(0, "evaluation", range(len(candidates)))
    evaluations.insert(1, "generation", generations)
    counts = evaluations.groupby("generation").size().cumsum()
    progress = [
        {"generation": number, "evaluations": count, "hypervolume": hypervolume(settings.objectives, reached[:count])}
        for number, count in counts.items()
    ]
    return SearchTables(evaluations, pd.DataFrame(progress))
