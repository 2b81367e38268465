"""The picture of the answer: gains where the table has them, answers in words, whatever a study may come up with."""

import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from figure_checks import texts
from prunescape.figures import forest
from prunescape.hpspace.confirmation import DENSE_NEAR_CHANCE, GRID_ENDS, NEAR_CHANCE
from prunescape.hpspace.decision import EXPLORED, NOT_ASKED, SAME
from prunescape.hpspace.lattice import Axis, Pair
from prunescape.statistics.looks import KEEP, OPEN, TUNE
from variant_samples import with_columns

LONG = "non_uniform_bn_scale_weight_rewinding_parameters-0.2"


def row(variant, question, answer, gain=np.nan, low=np.nan, high=np.nan, reason="", seeds=20, needed=np.nan, **more):
    """A row of decisions.csv, as it is read: what is empty is NaN."""
    settings = {"learning_rate": 0.1, "weight_decay": 0.005, "tuned_learning_rate": 0.04, "tuned_weight_decay": 0.0315}
    measured = {"gain": gain, "low": low, "high": high, "seeds": seeds, "seeds_to_decide": needed}
    told = {"answer": answer, "reason": reason or np.nan, "margin": 0.5, "chance": 10.2, "needed": 28.3, "ends": np.nan}
    of = {"model": "small_resnet", "variant": variant, "question": question}
    return {**of, **told, **measured, **settings, **more}


def table(*rows):
    return with_columns(pd.DataFrame(rows))


def drawn(decisions: pd.DataFrame, **options) -> Figure:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # constrained layout warns where panels have no room
        figure = forest.draw(decisions, **options)
        figure.draw_without_rendering()
    return figure


def words_fit(figure: Figure) -> bool:
    """Whether all words are inside, and none of the columns of words is written over by another."""
    written = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    boxes = [text.get_window_extent() for text in [*written, figure._suptitle]]
    legends = [text for legend in figure.legends for text in legend.findobj(Text)]
    inside = all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 for box in boxes)
    boxes += [text.get_window_extent() for text in legends if text.get_text()]
    apart = not any(one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[number + 1 :])
    return inside and apart


