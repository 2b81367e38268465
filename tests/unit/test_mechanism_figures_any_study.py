"""The figures of the study `mechanism` are drawn, legibly and repeatably, whatever a study comes up with."""

import inspect

import numpy as np
import pandas as pd
import pytest

import mechanism_tables as tables
from figure_checks import legible, texts
from prunescape.figures import style
from prunescape.figures.mechanism import (
    barriers,
    cycles,
    shared,
    surfaces,
    utility_bands,
    utility_channels,
    utility_epochs,
    utility_pruned,
    utility_sizes,
)

MODEL = tables.MODEL
ONE = {"numbers": (1,)}

# What each figure is given: a usual study, and one of a single seed, ratio, cycle and so on.
USUAL = {
    utility_epochs: lambda: tables.with_summary(tables.epochs()),
    utility_bands: lambda: (tables.bands(), MODEL),
    utility_sizes: lambda: tables.with_summary(tables.sizes()),
    utility_pruned: lambda: tables.with_summary(tables.pruned()),
    utility_channels: lambda: (tables.channels(), tables.correlations(), MODEL),
    surfaces: tables.on_planes,
    barriers: lambda: (tables.lines(), tables.barriers(), MODEL),
    cycles: lambda: (tables.cycles(), MODEL),
}
SINGLE = {
    utility_epochs: lambda: tables.with_summary(tables.epochs(seeds=(3,), levels=(0.1,), at=(5,))),
    utility_bands: lambda: (tables.bands(seeds=(3,), ratios=(0.1,), count=2), MODEL),
    utility_sizes: lambda: tables.with_summary(tables.sizes((3,), (0.1,), (1.0,), ablations=("ratio",))),
    utility_pruned: lambda: tables.with_summary(tables.pruned(seeds=(3,), levels=(0.1,), ratios=(0.5,))),
    utility_channels: lambda: (tables.channels((3,), layers=1), tables.correlations((3,), levels=()), MODEL),
    surfaces: lambda: tables.on_planes(**ONE),
    barriers: lambda: (tables.lines((3,), **ONE), tables.barriers((3,), **ONE), MODEL),
    cycles: lambda: (tables.cycles((3,), **ONE), MODEL),
}
MEASURED = [
    "utility", "top1", "loss", "mean", "imbalance", "minimum", "maximum", "top1_minimum", "top1_maximum", "whole_top1",
    "correlation", "low", "high", "pruned_top1", "small_top1", "barrier", "distance",
]  # fmt: skip
every_figure = pytest.mark.parametrize("module", list(USUAL), ids=lambda module: module.__name__.split(".")[-1])


@every_figure
def test_usual_and_single_studies_are_legible(module):
    for study in (USUAL, SINGLE):
        assert legible(module.draw(*study[module]()))


@every_figure
def test_empty_tables_and_missing_values_are_drawn(module):
    arguments = SINGLE[module]()
    empty = [part.iloc[:0] if isinstance(part, pd.DataFrame) else part for part in arguments]
    unknown = [
        part.assign(**{name: np.nan for name in MEASURED if name in part}) if isinstance(part, pd.DataFrame) else part
        for part in arguments
    ]
    for some in (empty, unknown):
        figure = module.draw(*some)
        figure.draw_without_rendering()
        assert shared.NOTHING in texts(figure)


@every_figure
def test_a_figure_is_the_same_bytes_twice_and_leaves_tables_alone(module, tmp_path):
    arguments = SINGLE[module]()
    before = [part.copy() if isinstance(part, pd.DataFrame) else part for part in arguments]
    paths = [tmp_path / f"{turn}.png" for turn in range(2)]
    for path in paths:
        style.save(module.draw(*arguments), [str(path)], dpi=30)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    for part, old in zip(arguments, before, strict=True):
        if isinstance(part, pd.DataFrame):
            pd.testing.assert_frame_equal(part, old)


@every_figure
def test_a_figure_names_its_source_and_its_model(module):
    assert "utility paper" in inspect.getdoc(module)
    assert "ResNet-20" in texts(module.draw(*SINGLE[module]()))
