"""The claims on when masks are made: the thesis' open questions (7.2) how soon they settle and are good enough."""

from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import (
    ABOVE,
    BELOW,
    CANNOT,
    EQUAL,
    HOLDS,
    IF_ABOVE,
    NOT_BELOW,
    OPEN,
    decided,
    in_brackets,
    judged,
    more_seeds,
    shown,
    verdict,
)
from prunescape.coherence.asked import Answer, answer_of, is_core, judged_unless, named_failed
from prunescape.coherence.labels import DIFF, MAGNITUDE, SCORES, against_used

SETTLED = 0.9  # the part of a mask that chance would not give and that is there from then on
SETTLES = Estimand(
    "magnitude_mask_settles",
    "Does the magnitude mask settle in the first half of the training?",
    "Yauney 2024, section 7.2, an open question",
    "The magnitude mask settles in the first half of the training.",
    "half of the training minus the first measured epoch from which on the mask is the final one, in percent of the"
    " training",
    smallest=10.0,
    lowest=-50.0,
    highest=50.0,
    unit=" points",
)
LIKE_OTHERS = Estimand(
    "diff_masks_alike",
    "Are diff masks of other epochs like that of the highest coherence?",
    "beyond Yauney 2024",
    "Diff masks of other epochs hold more of the weights of that of the highest coherence than chance would give.",
    "part of the weights in both masks, minus what chance gives",
    smallest=5.0,
    unit=" points",
)
EARLY = Estimand(
    "early_mask",
    "Is a mask of an earlier epoch good enough?",
    "Yauney 2024, section 7.2, an open question",
    "The mask of an earlier epoch is good enough: within the tolerance of the one that is used, or better.",
    "validation accuracy with the earlier mask minus with the one that is used",
    smallest=2.0,
    unit=" points",
)


