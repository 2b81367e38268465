"""The figures: names, repeatability, and drawing whatever a study may come up with."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.text import Text
from PIL import Image

import stochastic_tables
from figure_checks import legible, texts
from figure_samples import (
    ROIS,
    VARIANTS,
    ellipses_of,
    histories_of,
    landscape_figure,
    no_titles_overlap,
    ridge,
    risks_of,
)
from prunescape.errors import UserError
from prunescape.figures import annotated_grid, channels, curves, names, plane, risk, samples, scales, style, summary
from prunescape.figures.stochastic import one_shot
from prunescape.stochastic.statistics import seed_intervals
from prunescape.variant import COLUMNS
from variant_samples import KNOWN, with_columns

# Names, order, colours


def test_every_variant_has_a_colour_of_its_own():
    colours = style.variant_colours(KNOWN[name] for name in VARIANTS)
    assert list(colours) == VARIANTS
    assert len(set(colours.values())) == len(VARIANTS)


def test_rows_of_panels_are_even():
    assert style.bands(list("abcdefghi"), 5) == [list("abcde"), list("fghi")]
    assert style.bands(list("abcdef"), 5) == [list("abc"), list("def")]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([1e-4, 1e-3], ["0.0001", "0.001"]),
        ([0.1, 0.3], ["0.1", "0.3"]),
        ([10, 300, 1000], ["10", "300", "1000"]),
        ([1e-5, 3e-4], ["$10^{-5}$", r"$3{\times}10^{-4}$"]),
    ],
)
def test_axes_show_real_values_in_one_manner(values, labels):
    assert plane.value_labels(values) == labels


def test_ticks_beyond_a_logarithmic_axis_do_not_change_the_manner_of_its_labels():
    axes = style.new_figure(3, 2).subplots()
    axes.plot([0.002, 0.5])
    axes.set(yscale="log", ylim=(0.001, 1))
    scales.log_ticks(axes.yaxis, pd.Series([0.002, 0.5]))
    assert axes.yaxis.get_major_formatter().format_ticks([1e-5, 0.001, 0.1, 10]) == ["", "0.001", "0.1", ""]
    assert axes.yaxis.get_major_formatter().format_ticks([0.001, 0.1]) == ["0.001", "0.1"]


@pytest.mark.parametrize(("low", "high"), [(-5, -3), (-4.5, -3.7), (-1.3, -0.5), (-4.05, -3.95)])
def test_ticks_lie_inside_and_are_enough(low, high):
    labelled, small = plane.ticks(low, high)
    assert all(low <= tick <= high for tick in [*labelled, *small])
    assert len(labelled) >= (3 if high - low > 0.5 else 1)


# Saving


@pytest.mark.parametrize("suffix", ["png", pytest.param("pdf", marks=pytest.mark.full), "svg"])
def test_a_figure_is_the_same_bytes_twice(tmp_path, suffix):
    paths = [tmp_path / f"{turn}.{suffix}" for turn in range(2)]
    for path in paths:
        style.save(landscape_figure(ridge(rows=3, columns=3)), [str(path)], dpi=40)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert paths[0].stat().st_size > 1000


def test_without_titles_the_panels_have_their_room(tmp_path):
    figures = {titles: landscape_figure(ridge(rows=3, columns=3)) for titles in (True, False)}
    for titles, figure in figures.items():
        style.save(figure, [str(tmp_path / f"{titles}.png")], 40, titles)
    tops = {titles: max(axes.get_position().y1 for axes in figure.axes) for titles, figure in figures.items()}
    assert tops[False] > tops[True] + 0.05
    headings = figures[False].findobj(lambda artist: artist.get_gid() == style.HEADING)
    assert len(headings) == 2
    assert not any(part.get_visible() for part in headings)
    assert (tmp_path / "True.png").read_bytes() != (tmp_path / "False.png").read_bytes()


def test_all_formats_are_written_and_nothing_else(tmp_path):
    wanted = [tmp_path / "new" / name for name in ("a.pdf", "a.png", "a.svg")]
    style.save(Figure(figsize=(1, 1)), [str(path) for path in wanted], dpi=30)
    assert sorted((tmp_path / "new").iterdir()) == wanted


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match=r"a\.bmp.*\.pdf, \.png, \.svg"):
        style.save(Figure(), [str(tmp_path / "a.png"), str(tmp_path / "a.bmp")])
    assert not list(tmp_path.iterdir())


# The other figures


def test_the_annotated_grid_has_every_accuracy_and_the_regions():
    cells = ridge(["dense"], metric_noise=0.0)
    figure = annotated_grid.draw_means(cells, "resnet56", "dense", (3, 3))
    written = texts(figure).split("\n")
    for value in cells["f"]:
        assert f"{value:.1f}" in written
    assert annotated_grid.shade_edges(ROIS) == [0.5, 1.0, 2.0, 5.0]
    outline = [patch for patch in figure.axes[0].patches if patch.get_width() == 3]
    assert [(patch.get_x(), patch.get_y()) for patch in outline] == [(-1.5, -1.5)]
    assert no_titles_overlap(figure)


def test_risk_has_a_panel_a_model_and_its_means():
    cells = risks_of(VARIANTS)
    figure = risk.draw(pd.concat([cells, cells.assign(model="mobilenetv2")]), "top1")
    assert len(figure.axes) == 2
    dense = cells.loc[cells["variant"] == "dense", "d"]
    assert f"{dense.mean():.2f} ± {dense.std(ddof=0):.2f} ({100 * dense.mean() / 90:.1f} %)" in texts(figure)
    assert no_titles_overlap(figure)


def test_boxes_are_those_of_the_thesis() -> None:
    """Plotly's, by hand: quartiles at the places n p - 1/2, whiskers to the outermost within 1.5 boxes."""
    found = risk.box(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 20.0]))
    assert (found["q1"], found["med"], found["q3"]) == (1.0, 2.5, 4.0)  # places 1, 2.5 and 4
    assert (found["whislo"], found["whishi"]) == (0.0, 4.0)  # 20 is beyond 4 + 1.5 x 3
    assert set(risk.box(np.array([0.7])).values()) == {0.7}
    wide = risk.box(np.array([0.0, 0.0, 0.0, 10.0]))
    assert (wide["q3"], wide["whishi"]) == (5.0, 10.0)  # within 5 + 1.5 x 5


