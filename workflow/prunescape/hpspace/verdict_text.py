"""The verdict in plain sentences."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prunescape.hpspace.axes import Pair
from prunescape.hpspace.decision import EQUIVALENT, ONE_SEED, WORSE
from prunescape.hpspace.tuning import NEAREST, RANDOM
from prunescape.hpspace.verdict import KEEP, RECOMMENDATIONS, TUNE, UNDECIDED, UNKNOWN


def verdict_text(answer: Mapping[str, Any]) -> str:
    """All models' verdicts, as `verdict.txt` has them.

    Args:
        answer: what `prunescape.hpspace.verdict.verdict` gives.
    """
    pair = Pair.from_settings(answer)
    texts = [describe(model, entry, answer["settings"], pair) for model, entry in answer["models"].items()]
    if not pair.is_thesis:
        texts.append(left_out(pair))
    return "\n\n".join(texts) + "\n"


def left_out(pair: Pair) -> str:
    """That what concerns the thesis' hyperparameters alone was not made, and why."""
    return f"Smith's relation (eq. 2.2 of the thesis) and the thesis' tables are {pair.not_applicable()}"


def describe(model: str, entry: Mapping[str, Any], settings: Mapping[str, Any], pair: Pair) -> str:
    """A model's verdict, a line each."""
    answer = entry["metrics"]["top1"]
    best, risk = answer["dense"]["best"], answer["dense"]["risk"]
    caveat = " (the grid ends too early to be sure, see below)" if entry["border"] else ""
    lines = [
        f"{model}: {headline(answer['variants'])}{caveat}",
        f"  dense: best {best['accuracy']:.2f} % at {pair.told(best)};"
        f" its {settings['risk_roi']:g}-ROI puts {_points(risk)} at risk",
    ]
    for name, variant in answer["variants"].items():
        lines.append(f"  {name}: {variant['recommendation'].upper()}: {decision_of(variant, settings)}")
        lines += [f"    {line}" for line in _details(variant, settings, pair, risk["measured"])]
    lines += [f"  {line}" for line in _notes(entry, answer, settings)]
    return "\n".join(lines)