def answers(tolerance: float) -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it.

    Args:
        tolerance: points by which accuracies may differ and count as equal.
    """
    return {
        "mask_overlap": [_settles, _depends_on_epoch],
        "early_masks": [lambda table, asking: _early(table, asking, tolerance)],
    }


def _settles(overlap: pd.DataFrame, asking: Asking) -> list[Claim]:
    table = overlap[overlap["score"] == MAGNITUDE]
    epochs = table.groupby("seed")[["epoch", "overlap", "expected"]].apply(settled_epoch).astype(float).dropna()
    if epochs.empty:
        return []
    last = int(table["epoch"].max())
    row = answer_of(asking, SETTLES, "before", 50 - 100 * epochs / last)
    first, end = int(epochs.min()), int(epochs.max())
    before = max((int(epoch) for epoch in table["epoch"] if epoch < first), default=0)
    when = f"between epoch {before} and {end} of {last}" if first < last else f"not before the end, epoch {last}"
    return [
        asking.answered(
            SETTLES,
            f"{verdict('before', row)}: {when}, {100 * before / last:.0f} to {100 * end / last:.0f} % of the training;"
            f" from then on at least {100 * SETTLED:.0f} % of what the final mask has beyond chance is in the mask of"
            f" every measured epoch. The first such measured epoch is {epochs.mean():.1f} in the mean over"
            f" {len(epochs)} seeds, half of the training minus that is {shown('before', row)}.",
            judged("before", row),
            numbers={"epoch": float(epochs.mean()), "last": last, "after": before, "until": end, **row},
        )
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


def _depends_on_epoch(overlap: pd.DataFrame, asking: Asking) -> list[Claim]:
    table = overlap[(overlap["score"] == DIFF) & (overlap["overlap"] < 1)]
    means = table.groupby("seed")[["overlap", "expected"]].mean().dropna()
    if means.empty:
        return []
    row = answer_of(asking, LIKE_OTHERS, "more", 100 * (means["overlap"] - means["expected"]))
    return [
        asking.answered(
            LIKE_OTHERS,
            f"{verdict('more', row)}: on average they hold {100 * means['overlap'].mean():.1f} % of its"
            f" weights, where chance would give {100 * means['expected'].mean():.1f} %, a difference of"
            f" {shown('more', row)}.",
            judged("more", row),
            numbers=row,
        )
    ]


def _early(table: pd.DataFrame, asking: Asking, tolerance: float) -> list[Claim]:
    stated, beside = [], against_used(table)
    lost = table[table["validation_top1"].isna()]
    compared = beside.dropna(subset=["validation_top1"])
    near = f"good enough, within {tolerance:g} points of the one that is used"
    for score in SCORES:
        own = compared[compared["score"] == score]
        if own.empty:
            continue
        told: dict[str, Any] = {
            "question": f"How early is a {score} mask {near}?",
            "topic": f"Is a mask of an earlier epoch {near}?",
            "key": score,
        }
        known = own.dropna(subset=["more"])
        why = _unknown(known)
        if why:
            core = {"core": is_core(EARLY)}
            stated.append(asking.answered(EARLY, why, None, core, outcome=CANNOT, case=score, **told))
        else:
            seeds = sorted(set(lost.loc[lost["score"] == score, "seed"]))
            blocked = f"masks of {score}, seed {', '.join(map(str, seeds))}" if seeds else ""
            stated.append(_good_enough(known, asking, score, tolerance, told, blocked))
    return stated


def _unknown(known: pd.DataFrame) -> str:
    """Why it cannot be asked how early a mask is good enough; "" where it can."""
    if known.empty:
        why = "no network has the mask that is used; add network to coherence.experiments, or best to coherence.ends"
        return f"Not known: {why}."
    if (known["epoch"] < known["used_epoch"].min()).any():
        return ""
    return f"Not known: no mask from before the one that is used, of {_span(known)[1]}, was tried."


def _span(known: pd.DataFrame) -> tuple[str, str]:
    """The epochs of the masks that are used, as numbers and in words."""
    first, last = int(known["used_epoch"].min()), int(known["used_epoch"].max())
    span, s = (f"{first}", "") if first == last else (f"{first} to {last}", "s")
    return span, f"epoch{s} {span}"


def _good_enough(
    known: pd.DataFrame, asking: Asking, score: str, tolerance: float, told: dict[str, Any], blocked: str
) -> Claim:
    """The claim of `_early` for one score.

    Args:
        known: epoch, parent_epochs, child_epochs, validation_top1, used_epoch, used_top1, more: of the seeds where the
            used mask was trained, too.
        asking: of the network.
        score: in words.
        tolerance: see `answers`.
        told: what `Question.answered` takes, too.
        blocked: the trainings that block a decision, in words; empty where none does.
    """
    span, when = _span(known)
    # Diffs of later epochs than the highest coherence's are not early.
    earlier = known[known["epoch"] < known["used_epoch"].min()]
    by_epoch = {int(epoch): rows for epoch, rows in earlier.groupby("epoch")}
    rows = {one: answer_of(asking, EARLY, "more", of["more"], len(by_epoch)) for one, of in by_epoch.items()}
    epoch, sure = good_enough(rows, tolerance)
    sure = OPEN if blocked else sure
    own, row = by_epoch[epoch], rows[epoch]
    word = {OPEN: "Not decided", BELOW: f"Not yet after epoch {epoch}"}.get(sure, f"After epoch {epoch}")
    parent, child = float(own["parent_epochs"].mean()), float(own["child_epochs"].mean())
    saved = 100 * (parent - epoch) / (parent + child)
    at = f"after {100 * epoch / parent:.0f} % of the parent's training"
    saves = f"To stop {at} saves" if sure in (ABOVE, EQUAL, NOT_BELOW) else f"To stop {at} would save"
    return asking.answered(
        EARLY,
        f"{word}: networks with the mask of epoch {epoch} reach {own['validation_top1'].mean():.1f} % of"
        f" validation images, those with the one that is used, of {when}, {own['used_top1'].mean():.1f} %,"
        f" {shown('more', row)}. {saves} {saved:.0f} % of the epochs of parent and child together.{_each(earlier)}"
        f"{named_failed(blocked)}",
        judged_unless(
            blocked,
            "more",
            row,
            tolerance=tolerance,
            sure=sure,
            outcomes=IF_ABOVE | {EQUAL: HOLDS, NOT_BELOW: HOLDS},
            would_decide=more_seeds(abs(row["more"] + tolerance), row["more_low"], row["more_high"]),
        ),
        case=f"{score}, epoch {epoch} against {span}",
        numbers={
            "epoch": epoch,
            "saved": saved,
            "used_epochs": sorted({int(one) for one in own["used_epoch"]}),
            **row,
        },
        **told,
    )


def _each(earlier: pd.DataFrame) -> str:
    """What each early mask gives beside the one that is used, with 95 % intervals, in a sentence; "" for one epoch."""
    told = {int(epoch): of_seeds("more", of["more"].dropna()) for epoch, of in earlier.groupby("epoch")}
    each = ", ".join(f"{epoch}: {row['more']:+.1f}{in_brackets('more', row)}" for epoch, row in told.items())
    return f" By epoch: {each}." if len(told) > 1 else ""


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
