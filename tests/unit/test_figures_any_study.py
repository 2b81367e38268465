"""Figures of the registry are drawn, legibly and repeatably, whatever a study comes up with."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure as Drawn

import coherence_table_samples as coherence
import mechanism_tables as mechanism
import stochastic_tables as stochastic
from figure_checks import legible, texts
from prunescape.figures import style
from prunescape.figures.drawing import NOTHING
from prunescape.figures.names import model_title
from prunescape.io.files import read_csv, write_csv
from prunescape.runtime.named import named
from prunescape.stochastic.statistics import grid_tests, seed_intervals
from prunescape.studies.registry import COMPANIONS
from prunescape.studies.study import Figure, by_name

Tables = dict[str, pd.DataFrame]
ONE = {"numbers": (1,)}


def some(options: dict[str, Any], names: str) -> dict[str, Any]:
    return {name: options[name] for name in names.split() if name in options}


def of_stochastic(**options: Any) -> Tables:
    """A study of some seeds, pruning rates, noise levels, draws and ways."""
    shots, pruned = (stochastic.one_shot(transfers=transfers, **options) for transfers in (False, True))
    pruned = pruned[~pruned["kind"].isin(["dense", "dense_stochastic"])]
    grid = pruned[pruned["kind"].isin(["deterministic", "stochastic"])]
    return {
        "sweep": shots,
        "sweep_intervals": seed_intervals(shots),
        "confirmed_intervals": seed_intervals(grid),
        "grid_tests": grid_tests(grid),
        "best_draws": pruned,
        "transfer": pruned,
        "feature_variance": stochastic.feature_variance(**some(options, "seeds gammas sigmas ways")),
        "weight_cdf": stochastic.weight_cdf(**some(options, "seeds")),
        "fronts": stochastic.fronts(**some(options, "seeds")),
        "search_progress": stochastic.search_progress(**some(options, "seeds")),
        "fine_tuning": stochastic.fine_tuning(**some(options, "seeds gammas sigmas draws")),
        "structured": stochastic.structured(**options),
        "swaps": stochastic.swaps(**some(options, "seeds sigmas")),
        "lines": stochastic.lines(**some(options, "seeds")),
        "basins": stochastic.basins(**some(options, "seeds")),
    }


def of_mechanism(
    epochs: pd.DataFrame, sizes: pd.DataFrame, pruned: pd.DataFrame, planes: tuple, **others: Any
) -> Tables:
    """A study, with summaries of its sample sets."""
    samples = {"utility_epochs": epochs, "utility_sizes": sizes, "utility_pruned": pruned}
    summaries = {f"{name}_summary": mechanism.summary(table) for name, table in samples.items()}
    return {**samples, **summaries, **dict(zip(("surface", "marks", "distances"), planes, strict=False)), **others}


SCOPES = ("global", "floor", "local")
MANY_WIDTHS = tuple(range(100, 3001, 100))
# By study: a usual one, one of a single seed, width, layer and so on, and many of what may be many.
SIZES: dict[str, dict[str, Callable[[], Tables]]] = {
    "stochastic": {
        "usual": lambda: of_stochastic(draws=2),
        "single": lambda: of_stochastic(seeds=[3], gammas=(0.9,), sigmas=(0.005,), draws=1, ways=(False,)),
        "large": lambda: of_stochastic(
            seeds=range(4), gammas=(0.6, 0.8, 0.9), sigmas=np.linspace(0.001, 0.01, 6), draws=2
        ),
    },
    "mechanism": {
        "usual": lambda: of_mechanism(
            *(mechanism.epochs(), mechanism.sizes(), mechanism.pruned(), mechanism.on_planes()),
            utility_bands=mechanism.bands(),
            utility_channels=mechanism.channels(),
            **mechanism.explained(),
            prediction_correlations=mechanism.predictions(),
            rank_correlations=mechanism.correlations(),
            lines=mechanism.lines(),
            barriers=mechanism.barriers(),
            cycles=mechanism.cycles(),
        ),
        "single": lambda: of_mechanism(
            mechanism.epochs(seeds=(3,), levels=(0.1,), at=(5,)),
            mechanism.sizes((3,), (0.1,), (1.0,), ablations=("ratio",)),
            mechanism.pruned(seeds=(3,), levels=(0.1,), ratios=(0.5,)),
            mechanism.on_planes(**ONE),
            utility_bands=mechanism.bands(seeds=(3,), ratios=(0.1,), count=2),
            utility_channels=mechanism.channels((3,), layers=1),
            **mechanism.explained((3,), (0.1,), (5,)),
            prediction_correlations=mechanism.predictions((3,)),
            rank_correlations=mechanism.correlations((3,), levels=()),
            lines=mechanism.lines((3,), **ONE),
            barriers=mechanism.barriers((3,), **ONE),
            cycles=mechanism.cycles((3,), **ONE),
        ),
    },
    "coherence": {
        "usual": coherence.tables,
        "single": lambda: {
            "epochs": coherence.epochs((3,), standard_error=0.01),
            "class_coherence": coherence.class_coherence((3,)),
            "layer_coherence": coherence.layer_coherence((3,), 1),
            "score_ranks": coherence.score_ranks((3,)),
            "weight_histogram": coherence.weight_histogram((3,), coherence.RUNS[:1]),
            "diff_histogram": coherence.diff_histogram((3,), 1, coherence.RUNS[:1]),
            "trajectories": coherence.trajectories((3,), last=1),
            "widths": coherence.widths((3,), (64,)),
            "width_diffs": coherence.width_diffs((3,), (64,)),
            "children": pd.concat(
                [
                    coherence.mlp_children("wide", (3,), (64,)),
                    coherence.mlp_children("fixed", (3,), (64, 128)),
                    coherence.network_children((3,), ("global",)),
                ]
            ),
            "densities": coherence.densities((3,), 1, ("global",)),
            "mask_overlap": coherence.mask_overlap((3,), last=2),
            "early_masks": coherence.early_masks((3,), (3,)),
            "matched": coherence.matched((3,)),
        },
        "real images alone": lambda: {"epochs": coherence.epochs((3,), coherence.RUNS[:1], 20, standard_error=0.01)},
        "large": lambda: {
            "diff_histogram": coherence.diff_histogram((0,), 53),
            "children": pd.concat([coherence.mlp_children(scopes=SCOPES), coherence.network_children(scopes=SCOPES)]),
            "densities": coherence.densities(layers=18, scopes=SCOPES, kinds=("qkv", "feedforward", "projection")),
            "widths": coherence.widths(of=MANY_WIDTHS),
            "width_diffs": coherence.width_diffs(of=MANY_WIDTHS),
            "matched": pd.concat([coherence.matched().assign(scope=scope) for scope in SCOPES]),
        },
    },
}
VALUES = {
    "stochastic.sweep.shown_sigma": None,
    "stochastic.sweep.shown_gammas": None,
    "data.name": "cifar10",
    "mechanism.tolerance": 2.0,
    "coherence.tolerance": 0.5,
    "stochastic.sweep.sigmas": stochastic.SIGMAS,
}
WILDCARDS = {"method": "magnitude", "pruning": "weights", "retraining": "rewinding"}
MODELS = {"stochastic": stochastic.MODEL, "mechanism": mechanism.MODEL, "coherence": coherence.MODEL}
SOURCES = {"stochastic": "SP paper", "mechanism": "utility paper", "coherence": "thesis"}
MEASURED = {
    "stochastic": "top1 median reference delta v fitness_sp objective_1 objective_2 hypervolume",
    "mechanism": "utility top1 loss mean imbalance minimum maximum top1_minimum top1_maximum whole_top1 correlation "
    "low high pruned_top1 small_top1 barrier distance layers norms fisher to_last trace top_eigenvalue rise pruned "
    "retrained ceiling",
    "coherence": "train_loss train_top1 validation_loss validation_top1 coherence count weight diff kept overlap "
    "rank_correlation shared",
}


@cache
def tables_of(study: str, size: str) -> Tables:
    return SIZES[study][size]()


def inputs(study: str, figure: Figure, size: str) -> Tables | None:
    """The tables that a figure is made of, by the names of its parameters; None where that study has no such ones."""
    known, wanted = tables_of(study, size), by_name(figure.tables)
    return {name: known[table] for name, table in wanted.items()} if {*wanted.values()} <= {*known} else None


def drawn(study: str, figure: Figure, tables: Tables) -> Drawn:
    """The figure, as its job draws it."""
    function = named(figure.draw)
    of = {"model": MODELS[study], **WILDCARDS}
    taken = {name: of[name] for name in figure.wildcards if name in inspect.signature(function).parameters}
    return function(
        **tables, **taken, **{name: VALUES[key] for name, key in by_name(figure.settings).items()}, **figure.given
    )


FIGURES = [(study.name, figure) for study in COMPANIONS for figure in study.figures]
FIRST = [study.figures[0] for study in COMPANIONS if study.figures]
every_figure = pytest.mark.parametrize(
    ("study", "figure"), FIGURES, ids=[f"{study}-{of.name}" for study, of in FIGURES]
)


@every_figure
@pytest.mark.parametrize("usual", [True, pytest.param(False, marks=pytest.mark.full)], ids=["usual", "other sizes"])
def test_a_figure_is_legible_and_names_its_networks_and_source_in_studies_of_all_sizes(
    study: str, figure: Figure, usual: bool
) -> None:
    assert SOURCES[study] in inspect.getdoc(inspect.getmodule(named(figure.draw)))
    for size in SIZES[study]:
        if (size == "usual") != usual or (tables := inputs(study, figure, size)) is None:
            continue
        before = {name: table.copy() for name, table in tables.items()}
        picture = drawn(study, figure, tables)
        assert legible(picture), size
        words = texts(picture)
        assert model_title(MODELS[study]) in words or "MLPs" in words, size
        for name, table in tables.items():
            pd.testing.assert_frame_equal(table, before[name])


@every_figure
def test_empty_tables_and_missing_values_are_drawn(study: str, figure: Figure) -> None:
    tables = inputs(study, figure, "single")
    unknown = dict.fromkeys(MEASURED[study].split(), np.nan)
    missing = {name: table.assign(**some(unknown, " ".join(table))) for name, table in tables.items()}
    for changed in ({name: table.iloc[:0] for name, table in tables.items()}, missing):
        if changed is missing and figure.name == "structured":  # of single networks, of which each has an accuracy
            continue
        picture = drawn(study, figure, changed)
        picture.draw_without_rendering()
        assert study == "stochastic" or NOTHING in texts(picture)


@pytest.mark.parametrize(
    ("study", "figure"),
    [
        pytest.param(study, of, marks=[] if of in FIRST else [pytest.mark.full], id=f"{study}-{of.name}")
        for study, of in {(study, *by_name(of.tables).values()): (study, of) for study, of in FIGURES[::-1]}.values()
    ],
)
def test_tables_that_come_back_from_their_files_give_the_same_bytes(study: str, figure: Figure, tmp_path: Path) -> None:
    tables = inputs(study, figure, "usual")
    for name, table in tables.items():
        write_csv(tmp_path / f"{name}.csv", table)
    again = {name: read_csv(tmp_path / f"{name}.csv") for name in tables}
    paths = [tmp_path / f"{turn}.png" for turn in range(2)]
    for path, given in zip(paths, (tables, again), strict=True):
        style.save(drawn(study, figure, given), [str(path)], dpi=30)
    assert paths[0].read_bytes() == paths[1].read_bytes()
