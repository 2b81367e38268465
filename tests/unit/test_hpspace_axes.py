"""Any two hyperparameters: lattices, laws of what is measured, words, tables, pictures and cost."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from confirmation_samples import verdict_of
from figure_checks import texts
from landscape_samples import ANALYSIS
from overview_samples import made
from prunescape.config.grid import Extension, Grid
from prunescape.figures import annotated_grid, plane, summary
from prunescape.figures import landscape as landscape_figure
from prunescape.hpspace.ellipse import ellipses
from prunescape.hpspace.extension import plan_extension, touched_sides
from prunescape.hpspace.intervals import intervals
from prunescape.hpspace.landscape import mean_over_seeds
from prunescape.hpspace.lattice import LINEAR, THESIS, Axis, Cell, Lattice, Pair, bounds_of
from prunescape.hpspace.resampling import resample
from prunescape.hpspace.risk import risk_table
from prunescape.hpspace.tuning import regret, transfer
from prunescape.hpspace.verdict import advice
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text
from prunescape.overview.cost import ASSUMED_CORE, Costs
from prunescape.overview.cost_page import cost_lines, cost_page, known_trainings
from prunescape.pages.landscapes import ExplorerSettings, landscapes
from prunescape.studies import hpspace
from prunescape.studies.package import data_package
from prunescape.variant import DENSE
from variant_samples import with_columns

MOMENTUM_BATCH = Pair(Axis("momentum", 0.1, LINEAR), Axis("batch_size", 0.301))
PRIORS = {"momentum": 0.5, "batch_size": 32, "epochs": 10, "learning_rate": 0.1, "weight_decay": 0.01}
SIZE = 5


def lattice(pair: Pair, size: tuple[int, int] = (SIZE, SIZE), tile: tuple[int, int] = (SIZE, 1)) -> Lattice:
    return Lattice(pair, (PRIORS[pair.first.name], PRIORS[pair.second.name]), size, tile)


def cells_of(pair: Pair, values: np.ndarray) -> pd.DataFrame:
    """`cells.csv` of trainings (variant, seed, i, j) at the lattice's values."""
    grid, half = lattice(pair), SIZE // 2
    rows = []
    for (variant, seed, a, b), value in np.ndenumerate(values):
        cell = Cell(a - half, b - half)
        rows.append(("m", ("dense", "uniform-0.5")[variant], seed, *cell, *grid.values(cell), value, np.nan))
    names = ["model", "variant", "seed", "i", "j", *pair.names, "top1", "top5"]
    return with_columns(pd.DataFrame(rows, columns=names).assign(train_loss=1.0))