def headline(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """The shortest true answer."""
    kinds = {
        kind: [name for name, variant in variants.items() if variant["recommendation"] == kind]
        for kind in RECOMMENDATIONS
    }
    words = {
        TUNE: "tune again for",
        UNDECIDED: "not decided for",
        KEEP: "no need to tune again for",
        UNKNOWN: "no answer for",
    }
    whole = {TUNE: "tune again after pruning", KEEP: "no need to tune again after pruning", UNDECIDED: "not decided"}
    found = [kind for kind in words if kinds[kind]]
    if len(found) == 1 and found[0] in whole:
        return whole[found[0]]
    return "; ".join(f"{words[kind]} {', '.join(kinds[kind])}" for kind in found)


def decision_of(variant: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """What the test says of keeping the dense network's settings."""
    margin, measured = settings["margin"], variant["loss_measured"]
    if variant["recommendation"] == UNKNOWN:
        return RECOMMENDATIONS[UNKNOWN]
    if variant["decision"] == ONE_SEED:
        return f"one seed cannot decide; {measured:.2f} points at risk as measured, noise included (margin {margin:g})"
    interval = f"[{variant['loss_low']:.2f}, {variant['loss_high']:.2f}]"
    if variant["decision"] == EQUIVALENT:
        return f"equivalent within {margin:g} points: keeping loses {variant['loss']:.2f} {interval}"
    if variant["decision"] == WORSE:
        return f"worse by {variant['loss']:.2f} points {interval} if kept, more than the margin of {margin:g}"
    lost = f"keeping loses {variant['loss']:.2f} points {interval}, margin {margin:g}"
    return f"not decided with these seeds: {lost}; {_more(variant['more_seeds'], settings)}"


def _more(seeds: float | None, settings: Mapping[str, Any]) -> str:
    if seeds is None or math.isnan(seeds):
        return "the loss is too near the margin for any number of seeds worth training"
    return f"{seeds:.0f} more would, with {100 * settings['power']:g} % power if the loss is what it now seems"


def _details(variant: Mapping[str, Any], settings: Mapping[str, Any], pair: Pair, dense_risk: float) -> Iterator[str]:
    inside = "inside" if variant["dense_optimum_in_roi"] else "outside"
    yield (
        f"measured: best {variant['best']['accuracy']:.2f} %; {variant['loss_measured']:.2f} points at risk"
        f"{multiple_of(variant, f' x the {dense_risk:.2f} of dense')}"
    )
    yield (
        f"the dense optimum lies {inside} its {settings['risk_roi']:g}-ROI and costs"
        f" {_points(variant['loss_at_dense_optimum'])}"
    )
    yield ellipse_of(variant["ellipse"], pair)
    near, anywhere = variant["trials"][NEAREST], variant["trials"][RANDOM]
    yield (
        f"tuning again comes within {settings['margin']:g} points after {near} trial{'s' * (near != 1)} nearest to the"
        f" dense optimum, or {anywhere} at random"
    )


def multiple_of(variant: Mapping[str, Any], words: str = "") -> str:
    """How many times the dense network's risk a variant's is, in brackets; nothing where that risks nothing."""
    return f" ({variant['risk_multiple']:.1f}{words})" if math.isfinite(variant["risk_multiple"]) else ""


def ellipse_of(ellipse: Mapping[str, Any] | None, pair: Pair) -> str:
    """How the ellipse changed, each with the p-value of its permutation test."""
    if ellipse is None:
        return "no ellipses to compare"
    shift, area, turn = (ellipse[name]["measured"] for name in ("shift", "area_ratio", "turn_degrees"))
    words = {
        "shift": f"moved {shift:.2f} {pair.unit}",
        "area_ratio": f"area x {area:.2f}",
        "turn_degrees": f"turned {turn:.0f} degrees",
    }
    told = [f"{text}{_p(ellipse[name]['p'])}" for name, text in words.items()]
    least = ellipse["least_p"]
    limit = "" if math.isnan(least) or least < 0.05 else f"; no p below {least:.2g} is possible with these seeds"
    return f"ellipse of the {ellipse['roi']:g}-ROI: {', '.join(told)}{limit}"


def _p(value: float) -> str:
    return "" if math.isnan(value) else f" (p = {value:.2g})"


def _points(found: Mapping[str, float]) -> str:
    """`1.01 points [0.72, 1.40]`, or what was measured where there is no interval."""
    if math.isnan(found["low"]):
        return f"{found['measured']:.2f} points"
    return f"{found['estimate']:.2f} points [{found['low']:.2f}, {found['high']:.2f}]"


def _notes(entry: Mapping[str, Any], answer: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    if answer["seeds"] == 1:
        yield "one seed only: the noise of a cell is unknown, and nothing has an interval; add seeds"
    else:
        yield (
            f"noise of a cell (standard error over {answer['seeds']} seeds, median in the ROI):"
            f" {answer['seed_noise_points']:.2f} points; losses are estimated without it, with"
            f" {100 * (1 - 2 * settings['level']):g} % intervals"
        )
    for side, touching in entry["border"].items():
        yield f"the grid ends too early towards {side}: the ROI of {', '.join(touching)} touches it"
    yield from map(alike, entry.get("same", []))
    if entry.get("without_control"):
        yield no_control(entry["without_control"])


def alike(variants: Iterable[str]) -> str:
    """That variants are one and the same network."""
    return f"one and the same network under several names, trained to the same results: {', '.join(variants)}"


def no_control(criteria: Iterable[str]) -> str:
    """That criteria stand without random pruning beside them."""
    return f"no control: add random to criteria, to see whether {', '.join(criteria)} choose better than chance"