def test_a_failed_cell_does_not_flatten_the_risks():
    cells = risks_of(VARIANTS, cells=9)
    cells.loc[len(cells) - 1, ["d", "d_relative"]] = (80.0, 0.9)
    figure = risk.draw(cells, "top1")
    assert figure.axes[0].get_xlim()[1] < 20
    assert "Arrows" in texts(figure)


@pytest.mark.parametrize("cells", [1, 2])
def test_risk_of_few_cells_or_none(cells):
    figure = risk.draw(risks_of(["dense", "uniform-0.5"], cells), "top1")
    figure.draw_without_rendering()
    assert any("±" in text.get_text() for text in figure.axes[0].texts) == (cells > 1)
    risk.draw(risks_of(["dense", "uniform-0.5"], cells), "top5").draw_without_rendering()


@pytest.mark.parametrize("layers", [2, 27])
def test_channels_have_a_panel_a_variant(layers):
    rows = [
        ("resnet56", variant, f"blocks.{layer}.conv1", layer, 16 if variant == "dense" else 9, 16)
        for variant in VARIANTS
        for layer in range(layers)
    ]
    header = ["model", "variant", "layer", "position", "channels", "dense_channels"]
    figure = channels.draw(with_columns(pd.DataFrame(rows, columns=header)), "resnet56")
    assert len(figure.axes) == 4
    assert "Uniform, 60 % of FLOPs: 56 % of channels" in texts(figure)
    assert "Layer (blocks.*.conv1)" in texts(figure)
    assert no_titles_overlap(figure)


LONG = [f"non_uniform_{words}_latency-0.4" for words in ("bn_scale_fine_tuning", "random_prune_at_init", "taylor")]
LONG += [f"uniform_{words}-0.125" for words in ("lamp_weight_rewinding", "fpgm_rate_rewinding_parameters")]