def trained(seed: int, noise: float = 0.05) -> np.ndarray:
    """Ridges of a dense and a pruned network, three seeds, (2, 3, i, j)."""
    random = np.random.default_rng(seed)
    i, j = np.meshgrid(*[np.arange(SIZE) - SIZE // 2] * 2, indexing="ij")
    smooth = [90 - 0.2 * (i + j - moved) ** 2 - 0.05 * (i - j) ** 2 for moved in random.uniform(-1, 1, 2)]
    return np.stack(smooth)[:, None] + noise * random.standard_normal((2, 3, SIZE, SIZE))


def test_values_by_scale_and_kind() -> None:
    momentum, batch = MOMENTUM_BATCH
    assert [momentum.value(0.5, steps) for steps in (-5, -2, 0, 3)] == [0.0, 0.3, 0.5, 0.8]
    assert [batch.value(32, steps) for steps in (-2, -1, 0, 1, 2)] == [8, 16, 32, 64, 128]
    assert [Axis("epochs", 5, LINEAR).value(10, steps) for steps in (-1, 0, 1)] == [5, 10, 15]
    assert Axis("learning_rate", 0.02, LINEAR).value(0.1, -3) == 0.04
    assert Pair.from_json(MOMENTUM_BATCH.to_json()) == MOMENTUM_BATCH
    assert Pair.from_json(None) is THESIS


def test_a_lattice_takes_its_priors_from_its_axes_and_else_from_the_settings() -> None:
    axes = [
        {"name": "momentum", "step": 0.1, "scale": "linear", "size": 3, "prior": 0.6},
        {"name": "batch_size", "step": 0.301, "scale": "log", "size": 5, "prior": None, "bounds": [8, 200]},
    ]
    section = Grid.model_validate({"axes": axes, "tile": [3, 1]})
    grid = Lattice.around(section, PRIORS)
    assert grid.named(Cell(0, 0)) == {"momentum": 0.6, "batch_size": 32}
    assert (grid.size, grid.alike) == ((3, 5), 3)
    assert len(grid.initial_tiles()) == 5
    bounds = bounds_of(section, Extension(learning_rate=(1.0, 2.0)))
    assert bounds == {"momentum": (0, 1), "batch_size": (8, 200)}


@pytest.mark.parametrize(
    ("pair", "bounds", "low", "high"),
    [
        (MOMENTUM_BATCH, {}, Cell(-5, -5), Cell(4, 9)),  # 0 to 0.9, and from 1 image upwards
        (MOMENTUM_BATCH, {"batch_size": (8, 200), "momentum": (0.25, 1)}, Cell(-2, -2), Cell(4, 2)),
        (Pair(Axis("epochs", 0.1), Axis("learning_rate", 0.5)), {}, Cell(-5, -9), Cell(9, 9)),
    ],
)
def test_a_grid_grows_as_far_as_networks_can_be_trained(
    pair: Pair, bounds: Mapping[str, Any], low: Cell, high: Cell
) -> None:
    grid = lattice(pair, tile=(1, 1))
    anywhere = {axis.name: (axis.of.least, axis.of.below) for axis in pair}
    cells = grid.initial_tiles()
    for _ in range(7):
        cells += grid.beside(cells, anywhere | bounds)
    assert (min(cells), max(cells)) == (low, high)
    for place, axis in enumerate(pair):
        ends = range(low[place], high[place] + 1)
        values = [grid.value(place, steps) for steps in ends]
        assert all(axis.of.allows(value) for value in values)
        assert len(set(values)) == len(values)
    assert len(cells) == len(set(cells)) == (high.i - low.i + 1) * (high.j - low.j + 1)


def test_borders_have_the_names_of_the_axes() -> None:
    values = np.full((2, 1, SIZE, SIZE), 50.0)
    values[:, :, -1, 2] = 90.0
    cells = cells_of(MOMENTUM_BATCH, values)
    touched = touched_sides(mean_over_seeds(cells, "top1"), 1.0, MOMENTUM_BATCH)
    assert touched == {"larger momenta": ["dense", "uniform-0.5"]}
    anywhere = {axis.name: (axis.of.least, axis.of.below) for axis in MOMENTUM_BATCH}
    added, sides, blocked = plan_extension(cells, lattice(MOMENTUM_BATCH), 1.0, anywhere)
    assert (added, list(sides), blocked) == ([], ["larger momenta"], ["larger momenta"])  # 1.2 is no momentum


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_names_of_axes_change_nothing_that_is_measured(seed: int) -> None:
    other = Pair(Axis("weight_decay", 0.2), Axis("learning_rate", 0.2))
    values = trained(seed)
    assert not other.is_thesis
    one, two = cells_of(THESIS, values), cells_of(THESIS, values)
    two = two.rename(columns=dict(zip(THESIS.names, other.names, strict=True)))
    pd.testing.assert_frame_equal(risk_table(one, 0.5), risk_table(two, 0.5))
    shapes = ellipses(one, [0.5, 1.0], 2.0, 5), ellipses(two, [0.5, 1.0], 2.0, 5, other)
    assert [name for name in shapes[1] if "centre" in name] == list(other.centre)
    pd.testing.assert_frame_equal(shapes[0], shapes[1].set_axis(shapes[0].columns, axis=1))
    drawn = resample(one, THESIS, 1.0, 100, 0.95), resample(two, other, 1.0, 100, 0.95)
    for table in (regret, transfer):
        pd.testing.assert_frame_equal(*map(table, drawn))
    found = [intervals(of, ANALYSIS).drop(columns="quantity") for of in drawn]
    pd.testing.assert_frame_equal(*found)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 0.12))
