"""Searches around one pretrained network, and the accuracies of their fronts on the test images."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from prunescape.config.stochastic import Search
from prunescape.data.randomness import derive_seed
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.fitness import Accuracies, Candidate, Fitness, accuracy_fitness
from prunescape.stochastic.names import F1, F2
from prunescape.stochastic.search import Settings, best_candidate, search


class SearchesTables(NamedTuple):
    """Tables of the searches; each begins with model, seed, objectives ("F1", "F2") and algorithm.

    Attributes:
        evaluations: search_seed (the number of the search, 0, 1, ...), and as in
            `prunescape.stochastic.search.SearchTables`.
        progress: search_seed, and its `hypervolume`.
        fronts: one row a candidate on a front of the first search: evaluation, sigma, gamma, objective_1, objective_2;
            fitness_sp and fitness_dp, the accuracies that the search saw; sp, dp and delta, those on the test images,
            with draws of their own, and with the ending _recalibrated those after recalibrating batch norm (NaN where
            there is none); best, whether it is the one of "F2" with the largest second objective (SP paper, Table I,
            right).
    """

    evaluations: pd.DataFrame
    progress: pd.DataFrame
    fronts: pd.DataFrame


def run_searches(
    context: PretrainedContext,
    section: Search,
    states: str | Path,
    identity: Any,
    report: Callable[[str], None],
) -> SearchesTables:
    """Search with each algorithm for both pairs of objectives, or go on where a killed job was.

    Args:
        context: the pretrained network, pruned by magnitude, and the images held out.
        section: the config's, `stochastic.search`.
        states: folder of what has been measured so far.
        identity: JSON values that decide the accuracies.
        report: is given a line a generation.
    """
    pretrained, engine, draws = context.pretrained, context.engine, section.draws
    fitness = accuracy_fitness(pretrained, context.held_out, engine, draws=draws)
    fresh = pretrained.for_stage(f"{pretrained.stage}, tested")
    test = partial(accuracy_fitness, fresh, context.data, engine, draws=draws, split="validation")
    plain, again = test(), test(recalibration=context.sample) if context.has_batch_norm else _nothing
    evaluations, hypervolumes, fronts = [], [], []
    for which, algorithm, number in product((F1, F2), section.algorithms, range(section.seeds)):
        asked = Settings(
            algorithm=algorithm,
            objectives=which,
            budget=section.budget,
            population=section.population,
            sigma=section.sigma,
            gamma=section.gamma,
            seed=derive_seed(pretrained.seed, "search again", number) if number else pretrained.seed,
        )
        name = f"{which}-{algorithm}" + (f"-{number}" if number else "")

        def progress(line: str, name: str = f"{algorithm}, {which}, search {number + 1}") -> None:
            report(f"{name}: {line}")

        result = search(fitness, asked, Path(states) / f"{name}.json", identity, progress)
        labels = {"model": pretrained.model, "seed": pretrained.seed, "objectives": which, "algorithm": algorithm}
        again_labels = {**labels, "search_seed": number}
        evaluations.append(_labelled(result.evaluations, again_labels))
        hypervolumes.append(_labelled(result.hypervolume, again_labels))
        if number == 0:
            fronts.append(_labelled(_tested(result.evaluations, plain, again, which), labels))
    return SearchesTables(*(pd.concat(tables, ignore_index=True) for tables in (evaluations, hypervolumes, fronts)))


def _nothing(candidates: Sequence[Candidate]) -> list[Accuracies]:
    """Accuracies that are not there: those with batch norm recalibrated, of networks that have none."""
    return [Accuracies(np.nan, np.nan)] * len(candidates)


def _labelled(table: pd.DataFrame, labels: Mapping[str, Any]) -> pd.DataFrame:
    return table.assign(**labels)[[*labels, *table.columns]]


def _tested(evaluations: pd.DataFrame, plain: Fitness, again: Fitness, which: str) -> pd.DataFrame:
    """The front, with its accuracies on the test images."""
    front = evaluations[evaluations["on_front"]].rename(columns={"sp": "fitness_sp", "dp": "fitness_dp"})
    candidates = [Candidate(sigma, gamma) for sigma, gamma in zip(front["sigma"], front["gamma"], strict=True)]
    measured = []
    for test, ending in ((plain, ""), (again, "_recalibrated")):
        sp, dp = np.array(test(candidates)).T
        front = front.assign(**{f"sp{ending}": sp, f"dp{ending}": dp, f"delta{ending}": sp - dp})
        measured += [f"{name}{ending}" for name in ("sp", "dp", "delta")]
    best = best_candidate(evaluations)["evaluation"] if which == F2 else None
    front = front.assign(best=front["evaluation"] == best)
    columns = ["evaluation", "sigma", "gamma", "objective_1", "objective_2", "fitness_sp", "fitness_dp"]
    return front[[*columns, *measured, "best"]]
