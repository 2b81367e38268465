"""Conclusions of the thesis on its landscapes (chapter 5), beside what these landscapes show.

The numbers are estimates of a model of landscapes (`prunescape.hpspace.surface`), which is for exploring: they are told
with their intervals, and no rule decides on them. What decides is confirmation, in `prunescape.hpspace.claims`.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.judgement import CANNOT
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.lattice import THESIS

CONCLUSIONS = "Matthiesen 2023, chapter 5"


class Told(NamedTuple):
    """A conclusion, and the number of `intervals.csv` that it is about.

    Attributes:
        question: with the conclusion as its statement.
        quantity: of `intervals.csv`.
        unit: of that.
        means: what the conclusion says of the number.
    """

    question: Question
    quantity: str
    unit: str
    means: str


def _told(key: str, text: str, statement: str, quantity: str, unit: str, means: str, of: str) -> Told:
    return Told(Question(key, text, CONCLUSIONS, statement, of), quantity, unit, means)


TOLD = (
    _told(
        "thesis_shift",
        "Does pruning leave the region of optimal hyperparameters where it is?",
        "There is no clear shift of the region of optimal hyperparameters.",
        "shift",
        " decades",
        "0 were no shift",
        "way of the centre of the region of interest from the dense network's",
    ),
    _told(
        "thesis_shape",
        "Does pruning leave the shape of the landscape as it is?",
        "The shape of the performance landscape remains stable.",
        "area_ratio",
        " times the dense network's area",
        "1 were no change",
        "area of the region of interest over the dense network's",
    ),
    _told(
        "thesis_risk",
        "Does not tuning again risk more after pruning than before?",
        "The performance risk is increased after pruning.",
        "d_excess",
        " points",
        "above 0 it is increased",
        "mean performance risk less the dense network's own",
    ),
    _told(
        "thesis_within_twice",
        "Do three quarters of the dense network's good cells stay within twice its own risk?",
        "For three quarters of the dense network's 0.5-ROI the risk is at most twice the dense network's own.",
        "within_twice",
        " of the cells",
        "0.75 are needed",
        "part of the dense network's region of interest that risks at most twice what the dense network does",
    ),
)


def thesis_claims(intervals: pd.DataFrame, about: About, metric: str = "top1") -> Iterator[Claim]:
    """A claim for each conclusion and pruned network of a model.

    Args:
        intervals: `intervals.csv`, of all models.
        about: the study, the model, and the trainings of its grid.
        metric: the accuracy that is meant.
    """
    mine = intervals[(intervals["model"] == about.model) & (intervals["metric"] == metric)]
    for told in TOLD:
        rows = mine[(mine["quantity"] == told.quantity) & (mine["variant"] != DENSE)]
        # Of several regions of interest the widest, whose ellipse rests upon most cells.
        for _, row in rows.sort_values("roi").groupby("variant", sort=False).last().reset_index().iterrows():
            yield _claim(told, about, row)


def without_grid(about: About, estimates: pd.DataFrame) -> Iterator[Claim]:
    """The claims on each conclusion about a model that was explored by few trainings.

    How far regions moved is told, with intervals; all else cannot be asked here.

    Args:
        about: the study, the model, and its trainings.
        estimates: `estimates.csv`, of all models.
    """
    mine = estimates[(estimates["model"] == about.model) & (estimates["variant"] != DENSE)]
    for told in TOLD:
        if told.quantity != "shift":
            answer = "It needs the grid: few trainings tell of the best settings, and not of whole regions."
            yield told.question.answered(about, answer, None, CANNOT)
            continue
        of_shift = mine[mine["quantity"].isin(THESIS.shift)].set_index("quantity")
        for variant, rows in of_shift.groupby("variant", sort=False):
            yield _moved(told, about, str(variant), rows[rows["roi"] == rows["roi"].max()])


def _moved(told: Told, about: About, variant: str, rows: pd.DataFrame) -> Claim:
    """The claim on the way of a region's centre, along both axes."""
    words, numbers = [], {"variant": variant, "roi": float(rows["roi"].iloc[0])}
    for name, of in zip(reversed(THESIS.shift), ("learning rate", "weight decay"), strict=True):
        estimate, low, high = (float(rows.loc[name, end]) for end in ("estimate", "low", "high"))
        words.append(f"{estimate:.2f} decades [{low:.2f}, {high:.2f}] of {of}")
        ends = {"": estimate, "_low": low, "_high": high}
        numbers |= {f"{name}{end}": None if math.isnan(value) else value for end, value in ends.items()}
    known = not rows["estimate"].isna().any()
    return told.question.answered(
        about,
        f"Estimated from few trainings, the centre of the region of interest moved by {' and '.join(words)}."
        if known
        else "There is no ellipse to compare: a region of interest has too few cells.",
        None,
        question=f"{told.question.text[:-1]}, of {variant}?",
        case=variant,
        numbers=numbers,
    )


def _claim(told: Told, about: About, row: pd.Series) -> Claim:
    numbers: dict[str, Any] = {
        name: None if math.isnan(row[name]) else float(row[name])
        for name in ("roi", "measured", "estimate", "low", "high")
    }
    if math.isnan(row["measured"]):
        answer = "There is no ellipse to compare: a region of interest has too few cells."
    elif math.isnan(row["low"]):
        answer = (
            f"Measured {row['measured']:.2f}{told.unit}; one exploring seed has no interval. {_sentence(told.means)}."
        )
    else:
        interval = f"[{row['low']:.2f}, {row['high']:.2f}]"
        answer = f"Estimated {row['estimate']:.2f}{told.unit} {interval}. {_sentence(told.means)}."
    return told.question.answered(
        about,
        answer,
        None,
        question=f"{told.question.text[:-1]}, of {row['variant']}?",
        case=str(row["variant"]),
        numbers={"variant": str(row["variant"]), **numbers},
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
