"""The figures of the study `coherence` are drawn, legibly and repeatably, whatever a study comes up with."""

import inspect

import pandas as pd
import pytest

import coherence_table_samples as samples
from figure_checks import a_few, check_bytes_twice, draws_without_values, legible, texts
from prunescape.figures.coherence import (
    accuracies,
    children,
    diff_histograms,
    early_masks,
    gap,
    layer_densities,
    mask_overlap,
    matched,
    trained_start,
    training,
    trajectories,
    weight_magnitudes,
    width_diffs,
    widths,
)

MODEL = samples.MODEL
ONE = (3,)
NARROW = (64,)
VIT = ("qkv", "feedforward", "projection")

# What each figure is given: a usual study, and one of a single seed, width, layer and so on.
USUAL = {
    training: lambda: (samples.epochs(), MODEL),
    trained_start: lambda: (samples.epochs(), MODEL),
    weight_magnitudes: lambda: (samples.weight_histogram(), MODEL),
    diff_histograms: lambda: (samples.diff_histogram(), MODEL),
    trajectories: lambda: (samples.trajectories(), MODEL),
    widths: lambda: (samples.widths(),),
    width_diffs: lambda: (samples.width_diffs(),),
    children: lambda: (samples.mlp_children("wide"), "wide"),
    gap: lambda: (samples.mlp_children(),),
    accuracies: lambda: (samples.network_children(), MODEL, "cifar10"),
    layer_densities: lambda: (samples.densities(), MODEL),
    mask_overlap: lambda: (samples.mask_overlap(), MODEL),
    early_masks: lambda: (samples.early_masks(), MODEL, 0.5),
    matched: lambda: (samples.matched(), MODEL, 0.5),
}
SINGLE = {
    training: lambda: (samples.epochs(ONE, samples.RUNS[:1], every=20, standard_error=0.01), MODEL),
    trained_start: lambda: (samples.epochs(ONE, standard_error=0.01), MODEL),
    weight_magnitudes: lambda: (samples.weight_histogram(ONE, samples.RUNS[:1]), MODEL),
    diff_histograms: lambda: (samples.diff_histogram(ONE, 1, samples.RUNS[:1]), MODEL),
    trajectories: lambda: (samples.trajectories(ONE, last=1), MODEL),
    widths: lambda: (samples.widths(ONE, NARROW),),
    width_diffs: lambda: (samples.width_diffs(ONE, NARROW),),
    children: lambda: (samples.mlp_children("fixed", ONE, (64, 128)), "fixed"),
    gap: lambda: (samples.mlp_children("wide", ONE, NARROW),),
    accuracies: lambda: (samples.network_children(ONE, ("global",)), MODEL, "digits"),
    layer_densities: lambda: (samples.densities(ONE, 1, ("global",)), MODEL),
    mask_overlap: lambda: (samples.mask_overlap(ONE, last=2), MODEL),
    early_masks: lambda: (samples.early_masks(ONE, (3,)), MODEL, 0.5),
    matched: lambda: (samples.matched(ONE), MODEL, 0.5),
}
# Many of what may be many.
LARGE = {
    diff_histograms: lambda: (samples.diff_histogram((0,), 53), MODEL),
    children: lambda: (samples.mlp_children("wide", scopes=("global", "floor", "local")), "wide"),
    gap: lambda: (samples.mlp_children(scopes=("global", "floor", "local")),),
    accuracies: lambda: (samples.network_children(scopes=("global", "floor", "local")), MODEL, "cifar10"),
    layer_densities: lambda: (samples.densities(layers=18, scopes=("global", "floor", "local"), kinds=VIT), MODEL),
    widths: lambda: (samples.widths(of=tuple(range(100, 3001, 100))),),
    width_diffs: lambda: (samples.width_diffs(of=tuple(range(100, 3001, 100))),),
    matched: lambda: (
        pd.concat([samples.matched().assign(scope=scope) for scope in ("global", "floor", "local")]),
        MODEL,
        0.5,
    ),
}
MEASURED = [
    "train_loss", "train_top1", "validation_loss", "validation_top1", "coherence", "count", "weight", "diff", "kept",
    "overlap",
]  # fmt: skip
every_figure = pytest.mark.parametrize("module", list(USUAL), ids=lambda module: module.__name__.split(".")[-1])


@every_figure
def test_studies_of_all_sizes_are_legible(module):
    for study in (USUAL, SINGLE, LARGE):
        if module in study:
            assert legible(module.draw(*study[module]()))


@every_figure
def test_empty_tables_and_missing_values_are_drawn(module):
    assert draws_without_values(module, SINGLE[module](), MEASURED)


@a_few(USUAL)
def test_a_figure_is_the_same_bytes_twice_and_leaves_tables_alone(module, tmp_path):
    check_bytes_twice(module, SINGLE[module](), tmp_path)


@a_few(USUAL)
def test_tables_read_from_files_are_drawn_alike(module, tmp_path):
    arguments = USUAL[module]()
    arguments[0].to_csv(tmp_path / "table.csv", index=False)
    read = pd.read_csv(tmp_path / "table.csv")
    drawn = [texts(module.draw(table, *arguments[1:])) for table in (arguments[0], read)]
    assert drawn[0] == drawn[1]


@every_figure
def test_a_figure_names_its_source_and_its_networks(module):
    assert "thesis" in inspect.getdoc(module)
    words = texts(module.draw(*SINGLE[module]()))
    assert ("ResNet-50" if "model" in inspect.signature(module.draw).parameters else "MLPs") in words