def test_in_steps_the_width_of_a_step_changes_nothing(seed: int, step: float) -> None:
    values = trained(seed)
    pairs = [Pair(Axis("momentum", size, LINEAR), Axis("label_smoothing", 0.1, LINEAR)) for size in (0.1, step)]
    tables = []
    for pair in pairs:
        cells = cells_of(THESIS, values).rename(columns=dict(zip(THESIS.names, pair.names, strict=True)))
        at = {axis.name: 0.5 + axis.step * cells[of] for axis, of in zip(pair, "ij", strict=True)}
        shapes = ellipses(cells.assign(**at), [1.0], 2.0, 5, pair)
        centre = (shapes["centre_momentum"] - 0.5) / pair.first.step
        tables.append(shapes[["length", "width", "angle_degrees"]].assign(centre=centre))
    pd.testing.assert_frame_equal(*tables, atol=1e-6)


def test_lengths_are_in_decades_where_both_axes_have_the_same_ones_and_else_in_steps() -> None:
    values = trained(1)
    decades, steps = (
        ellipses(cells_of(pair, values), [1.0], 2.0, 5, pair)
        for pair in (THESIS, Pair(Axis("learning_rate", 0.2), Axis("weight_decay", 0.1)))
    )
    for name in ("length", "width"):
        assert steps[name].to_numpy() == pytest.approx(decades[name].to_numpy() / 0.2)
    assert steps["angle_degrees"].to_numpy() == pytest.approx(decades["angle_degrees"].to_numpy())
    away = steps["centre_log10_weight_decay"].to_numpy() + 2
    assert away == pytest.approx((decades["centre_log10_weight_decay"].to_numpy() + 2) / 2)


def test_the_verdict_speaks_of_its_axes() -> None:
    answer = verdict_of(cells_of(MOMENTUM_BATCH, trained(3)), MOMENTUM_BATCH)
    text, page = verdict_text(answer), verdict_page(answer)
    (first, *_) = answer["models"]["m"]["networks"].values()
    assert {"momentum", "batch_size"} <= set(first["use"])
    assert f"your setting: momentum {answer['models']['m']['prior']['momentum']:.3g}, batch size" in text
    left_out = "not applicable: the axes are momentum (linear, step 0.1) and batch size (log, step 0.301)"
    for words in (text, page):
        assert left_out in " ".join(words.split())
        assert "learning rate" not in words.replace("Smith's relation", "")
        assert "decades" not in words
    assert "Must momentum and batch size be tuned again after pruning?" in page
    assert advice("keep", MOMENTUM_BATCH) == "keep your momentum and batch size"
    usual = verdict_of(cells_of(THESIS, trained(3)))
    assert "axes" not in usual
    assert "not applicable" not in verdict_text(usual)


def test_tables_are_described_by_the_names_of_the_axes() -> None:
    epochs = Pair(Axis("momentum", 0.1, LINEAR), Axis("epochs", 0.1))
    package = data_package("x", "hpspace", hpspace.tables_of(epochs), hpspace.STUDY.columns)
    fields = {
        entry["name"]: {field["name"]: field for field in entry["schema"]["fields"]}
        for entry in package["resources"] + package["parts"]
    }
    columns = [name for name in fields["cells"] if name != "cell_seed"]  # where cells have one of their own
    assert columns[:12] == ["model", *DENSE.row(), "seed", "i", "j", "momentum", "epochs"]
    assert "grid_learning_rate" not in fields["cells"]  # the rate is no axis
    assert [*fields["cells"]][-2:] == ["trained_epochs", "round"]  # the latter where few trainings explore
    assert fields["tile-history"]["learning_rate"]["description"] == "learning rate in this epoch"
    assert {"centre_momentum", "centre_log10_epochs"} <= set(fields["ellipses"])
    assert fields["ellipses"]["length"]["unit"] == fields["shifts"]["shift"]["unit"] == "steps"
    assert "momentum" in fields["cells"]["i"]["description"]