def test_long_names_of_variants_keep_clear_of_each_other():
    rows = [("resnet56", name, "blocks.0.conv1", 0, 9, 16) for name in LONG]
    header = ["model", "variant", "layer", "position", "channels", "dense_channels"]
    table = risks_of(["dense", *LONG])
    by = ["model", "variant", *COLUMNS, "metric"]
    means = table.groupby(by, as_index=False)["d"].agg(d_mean="mean", d_std="std")
    figures = {
        "landscape": landscape_figure(ridge(["dense", *LONG])),
        "curves": curves.draw_histories(histories_of(["dense", *LONG]), "resnet56"),
        "channels": channels.draw(with_columns(pd.DataFrame(rows, columns=header)), "resnet56"),
        "risk": risk.draw(table, "top1"),
        "summary": summary.draw(ellipses_of(["dense", *LONG]), means, "resnet56", "top1", 0.5),
    }
    for name, figure in figures.items():
        assert no_titles_overlap(figure), name
        assert "latency" in texts(figure), name


def test_layer_names_are_shortened_to_their_difference():
    assert channels.shorten(["a.0.conv", "a.1.conv"]) == (["0", "1"], "a.*.conv")
    assert channels.shorten(["a.0.conv1", "a.0.conv2"]) == (["conv1", "conv2"], "a.0.*")
    assert channels.shorten(["stem", "head"]) == (["stem", "head"], "")
    assert channels.shorten(["only.one"]) == (["only.one"], "")


def test_curves_show_the_best_cell_and_the_prior():
    figure = curves.draw_histories(histories_of(VARIANTS), "resnet56")
    assert len(figure.axes) == 2 * len(VARIANTS)
    assert "best 81.0 %\nprior 80.0 %" in texts(figure)
    assert no_titles_overlap(figure)


def test_curves_of_diverged_and_missing_cells():
    histories = histories_of(["dense", "uniform-0.5"], cells=((1, 0),))
    histories.loc[histories["variant"] == "uniform-0.5", ["train_loss", "top1"]] = np.nan
    curves.draw_histories(histories, "resnet56").draw_without_rendering()
    curves.draw_histories(histories.iloc[:0], "resnet56").draw_without_rendering()


def test_drops_of_the_learning_rate():
    epochs = range(1, 7)
    assert curves.drop_epochs(pd.Series([1, 1, 0.1, 0.1, 0.01, 0.01], index=epochs)) == [3, 5]
    assert curves.drop_epochs(pd.Series(np.linspace(1, 0.5, 6), index=epochs)) == []


def test_only_the_chosen_cells_histories_are_read(tmp_path):
    cells = ridge(["dense"]).assign(seed=0).rename(columns={"f": "top1"})
    chosen = curves.chosen_cells(cells, "resnet56")
    best = cells.loc[cells["top1"].idxmax()]
    assert (chosen.loc[0, "i"], chosen.loc[0, "j"]) == (best["i"], best["j"])
    paths = []
    for number, cell in enumerate([(0, 0), (2, 2)]):
        paths.append(str(tmp_path / f"{number}.csv"))
        histories_of(["dense"], cells=[cell]).to_csv(paths[-1], index=False)
    read = curves.read_histories(paths, "resnet56", chosen)
    assert set(zip(read["i"], read["j"], strict=True)) == {(0, 0)}
    assert curves.read_histories(paths, "other", chosen).empty


def prepared(classes, images, channels_=3):
    labels = np.arange(images) % classes
    pixels = np.random.default_rng(0).integers(0, 256, (images, channels_, 4, 4), dtype=np.uint8)
    return SimpleNamespace(
        name="cifar10",
        classes=[f"class {number}" for number in range(classes)],
        images={"train": pixels}.__getitem__,
        labels={"train": labels}.__getitem__,
    )


@pytest.mark.parametrize(("classes", "rows"), [(2, 2), (10, 10), (30, 10)])
def test_samples_have_a_row_a_class(classes, rows):
    figure = samples.draw_images(prepared(classes, 60, 1 if classes == 2 else 3))
    assert len(figure.axes) == rows * samples.IMAGES
    assert len({axes.get_ylabel() for axes in figure.axes} - {""}) == rows
    assert "CIFAR-10" in texts(figure)


def test_names_of_classes_are_written_as_they_are():
    """Folders name them: what matplotlib would take for a formula, or has no sign for, is drawn all the same."""
    written = [r"$\frac{$", "a $x$ b$", r"c\$", "50 % {d}", "e\udcff\x1b", "f\ng"]
    data = prepared(len(written), 60)
    data.classes = written
    figure = samples.draw_images(data)
    figure.draw_without_rendering()
    labels = [axes.yaxis.label for axes in figure.axes[:: samples.IMAGES]]
    drawn = [label._preprocess_math(label.get_text()) for label in labels]
    assert drawn == [(name, False) for name in [*written[:4], r"e\udcff\x1b", "f g"]]


