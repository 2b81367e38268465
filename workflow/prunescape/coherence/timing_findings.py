"""The findings on when masks are made: the thesis' open questions (7.2) how soon they settle and are good enough."""

from collections.abc import Callable

import pandas as pd

from prunescape.answers import (
    BELOW,
    EQUAL,
    IF_ABOVE,
    NOT_BELOW,
    OPEN,
    YES,
    decided,
    judged,
    of_seeds,
    shown,
    verdict,
)
from prunescape.coherence.growth import Finding
from prunescape.coherence.labels import DIFF, MAGNITUDE, SCORES, against_used

SETTLED = 0.9  # the part of a mask that chance would not give and that is there from then on


def answers(tolerance: float) -> dict[str, list[Callable[[pd.DataFrame], list[Finding]]]]:
    """By table, the functions that answer from a model's rows of it.

    Args:
        tolerance: points by which accuracies may differ and count as equal.
    """
    return {
        "mask_overlap": [_settles, _depends_on_epoch],
        "early_masks": [lambda table: _early(table, tolerance)],
    }


def _settles(overlap: pd.DataFrame) -> list[Finding]:
    """When does the magnitude mask stabilise (thesis, 7.2)?"""
    table = overlap[overlap["score"] == MAGNITUDE]
    epochs = table.groupby("seed")[["epoch", "overlap", "expected"]].apply(settled_epoch).astype(float).dropna()
    if epochs.empty:
        return []
    row, last = of_seeds("epoch", epochs), int(table["epoch"].max())
    return [
        {
            "question": "When does the magnitude mask settle?",
            "answer": f"After epoch {shown('epoch', row, 1, '').lstrip('+')} of {last},"
            f" {100 * row['epoch'] / last:.0f} % of the training: from then on at least {100 * SETTLED:.0f} % of what"
            " the final mask has beyond chance is in the mask of every measured epoch.",
            "decided": None,
            "last": last,
            **row,
        }
    ]


def settled_epoch(rows: pd.DataFrame) -> float:
    """The first measured epoch from which on a mask is the final one but for `1 - SETTLED` of what is beyond chance.

    Args:
        rows: epoch, overlap and expected, of one seed.

    Returns:
        The epoch; NaN where the mask never settles.
    """
    rows = rows.dropna(subset=["overlap"]).sort_values("epoch", ascending=False)
    beyond = (rows["overlap"] - rows["expected"]) / (1 - rows["expected"])
    settled = rows["epoch"][(beyond >= SETTLED).cummin()]
    return float(settled.min()) if len(settled) else float("nan")


def _depends_on_epoch(overlap: pd.DataFrame) -> list[Finding]:
    """Is the diff mask of one epoch that of another (beyond the thesis)?"""
    table = overlap[(overlap["score"] == DIFF) & (overlap["overlap"] < 1)]
    means = table.groupby("seed")[["overlap", "expected"]].mean().dropna()
    if means.empty:
        return []
    row = of_seeds("more", 100 * (means["overlap"] - means["expected"]))
    return [
        {
            "question": "Are diff masks of other epochs like that of the highest coherence?",
            "answer": f"{verdict('more', row)}: on average they hold {100 * means['overlap'].mean():.1f} % of its"
            f" weights, {shown('more', row)} more than chance would give.",
            **judged("more", row),
            **row,
        }
    ]


def _early(table: pd.DataFrame, tolerance: float) -> list[Finding]:
    """How early is a mask good enough, beside the one that is used (thesis, 7.2)?"""
    found, compared = [], against_used(table).dropna(subset=["validation_top1"])
    for score in SCORES:
        own = compared[compared["score"] == score]
        if own.empty:
            continue
        near = f"good enough, within {tolerance:g} points of the one that is used"
        finding = {
            "question": f"How early is a {score} mask {near}?",
            "topic": f"Is a mask of an earlier epoch {near}?",
        }
        found.append(finding | _good_enough(own.dropna(subset=["more"]), score, tolerance))
    return found


def _good_enough(known: pd.DataFrame, score: str, tolerance: float) -> Finding:
    """The answer of `_early` for one score.

    Args:
        known: epoch, validation_top1, used_epoch, used_top1, more: of the seeds where the used mask was trained, too.
        score: in words.
        tolerance: see `answers`.
    """
    unknown: Finding = {"case": score, "decided": None}
    if known.empty:
        why = "no network has the mask that is used; add network to coherence.experiments, or best to coherence.ends"
        return unknown | {"answer": f"Not known: {why}."}
    first, last = int(known["used_epoch"].min()), int(known["used_epoch"].max())
    span, s = (f"{first}", "") if first == last else (f"{first} to {last}", "s")
    when = f"epoch{s} {span}"
    # Diffs of later epochs than the highest coherence's are not early.
    earlier = known[known["epoch"] < first]
    if earlier.empty:
        return unknown | {"answer": f"Not known: no mask from before the one that is used, of {when}, was tried."}
    by_epoch = {int(epoch): rows for epoch, rows in earlier.groupby("epoch")}
    epoch, sure = good_enough({one: of_seeds("more", rows["more"]) for one, rows in by_epoch.items()}, tolerance)
    own, row = by_epoch[epoch], of_seeds("more", by_epoch[epoch]["more"])
    word = {OPEN: "Not decided", BELOW: f"Not yet after epoch {epoch}"}.get(sure, f"After epoch {epoch}")
    return {
        "case": f"{score}, epoch {epoch} against {span}",
        "answer": f"{word}: networks with the mask of epoch {epoch} reach {own['validation_top1'].mean():.1f} % of"
        f" validation images, those with the one that is used, of {when}, {own['used_top1'].mean():.1f} %,"
        f" {shown('more', row)}.",
        **judged("more", row, tolerance=tolerance, sure=sure, outcomes=IF_ABOVE | {EQUAL: YES, NOT_BELOW: YES}),
        "epoch": epoch,
        "used_epochs": sorted({int(one) for one in own["used_epoch"]}),
        **row,
    }


def good_enough(rows: dict[int, dict[str, float]], tolerance: float) -> tuple[int, str]:
    """The earliest epoch from which on no early mask is worse than the used one by more than the tolerance.

    Args:
        rows: by epoch, `more` with its interval: how much better its mask is than the one that is used.
        tolerance: in points.

    Returns:
        The epoch and what its interval says: `EQUAL`, `ABOVE`, `NOT_BELOW`; `OPEN` with the first epoch that may be
        good enough where no interval tells; `BELOW` with the last epoch where all are worse.
    """
    sure, epochs = None, sorted(rows)
    for epoch in reversed(epochs):
        if not rows[epoch]["more_low"] >= -tolerance:
            break
        sure = epoch
    if sure is not None:
        says = decided("more", rows[sure], tolerance)
        return sure, NOT_BELOW if says == OPEN else says
    able = [epoch for epoch in epochs if not rows[epoch]["more_high"] < -tolerance]
    return (able[0], OPEN) if able else (epochs[-1], BELOW)
