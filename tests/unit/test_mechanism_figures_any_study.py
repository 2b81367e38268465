"""The figures of the study `mechanism` are drawn, legibly and repeatably, whatever a study comes up with."""

import inspect

import pytest

import mechanism_tables as tables
from figure_checks import a_few, check_bytes_twice, draws_without_values, legible, texts
from prunescape.figures.mechanism import (
    barriers,
    cycles,
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
    assert draws_without_values(module, SINGLE[module](), MEASURED)


@a_few(USUAL)
def test_a_figure_is_the_same_bytes_twice_and_leaves_tables_alone(module, tmp_path):
    check_bytes_twice(module, SINGLE[module](), tmp_path)


@every_figure
def test_a_figure_names_its_source_and_its_model(module):
    assert "utility paper" in inspect.getdoc(module)
    assert "ResNet-20" in texts(module.draw(*SINGLE[module]()))