def test_pictures_have_the_axes_names_and_values() -> None:
    cells = cells_of(MOMENTUM_BATCH, trained(2)[:, :1])
    shapes = ellipses(cells, [0.5, 1.0], 2.0, 5, MOMENTUM_BATCH)
    means = mean_over_seeds(cells, "top1")
    figure = landscape_figure.draw_means(means, shapes, "top1", "m", MOMENTUM_BATCH)
    figure.draw_without_rendering()
    words = texts(figure)
    for label in ("Momentum", "Batch size", "0.5", "30", "100", "by batch size and momentum"):
        assert label in words, label
    assert "decay" not in words
    patches = [patch for axes in figure.axes for patch in axes.patches if hasattr(patch, "angle")]
    fitted = shapes[plane.is_fitted(shapes)]
    assert len(patches) == len(fitted)
    assert patches[0].center[0] * 0.301 == pytest.approx(fitted["centre_log10_batch_size"].iloc[0])
    grid = annotated_grid.draw_means(means, "m", "dense", (5, 5), pair=MOMENTUM_BATCH)
    assert {"0.3", "0.7", "8", "128", "Momentum"} <= set(texts(grid).split("\n"))
    risk = risk_table(cells, 0.5)
    glance = summary.draw(with_columns(shapes), with_columns(risk), "m", "top1", 1.0, MOMENTUM_BATCH.to_json())
    glance.draw_without_rendering()
    assert "Batch size" in texts(glance)


def test_the_page_to_explore_finds_values_from_places() -> None:
    cells = cells_of(MOMENTUM_BATCH, trained(2)).assign(diverged=False)
    look = ExplorerSettings(MOMENTUM_BATCH, [0.5, 1.0], 0.5, 2.0, 5, 0.95, "below_best", "viridis", 15.0)
    data = landscapes(cells, look)
    grid = data["models"][0]["grid"]
    assert (data["unit"], grid["step"]) == ("steps", 1.0)
    assert [grid[axis]["words"] for axis in ("up", "across")] == ["momentum", "batch size"]
    for places, axis in ((grid["x"], grid["across"]), (grid["y"], grid["up"])):
        coordinates = np.multiply(places, axis["unit"])
        assert (10**coordinates if axis["log"] else coordinates) == pytest.approx(axis["values"])
    assert {*zip(grid["up"]["values"], grid["across"]["values"], strict=True)} == {
        (momentum, batch) for momentum in (0.3, 0.4, 0.5, 0.6, 0.7) for batch in (8, 16, 32, 64, 128)
    }


def test_a_bill_counts_every_cells_own_epochs_and_steps(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    axes = [{"name": "epochs", "step": 5, "scale": "linear", "size": 3}, {"name": "batch_size", "step": 1, "size": 3}]
    study = made({"grid": {"axes": axes, "tile": [1, 3]}, "extension": {"rounds": 0}})
    other = made({"grid": {"size": [3, 3], "tile": [1, 3]}})
    usual = {line.row.variant: line for line in cost_lines(other, *known_trainings(other))}["dense"]
    line = {line.row.variant: line for line in cost_lines(study, *known_trainings(study))}["dense"]
    assert (line.cells, line.flops) == (9, pytest.approx(usual.flops))  # 5, 10 and 15 epochs
    training = next(training for training in study.trainings() if training.row == line.row)
    assert training.shapes == ((5, 10), (5, 100), (5, 1000))
    costs = Costs(study)
    of_epoch = costs.cell_flops(line.row) / 10 / ASSUMED_CORE.flops
    steps = 5 * (5000 + 500 + 50) * ASSUMED_CORE.step_seconds
    seconds = costs.cell_time(line.row).seconds
    assert costs.units(training) * seconds == pytest.approx(15 * of_epoch + steps)
    assert line.longest == pytest.approx(45 * of_epoch + 3 * steps)
    assert "resnet20" in str(cost_page(study)[0].columns[0]._cells)