def marks(figure: Figure) -> dict[str, list[tuple[float, float]]]:
    """Places of the single marks in the middle panel, by marker."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in figure.axes[1].get_lines():
        if len(line.get_xdata()) == 1:
            found.setdefault(line.get_marker(), []).append(tuple(map(float, line.get_xydata()[0])))
    return found


def intervals(figure: Figure) -> list[tuple[float, float]]:
    """Both ends of each interval, from the top down."""
    lines = [line.get_xydata() for line in figure.axes[1].get_lines() if len(line.get_xdata()) == 2]
    return [(float(ends[0, 0]), float(ends[1, 0])) for ends in lines if ends[0, 1] == ends[1, 1]]


def test_gains_and_intervals_are_drawn_and_written_where_the_table_has_them():
    decisions = table(
        row("uniform-0.4", "prior", KEEP, -0.18, -0.58, 0.22),
        row("uniform-0.4", "dense", TUNE, 3.17, 0.86, 5.47),
        row("uniform-0.2", "prior", TUNE, 0.82, 0.55, 1.08),
        row("uniform-0.2", "dense", OPEN, 1.25, -0.27, 2.78, needed=80.0),
    )
    figure = drawn(decisions)
    assert intervals(figure) == [(-0.58, 0.22), (0.86, 5.47), (0.55, 1.08), (-0.27, 2.78)]
    found = marks(figure)
    assert [x for x, _ in found["o"]] == [-0.18, 1.25]
    assert [x for x, _ in found["D"]] == [3.17, 0.82]
    said = texts(figure).replace("\n", " ")
    for words in (
        "Keep learning rate 0.1, weight decay 0.005", "−0.18 [−0.58, 0.22]", "+3.17 [0.86, 5.47]",
        "Train at learning rate 0.04, weight decay 0.0315", "open: 80 seeds would decide", "margin of 0.5 points",
    ):  # fmt: skip
        assert words in said, words
    assert "Arrows" not in said
    assert words_fit(figure)


def test_what_lies_far_out_is_an_arrow_and_does_not_squeeze_the_rest():
    decisions = table(
        row("uniform-0.4", "prior", OPEN, 0.1, -0.3, 0.6),
        row("uniform-0.2", "prior", OPEN, 2.1, -400, 450),
        row("uniform-0.1", "prior", TUNE, 220, 170, 270),
        row("uniform-0.6", "prior", KEEP, -0.1, -0.4, 0.3),
    )
    figure = drawn(decisions)
    left, right = figure.axes[1].get_xlim()
    assert -7 < left < -0.4
    assert 0.6 < right < 8
    found = marks(figure)
    assert len(found["<"]) == 1
    assert len(found[">"]) == 2
    assert "D" not in found  # a gain beyond the axis has no mark inside
    assert "+220.00 [170.00, 270.00]" in texts(figure)
    assert "Arrows: beyond the axis" in texts(figure)


def test_limits_hold_everything_of_alike_intervals_whatever_the_margin():
    decisions = table(*(row(f"uniform-0.{k}", "prior", TUNE, 9 + k, 7 + k, 11 + k) for k in range(1, 5)))
    low, high = forest.limits(decisions.assign(margin=0.01), 0.01)
    assert low < 0 < 15 < high


def test_the_same_setting_gains_nothing_and_has_no_interval():
    figure = drawn(table(row("uniform-0.4", "prior", KEEP, 0.0, 0.0, 0.0, SAME, seeds=0)))
    assert [x for x, _ in marks(figure)["o"]] == [0.0]
    assert "keep: the same setting" in texts(figure)
    written = [text.get_text() for text in figure.axes[2].texts]
    assert "0" in written
    assert not any("[" in words and "low" not in words for words in written)


@pytest.mark.parametrize(
    ("reason", "more", "words"),
    [
        (NEAR_CHANCE, {}, ["it has hardly learnt; train longer", "chance is 10.2 %", "more than 28.3 %"]),
        (DENSE_NEAR_CHANCE, {}, ["the dense network has hardly learnt"]),
        (
            GRID_ENDS,
            {"ends": "larger weight decays (dense)"},
            ["grow it", "rises towards larger weight decays (dense)"],
        ),
        (EXPLORED, {}, ["nothing is decided", "looks best at learning rate 0.04, weight decay 0.0315"]),
        ("a reason of later", {}, ["No answer yet: a reason of later"]),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_why_nothing_was_asked_is_said(reason, more, words, alone):
    asked = [] if alone else [row("uniform-0.6", "prior", KEEP, 0.0, -0.2, 0.2)]
    figure = drawn(table(row("uniform-0.4", "prior", NOT_ASKED, reason=reason, seeds=0, **more), *asked))
    assert [part for part in words if part not in texts(figure).replace("\n", " ")] == []
    assert figure.axes[1].axison is not alone  # no axis without a gain
    assert bool(figure.legends) is not alone


@pytest.mark.parametrize(
    ("reason", "gain", "words"),
    [
        ("collapsed: seed 1234567890123", -3.1, "open: a training collapsed"),
        ("images", 0.1, "open: too few images"),
        ("", np.nan, "open: not measured yet"),
        ("", 0.3, "open: too noisy to decide"),
    ],
)
def test_why_a_question_is_open_is_said(reason, gain, words):
    figure = drawn(table(row("uniform-0.4", "prior", OPEN, gain, gain - 1, gain + 1, reason)))
    assert words in texts(figure)
    assert "nan" not in texts(figure)


def test_many_networks_of_several_models_with_long_names_can_be_read():
    variants = ["uniform-0.6", "uniform-0.2", "uniform_taylor_fine_tuning-0.1", "non_uniform-0.4", LONG]
    models = ["small_resnet", "mobilenetv2", "resnet56", "my_network_$x$"]
    random = np.random.default_rng(3)
    rows = []
    for model in models:
        for variant in variants:
            for question in ("prior", "dense", "policy"):
                gain, spread = random.normal(0, 2), random.uniform(0.1, 3)
                answer = KEEP if gain + spread < 0.5 else TUNE if gain - spread > 0.5 else OPEN
                of = row(variant, question, answer, gain, gain - spread, gain + spread, needed=2560.0)
                rows.append(of | {"model": model})
    figure = drawn(table(*rows))
    assert words_fit(figure)
    assert len(intervals(figure)) == len(rows)
    left = [text.get_text() for text in figure.axes[0].texts]
    assert [left.count(words) for words in ("over your setting", "over the dense region")] == [20, 20]
    assert [words for words in left if words in ("Small ResNet", "MobileNetV2", "ResNet-56")] == [
        "Small ResNet", "MobileNetV2", "ResNet-56",
    ]  # fmt: skip
    heights = [text.get_position()[1] for text in figure.axes[0].texts]
    assert heights == sorted(heights)


def test_other_axes_have_their_own_words():
    pair = Pair(Axis("momentum", 0.1, "linear"), Axis("batch_size", 0.301))
    settings = {"momentum": 0.9, "batch_size": 128, "tuned_momentum": 0.8, "tuned_batch_size": 64}
    decisions = table(row("uniform-0.4", "prior", TUNE, 0.82, 0.55, 1.08, **settings))
    assert "Train at momentum 0.8, batch size 64" in texts(drawn(decisions, axes=pair.to_json()))


def test_no_network_at_all():
    assert "no pruned network" in texts(drawn(table(row("uniform-0.4", "prior", KEEP, 0.1, 0.0, 0.2))[:0]))
