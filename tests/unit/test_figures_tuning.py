"""The figures of regret, transfer and the optimal band: what is drawn, and that it can be read."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from figure_checks import legible, lines_of, panel, texts
from figure_samples import VARIANTS, no_titles_overlap
from prunescape.figures import band, names, regret, style, transfer
from variant_samples import KNOWN, with_columns

TRIALS = 40


def regrets(one_seed: bool = False) -> pd.DataFrame:
    trials = np.arange(1, TRIALS + 1)
    parts = []
    for number, variant in enumerate(VARIANTS[1:]):
        for strategy in ("nearest", "random"):
            values = (number + 1) * (1 / trials - 1 / TRIALS)
            ends = {name: np.nan if one_seed else values * factor for name, factor in (("low", 0.8), ("high", 1.3))}
            shown = {"measured": 1.1 * values, "estimate": np.nan if one_seed else values, **ends}
            labels = {"model": "resnet56", "variant": variant, "metric": "top1", "strategy": strategy}
            parts.append(pd.DataFrame({**labels, "trials": trials, "seeds": 3, **shown}))
    return with_columns(pd.concat(parts, ignore_index=True))


def transfers(one_seed: bool = False) -> pd.DataFrame:
    rows = []
    for a, tuned in enumerate(VARIANTS):
        for b, trained in enumerate(VARIANTS):
            value = abs(a - b) / 2
            row = {
                "model": "resnet56",
                "metric": "top1",
                "tuned_on": tuned,
                "variant": trained,
                "measured": value + 0.1,
            }
            row |= (
                dict.fromkeys(("estimate", "low", "high"), np.nan)
                if one_seed
                else {"estimate": value, "low": 0.0, "high": 3.0}
            )
            row |= {"rank_correlation_best": 1 - value / 4}
            row |= {f"rank_correlation_best_{end}": np.nan if one_seed else 0.5 for end in ("low", "high")}
            rows.append(row)
    return with_columns(pd.DataFrame(rows))


def bands(one_seed: bool = False) -> pd.DataFrame:
    ends = (
        {}
        if one_seed
        else {"slope_low": -1.2, "slope_high": -0.6, "log10_constant_low": -6.4, "log10_constant_high": -5.8}
    )
    gaps = dict.fromkeys(("slope_low", "slope_high", "log10_constant_low", "log10_constant_high"), np.nan)
    row = {"model": "resnet56", "metric": "top1", "slope": -0.8, "log10_constant": -6.1, **gaps, **ends}
    rows = [{**row, "variant": variant, "smith_slope": -1.0, "smith_log10_constant": -6.0} for variant in VARIANTS]
    return with_columns(pd.DataFrame(rows))


def drawn(name: str, one_seed: bool) -> Figure:
    if name == "regret":
        return regret.draw(regrets(one_seed), "resnet56", "top1", 0.5)
    if name == "transfer":
        return transfer.draw(transfers(one_seed), "resnet56", "top1")
    return band.draw(bands(one_seed), "resnet56", "top1")


@pytest.mark.parametrize("one_seed", [False, True])
@pytest.mark.parametrize("name", ["regret", "transfer", "band"])
def test_figures_can_be_read(name: str, one_seed: bool) -> None:
    figure = drawn(name, one_seed)
    assert legible(figure)
    assert no_titles_overlap(figure)
    assert "ResNet-56" in texts(figure)
    assert "nan" not in texts(figure)
    assert ("one seed" in texts(figure)) == (one_seed and name != "band")
    assert ("95 % intervals" in texts(figure)) == (not one_seed or name == "band")


@pytest.mark.parametrize("name", ["regret", "transfer", "band"])
def test_figures_of_nothing_measured(name: str) -> None:
    draws = {
        "regret": lambda: regret.draw(regrets(), "resnet56", "top5", 0.5),
        "transfer": lambda: transfer.draw(transfers(), "resnet56", "top5"),
        "band": lambda: band.draw(bands(), "resnet56", "top5"),
    }
    draws[name]().draw_without_rendering()


def test_regret_is_drawn_as_estimated_and_not_cut_off() -> None:
    figure = regret.draw(regrets(), "resnet56", "top1", 0.5)
    axes = panel(figure, names.panel_title(KNOWN["uniform-0.2"]))
    for look in regret.STRATEGIES.values():
        (line,) = lines_of(axes, look.colour, least=TRIALS)
        np.testing.assert_allclose(line[:, 1], 2 * (1 / line[:, 0] - 1 / TRIALS))
    for axes in figure.axes:
        assert axes.get_ylim()[1] >= 4 * 1.3 * (1 - 1 / TRIALS)
        assert any(np.allclose(line.get_ydata(), 0.5) for line in axes.get_lines())


def test_the_matrix_has_every_pair_with_its_interval() -> None:
    left = transfer.draw(transfers(), "resnet56", "top1").axes[0]
    found = {tuple(map(round, text.get_position())): text.get_text() for text in left.texts}
    assert found[(VARIANTS.index("uniform-0.2"), 0)] == "1.00\n0.0 to 3.0"  # tuned on dense, trained uniform-0.2
    assert len(found) == len(VARIANTS) ** 2


def test_numbers_on_colours_can_be_read() -> None:
    for axes in transfer.draw(transfers(), "resnet56", "top1").axes[:2]:
        (image,) = axes.get_images()
        for text in axes.texts:
            column, row = map(round, text.get_position())
            shown = image.cmap(image.norm(image.get_array()[row, column]))
            assert style.contrast(text.get_color(), shown) >= 4.5, text.get_text()


def test_a_network_without_an_ellipse_has_no_row_in_the_figure_of_bands() -> None:
    gaps = [name for name in bands() if name.startswith(("slope", "log10"))]
    table = bands()
    table.loc[table["variant"] == "dense", gaps] = np.nan
    figure = band.draw(table, "resnet56", "top1")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [names.variant_title(KNOWN[name]) for name in VARIANTS[1:]]
    assert "Left out, without an ellipse: 1 network." in texts(figure).replace("\n", " ")


def test_the_band_shows_what_the_relation_says() -> None:
    slopes, constants = band.draw(bands(), "resnet56", "top1").axes
    assert any(np.allclose(line.get_xdata(), -1.0) for line in slopes.get_lines())
    assert any(np.allclose(line.get_xdata(), -6.0) for line in constants.get_lines())
    assert [label.get_text() for label in slopes.get_yticklabels()] == [
        names.variant_title(KNOWN[name]) for name in VARIANTS
    ]
    assert band.draw(bands().assign(slope=np.nan, slope_low=np.nan, slope_high=np.nan), "resnet56", "top1")