def test_samples_show_the_stored_pixels_of_their_class():
    data = prepared(2, 60)
    figure = samples.draw_images(data)
    shown = figure.axes[0].get_images()[0].get_array()
    same = [np.array_equal(shown, image.transpose(1, 2, 0)) for image in data.images("train")]
    assert [data.labels("train")[index] for index in np.flatnonzero(same)] == [0]


def test_samples_of_any_channels():
    data = prepared(2, 60, 5)
    figure = samples.draw_images(data)
    shown = figure.axes[0].get_images()[0].get_array()
    same = [np.array_equal(shown, image.mean(axis=0)) for image in data.images("train")]
    assert [data.labels("train")[index] for index in np.flatnonzero(same)] == [0]
    assert "4×4 pixels of 5 channels, whose mean is shown" in texts(figure)


def test_the_summary_compares_ellipses_and_risks():
    columns = {"model": "resnet56", "variant": VARIANTS, "metric": "top1", "d_mean": 0.2, "d_std": 0.1}
    of_risk = with_columns(pd.DataFrame(columns))
    of_risk.loc[4, "d_mean"] = 0.5
    figure = summary.draw(ellipses_of(VARIANTS), of_risk, "resnet56", "top1", 1.0)
    left, right = figure.axes
    assert len([patch for patch in left.patches if isinstance(patch, Ellipse)]) == len(VARIANTS)
    assert "0.50  (2.5 ×)" in texts(figure)
    assert no_titles_overlap(figure)
    assert [label.get_text() for label in right.get_yticklabels()] == [
        names.variant_title(KNOWN[name]) for name in VARIANTS
    ]


def test_the_summary_turns_to_a_wider_region_where_the_first_is_too_small():
    ellipses = ellipses_of(["dense"])
    ellipses.loc[0, "fitted"] = False
    assert summary.shown_region(ellipses, 0.5) == 1.0
    ellipses["fitted"] = False
    assert summary.shown_region(ellipses, 0.5) == 0.5
    columns = {"model": "resnet56", "variant": ["dense"], "metric": "top1", "d_mean": 0.2, "d_std": 0.1}
    of_risk = with_columns(pd.DataFrame(columns))
    figure = summary.draw(ellipses, of_risk, "resnet56", "top1", 0.5)
    assert len(figure.axes) == 1
    without = texts(figure)
    assert "No network has cells enough" in without
    assert "dashed" not in without
    summary.draw(ellipses, of_risk[:0], "resnet56", "top1", 0.5).draw_without_rendering()


def test_a_figure_for_a_paper_has_its_width_and_font_size_and_fonts_inside(tmp_path):
    def drawn():
        return one_shot.draw(seed_intervals(stochastic_tables.one_shot()), stochastic_tables.one_shot(), "small_resnet")

    usual = drawn()
    with style.on_paper(7.0, 6.5):
        figure = drawn()
        style.save(figure, [str(tmp_path / f"a.{suffix}") for suffix in ("png", "pdf")], dpi=100)
    assert figure.get_figwidth() == 7.0 < usual.get_figwidth() == drawn().get_figwidth()
    sizes = [sorted(text.get_fontsize() for text in of.findobj(Text) if text.get_text()) for of in (figure, usual)]
    assert max(sizes[0]) == pytest.approx(max(sizes[1]) * 6.5 / 8.5)
    assert min(sizes[0]) == pytest.approx(min(sizes[1]) * 6.5 / 8.5)
    assert Image.open(tmp_path / "a.png").width == 700
    written = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in written
    assert b"/MediaBox [ 0 0 504 " in written
    assert no_titles_overlap(figure)


def test_a_figure_takes_two_columns_of_a_paper_where_one_is_too_narrow():
    with style.on_paper(3.5, 7):
        figures = {
            3.5: annotated_grid.draw_means(ridge(["dense"]), "resnet56", "dense", (3, 3)),
            7.0: landscape_figure(ridge(VARIANTS)),
        }
    for width, figure in figures.items():
        assert figure.get_figwidth() == width
        assert legible(figure)
        assert no_titles_overlap(figure)
