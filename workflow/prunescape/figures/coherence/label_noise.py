"""Coherence and diffs of all images and of single classes, from real labels to noise (the thesis asks why in 7.2)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.coherence.labels import FRESH, GAUSSIAN, HIGHEST, REAL
from prunescape.coherence.noise_claims import of_all_classes
from prunescape.figures import drawing, names, scales, select, style
from prunescape.figures.coherence import series, terms
from prunescape.figures.palette import BLUE, ORANGE, VIOLET, Look
from prunescape.figures.select import at

DOTTED = (0, (1, 1.5))
COHERENCE = {
    "classes": Look(VIOLET, "s", "images of one class, a mean over classes"),
    "coherence": Look(BLUE, "o", "all images"),
}
SIZES = {
    "diff_size": Look(BLUE, "o", "mean |diff|"),
    "diff_size_by_classes": Look(ORANGE, "D", "random signs of whole classes", DOTTED),
    "diff_size_by_chance": Look(style.MUTED, "v", "random signs of single images", DOTTED),
}


def draw(class_coherence: pd.DataFrame, model: str) -> Figure:
    """Left coherence, right the size of diffs, over kinds of data from real ones to noise, at the highest coherence.

    Args:
        class_coherence: model, seed, data, start, which, label, coherence, coherence_by_chance, diff_size,
            diff_size_by_chance, diff_size_by_classes: class_coherence.csv.
    """
    table = at(class_coherence, model=model, start=FRESH, which=HIGHEST)
    kinds = kinds_of(table)
    table = numbers(table).assign(place=lambda rows: rows["data"].map({data: n for n, data in enumerate(kinds)}))
    figure = style.new_figure(9.8, 4.6)
    left, right = figure.subplots(1, 2)
    for axes, looks, title, label in (
        (
            left,
            COHERENCE,
            "Highest coherence after an epoch, beyond 1/N",
            f"{terms.COHERENCE} beyond orthogonal gradients",
        ),
        (right, SIZES, "Diffs at the highest coherence", "Mean |diff|"),
    ):
        _panel(axes, table, looks)
        axes.set(title=title, ylabel=label)
        axes.set_xticks(range(len(kinds)), list(kinds.values()))
        axes.set_xlim(-0.4, max(len(kinds), 1) - 0.6)
        axes.set_xlabel("Labels that are random, or noise for images")
    style.heading(
        figure,
        f"{names.model_title(model)}: why diffs are large on noise",
        "Where images of one class agree, classes are the voters: few of them give large diffs by chance, while the"
        f" mean gradient, and coherence, vanish.{drawing.seeds_words(table)}",
    )
    return figure


def kinds_of(table: pd.DataFrame) -> dict[str, str]:
    """Kinds of data that there are, from real to noise, with their words."""
    parts = sorted({float(data.removeprefix("labels")) for data in table["data"] if data.startswith("labels")})
    words = {REAL: "none", **{f"labels{part:g}": f"{part:g} %" for part in parts}, GAUSSIAN: "Gaussian\nimages"}
    return {data: word for data, word in words.items() if (table["data"] == data).any()}


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """By seed and data: coherence of all images and `classes`, of one, both beyond 1/N; and the sizes of diffs."""
    beyond = table.assign(coherence=table["coherence"] - table["coherence_by_chance"])
    whole = of_all_classes(beyond)
    classes = beyond[~whole].groupby(["seed", "data"])["coherence"].mean().rename("classes")
    return beyond[whole].join(classes, on=["seed", "data"])


def _panel(axes: Axes, table: pd.DataFrame, looks: dict[str, Look]) -> None:
    parts = [
        select.over_seeds(table.assign(kind=name, value=table[name]), ["kind", "place"], ["value"]) for name in looks
    ]
    spread = pd.concat(parts, ignore_index=True)
    series.lines(axes, spread, "place", "value", "kind", looks)
    if spread["value"].notna().any():
        scales.from_zero(axes, [0.0, *spread["value"], *spread["value_high"]])
        axes.legend(handles=[look.handle() for look in looks.values()], fontsize=style.size(7.5), loc="best")
