"""The figures of the study `stochastic` are drawn, legibly and repeatably, whatever a study comes up with."""

import inspect
from functools import cache

import numpy as np
import pandas as pd
import pytest

import stochastic_tables as tables
from figure_checks import a_few, legible
from prunescape.figures import style
from prunescape.figures.stochastic import (
    best_draws,
    feature_variance,
    fine_tuning,
    fronts,
    one_shot,
    search_progress,
    seeds,
    structured,
    transfer,
    weight_cdf,
)
from prunescape.stochastic.statistics import seed_intervals

MODEL = tables.MODEL
BEST = {"gammas": (0.9,), "sigmas": (0.005,)}


def every_figure(**options):
    """All figures, of studies that differ in their seeds, noise levels, pruning rates and so on."""
    seeds_, rest = {"seeds": options.get("seeds", range(2))}, {key: options[key] for key in options if key != "seeds"}
    shots = tables.one_shot(**seeds_, **rest)
    intervals = seed_intervals(shots)
    pruned = tables.one_shot(transfers=True, **seeds_, **rest)
    pruned = pruned[~pruned["kind"].isin(["dense", "dense_stochastic"])]
    features = {key: value for key, value in rest.items() if key in ("gammas", "sigmas", "ways")}
    tuned = {key: value for key, value in rest.items() if key in ("gammas", "sigmas", "draws")}
    return {
        "one_shot": one_shot.draw(intervals, MODEL),
        "seeds": seeds.draw(shots, intervals, MODEL),
        "best_draws": best_draws.draw(pruned),
        "transfer": transfer.draw(pruned, MODEL),
        "feature_variance": feature_variance.draw(tables.feature_variance(**seeds_, **features), MODEL),
        "weight_cdf": weight_cdf.draw(tables.weight_cdf(**seeds_), tables.SIGMAS),
        "fronts": fronts.draw(tables.fronts(**seeds_), MODEL),
        "search_progress": search_progress.draw(tables.search_progress(**seeds_), MODEL),
        "fine_tuning": fine_tuning.draw(tables.fine_tuning(**seeds_, **tuned), MODEL),
        "structured": structured.draw(tables.structured(**seeds_, **rest), MODEL),
    }


STUDIES = {
    "one of each": {"seeds": [3], "gammas": (0.9,), "sigmas": (0.005,), "draws": 1, "ways": (False,)},
    "many": {"seeds": range(4), "gammas": (0.6, 0.8, 0.9), "sigmas": np.linspace(0.001, 0.01, 6), "draws": 2},
}


@pytest.mark.parametrize("study", list(STUDIES))
def test_small_and_large_studies_are_legible(study):
    for name, figure in every_figure(**STUDIES[study]).items():
        assert legible(figure), name


@cache
def few_intervals():
    return seed_intervals(tables.one_shot(draws=1))


TABLES = {
    one_shot: lambda: (few_intervals(), MODEL),
    seeds: lambda: (tables.one_shot(draws=1), few_intervals(), MODEL),
    best_draws: lambda: (tables.one_shot(**BEST),),
    transfer: lambda: (tables.one_shot(**BEST, transfers=True), MODEL),
    feature_variance: lambda: (tables.feature_variance(), MODEL),
    weight_cdf: lambda: (tables.weight_cdf(), tables.SIGMAS),
    fronts: lambda: (tables.fronts(), MODEL),
    search_progress: lambda: (tables.search_progress(), MODEL),
    fine_tuning: lambda: (tables.fine_tuning(), MODEL),
    structured: lambda: (tables.structured(draws=1), MODEL),
}
MEASURED = ["top1", "median", "reference", "delta", "v", "fitness_sp", "objective_1", "objective_2", "hypervolume"]


@pytest.mark.parametrize("module", list(TABLES), ids=lambda module: module.__name__.split(".")[-1])
def test_empty_tables_and_missing_values_are_drawn(module):
    arguments = TABLES[module]()
    empty = [part.iloc[:0] if isinstance(part, pd.DataFrame) else part for part in arguments]
    module.draw(*empty).draw_without_rendering()
    if module is structured:  # made of single networks, of which each has an accuracy
        return
    unknown = [
        part.assign(**{name: np.nan for name in MEASURED if name in part}) if isinstance(part, pd.DataFrame) else part
        for part in arguments
    ]
    module.draw(*unknown).draw_without_rendering()


@a_few(TABLES)
def test_a_figure_is_the_same_bytes_twice(module, tmp_path):
    paths = [tmp_path / f"{turn}.png" for turn in range(2)]
    for path in paths:
        style.save(module.draw(*TABLES[module]()), [str(path)], dpi=30)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_tables_are_not_changed():
    for module, make in TABLES.items():
        arguments = make()
        before = [part.copy() if isinstance(part, pd.DataFrame) else part for part in arguments]
        module.draw(*arguments)
        for part, old in zip(arguments, before, strict=True):
            if isinstance(part, pd.DataFrame):
                pd.testing.assert_frame_equal(part, old)


def test_every_figure_names_its_source():
    for module in TABLES:
        assert "SP paper" in inspect.getdoc(module)
