"""Searches: reproducible, resumable, within their bounds and budget, and measured rightly."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from network_samples import EXACT
from prunescape.data.held_out import hold_out
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.stochastic.fitness import Accuracies, Candidate, accuracy_fitness, objectives
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.search import SearchTables, Settings, _Memory, best_candidate, front, hypervolume, search
from prunescape.stochastic.variants import Pretrained, Variant

SETTINGS = Settings(budget=32, population=10, seed=1)


class Model:
    """Accuracies as a smooth function; it may be killed before a call, and counts candidates."""

    def __init__(self, lives: int = 100) -> None:
        self.lives, self.measured = lives, 0

    def __call__(self, candidates: Sequence[Candidate]) -> list[Accuracies]:
        if self.lives == 0:
            raise KeyboardInterrupt
        self.lives -= 1
        self.measured += len(candidates)
        found = []
        for sigma, gamma in candidates:
            dp = 90 / (1 + np.exp(20 * (gamma - 0.8)))
            found.append(Accuracies(dp * (1 - 20 * sigma) + 20 * gamma * np.exp(-(((sigma - 0.005) / 0.002) ** 2)), dp))
        return found


def equal(one: SearchTables, other: SearchTables) -> bool:
    return one.evaluations.equals(other.evaluations) and one.hypervolume.equals(other.hypervolume)


@pytest.mark.parametrize("algorithm", ["nsga2", "random"])
@pytest.mark.parametrize("which", ["F1", "F2"])
def test_a_killed_search_goes_on_to_the_identical_front(tmp_path, algorithm: str, which: str) -> None:
    settings = replace(SETTINGS, algorithm=algorithm, objectives=which)
    whole = search(Model(), settings, tmp_path / "whole.json")
    np.random.seed(99)  # what pymoo must not look at
    with pytest.raises(KeyboardInterrupt):
        search(Model(lives=2), settings, tmp_path / "state.json")
    again = Model()
    lines: list[str] = []
    resumed = search(again, settings, tmp_path / "state.json", report=lines.append)
    assert equal(whole, resumed)
    assert again.measured == 12
    assert lines[-1] == "generation 4: 32 of 32 candidates measured"
    finished = Model(lives=0)
    assert equal(whole, search(finished, settings, tmp_path / "state.json"))
    assert (tmp_path / "whole.json").read_bytes() == (tmp_path / "state.json").read_bytes()


def test_bounds_budget_and_tables(tmp_path) -> None:
    found = search(Model(), replace(SETTINGS, sigma=(0.002, 0.003), gamma=(0.5, 0.6)), tmp_path / "state.json")
    table = found.evaluations
    assert list(table.columns) == [
        *("evaluation", "generation", "sigma", "gamma", "sp", "dp", "objective_1", "objective_2", "on_front")
    ]
    assert len(table) == 32
    assert table["generation"].tolist() == [1] * 10 + [2] * 10 + [3] * 10 + [4] * 2
    assert table["sigma"].between(0.002, 0.003).all()
    assert table["gamma"].between(0.5, 0.6).all()
    assert len(table[["sigma", "gamma"]].drop_duplicates()) == 32
    assert found.hypervolume["evaluations"].tolist() == [10, 20, 30, 32]
    best = best_candidate(table)
    assert best["objective_2"] == table["objective_2"].max()
    assert best["on_front"]
    assert found.hypervolume["hypervolume"].is_monotonic_increasing


def test_a_state_of_another_search_is_not_used(tmp_path) -> None:
    state = tmp_path / "state.json"
    search(Model(), SETTINGS, state, identity=["weights", 1])
    for settings, identity in [(SETTINGS, ["weights", 2]), (replace(SETTINGS, seed=2), ["weights", 2])]:
        model = Model()
        search(model, settings, state, identity)
        assert model.measured == 32


def test_a_damaged_state_is_measured_again(tmp_path) -> None:
    state = tmp_path / "state.json"
    whole = search(Model(), SETTINGS, state)
    stored = json.loads(state.read_text())
    stored["measured"][25][2] += 1
    for damaged in [json.dumps(stored), state.read_text()[:-50], "[]", "{}"]:
        state.write_text(damaged)
        model = Model()
        assert equal(whole, search(model, SETTINGS, state))
        assert model.measured == 32


def test_proposals_of_another_version_are_measured_anew(tmp_path) -> None:
    state = tmp_path / "state.json"
    whole = search(Model(), SETTINGS, state)
    memory = _Memory(state, [asdict(SETTINGS), None])
    assert len(memory.rows) == 32
    rows = [Candidate(row[0] / 2, row[1]) for row in memory.rows[20:30]]
    memory.add(20, rows, [Accuracies(0.0, 0.0)] * 10)
    model = Model()
    assert equal(whole, search(model, SETTINGS, state))
    assert model.measured == 12


def test_an_unknown_algorithm_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match="did you mean 'nsga2'"):
        search(Model(), replace(SETTINGS, algorithm="nsga"), tmp_path / "state.json")


def test_nsga2_finds_more_than_random_search(tmp_path) -> None:
    reached = {
        algorithm: [
            search(Model(), Settings(algorithm=algorithm, objectives="F2", seed=seed), tmp_path / f"{algorithm}{seed}")
            .hypervolume["hypervolume"]
            .iloc[-1]
            for seed in range(3)
        ]
        for algorithm in ("nsga2", "random")
    }
    assert min(reached["nsga2"]) > max(reached["random"])


def test_front_and_hypervolume_by_hand() -> None:
    reached = np.array([[80.0, 0.2], [50.0, 0.5], [50.0, 0.4], [20.0, 0.9], [10.0, 0.9], [20.0, 0.9]])
    assert front(reached).tolist() == [True, True, False, True, False, True]
    # strips of the staircase: to 20 % at 0.9, on to 50 % at 0.5, on to 80 % at 0.2
    assert hypervolume("F1", reached) == pytest.approx(0.2 * 0.9 + 0.3 * 0.5 + 0.3 * 0.2)
    assert hypervolume("F2", np.array([[80.0, -5.0], [50.0, 10.0]])) == pytest.approx(0.5 * 0.1)
    assert hypervolume("F2", np.array([[80.0, -5.0]])) == 0


def test_objectives_are_the_papers() -> None:
    candidates, accuracies = [Candidate(0.001, 0.5), Candidate(0.002, 0.9)], [Accuracies(80, 82), Accuracies(70, 30)]
    assert objectives("F1", candidates, accuracies).tolist() == [[80, 0.5], [70, 0.9]]
    assert objectives("F2", candidates, accuracies).tolist() == [[80, -1.0], [70, 36.0]]


def test_fitness_is_the_median_on_held_out_training_images(pretrained: Pretrained, digits: PreparedData) -> None:
    _, held = hold_out(digits, 40)
    candidates = [Candidate(0.02, 0.8), Candidate(0.1, 0.6)]
    found = accuracy_fitness(pretrained, held, EXACT, draws=4)(candidates)
    for (sigma, gamma), (sp, dp) in zip(candidates, found, strict=True):
        draws = [Variant("stochastic", "magnitude", gamma, sigma, draw) for draw in range(4)]
        table: pd.DataFrame = evaluate_variants(
            pretrained, [*draws, Variant("deterministic", "magnitude", gamma)], held, EXACT, split="train"
        )
        assert sp == table["top1"][:4].median()
        assert dp == table["top1"].iloc[-1]
        assert (table["top1"] * 40 / 100 % 1).abs().max() < 1e-9  # of 40 images
