"""The verdict in plain sentences."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prunescape.hpspace.decision import DENSE_NEAR_CHANCE, EQUIVALENT, NEAR_CHANCE, ONE_SEED, WORSE
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.learnt import needed
from prunescape.hpspace.tuning import NEAREST, RANDOM
from prunescape.hpspace.verdict import KEEP, RECOMMENDATIONS, TRAIN, TUNE, UNDECIDED, UNKNOWN


def verdict_text(answer: Mapping[str, Any]) -> str:
    """The verdicts of all models, as `verdict.txt` has them.

    Args:
        answer: what `prunescape.hpspace.verdict.verdict` gives.
    """
    pair = Pair.from_settings(answer)
    texts = [describe(model, entry, answer["settings"], pair) for model, entry in answer["models"].items()]
    if not pair.is_thesis:
        texts.append(left_out(pair))
    return "\n\n".join(texts) + "\n"


def left_out(pair: Pair) -> str:
    """A sentence that the parts for the thesis' hyperparameters alone were not made, and why."""
    return f"Smith's relation (eq. 2.2 of the thesis) and the thesis' tables are {pair.not_applicable()}"


def keeping(settings: Mapping[str, Any]) -> str:
    """An explanation of keeping the dense network's settings, and of the intervals.

    Args:
        settings: those of a verdict.
    """
    roi, margin, levels = settings["risk_roi"], settings["margin"], levels_of(settings)
    return f"""Keeping means to train the pruned network at the cells of the dense network's
{roi}-ROI (region of interest), those within {roi} points of its best. It is called
equivalent where a loss of {margin} points or more, against the pruned network's own best cell, is ruled
out, and worse where a smaller one is; each is wrong in at most {100 * settings["level"]:g} % of cases.
Estimates and intervals are of the landscape without the noise of training, which makes measured losses too large.
In brackets are intervals: of the loss if kept {levels.loss} intervals, whose ends are the bounds of these tests,
all others {levels.others} intervals."""


def describe(model: str, entry: Mapping[str, Any], settings: Mapping[str, Any], pair: Pair) -> str:
    """The verdict on one model, with a line for the dense network and lines for each variant."""
    answer = entry["metrics"]["top1"]
    best, risk = answer["dense"]["best"], answer["dense"]["risk"]
    lines = [
        f"{model}: {in_short(entry)}",
        f"  dense: best {best['accuracy']:.2f} % at {pair.told(best)};"
        f" its {settings['risk_roi']:g}-ROI puts {_points(risk, settings)} at risk",
    ]
    for name, variant in answer["variants"].items():
        lines.append(f"  {name}: {variant['recommendation'].upper()}: {decision_of(variant, settings)}")
        lines += [f"    {line}" for line in _details(variant, settings, pair, risk["measured"])]
    lines += [f"  {line}" for line in _notes(entry, answer)]
    return "\n".join(lines)


def in_short(entry: Mapping[str, Any], metric: str = "top1") -> str:
    """The answer on a model in a line, with what makes it unsure.

    Args:
        entry: a model's of `verdict.json`.
        metric: whose answer it is; the grid grows by top-1 accuracy alone.
    """
    variants = entry["metrics"][metric]["variants"]
    early = metric == "top1" and entry["border"] and not dense_near_chance(variants)
    return headline(variants) + (" (the grid ends too early to be sure)" if early else "")


def dense_near_chance(variants: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether nothing is decided because the dense network has hardly learnt."""
    return any(variant["recommendation"] == TRAIN and _of_dense(variant) for variant in variants.values())


def _of_dense(variant: Mapping[str, Any]) -> bool:
    return bool(variant["decision"] == DENSE_NEAR_CHANCE)


def headline(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """The recommendations for a model's variants, in a few words."""
    if dense_near_chance(variants):
        first = next(iter(variants.values()))
        best = f"the dense network's best is {_above(first['dense_above_chance'])} ({first['chance']:.1f} %)"
        return f"{best}: train longer before asking"
    kinds = {
        kind: [name for name, variant in variants.items() if variant["recommendation"] == kind]
        for kind in RECOMMENDATIONS
    }
    kinds[TRAIN] = [f"{name} ({_above(variants[name]['above_chance'])})" for name in kinds[TRAIN]]
    words = {
        TRAIN: "train longer before asking for",
        TUNE: "tune again for",
        UNDECIDED: "not decided for",
        KEEP: "no need to tune again for",
        UNKNOWN: "no answer for",
    }
    whole = {TUNE: "tune again after pruning", KEEP: "no need to tune again after pruning", UNDECIDED: "not decided"}
    told = [kind for kind in words if kinds[kind]]
    if len(told) == 1 and told[0] in whole:
        return whole[told[0]]
    return "; ".join(f"{words[kind]} {', '.join(kinds[kind])}" for kind in told)


def decision_of(variant: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """The decision on keeping the dense network's settings, in words."""
    margin, measured = settings["margin"], variant["loss_measured"]
    if variant["decision"] in (NEAR_CHANCE, DENSE_NEAR_CHANCE):
        whose, column = ("the dense network's", "dense_above_chance") if _of_dense(variant) else ("its", "above_chance")
        best = f"{whose} best is {_above(variant[column])} ({variant['chance']:.1f} %)"
        surely = max(0.0, variant[f"{column}_low"])
        noise = f", surely {surely:.1f}, noise allowed for" if surely < variant[column] else ""  # not with one seed
        return f"{best}{noise}; an answer needs more than {needed(variant['chance'], settings):.1f}"
    if variant["recommendation"] == UNKNOWN:
        return RECOMMENDATIONS[UNKNOWN]
    if variant["decision"] == ONE_SEED:
        return f"one seed cannot decide; {measured:.2f} points at risk as measured, noise included (margin {margin:g})"
    interval = f"({levels_of(settings).loss} interval [{variant['loss_low']:.2f}, {variant['loss_high']:.2f}])"
    if variant["decision"] == EQUIVALENT:
        return f"equivalent within {margin:g} points: keeping loses {variant['loss']:.2f} {interval}"
    if variant["decision"] == WORSE:
        return f"worse by {variant['loss']:.2f} points {interval} if kept, more than the margin of {margin:g}"
    lost = f"keeping loses {variant['loss']:.2f} points {interval}, margin {margin:g}"
    if variant["grow_first"]:
        return f"not decided: {lost}; the grid ends too early: grow it before you train more seeds"
    return f"not decided with these seeds: {lost}; {_more(variant['more_seeds'], settings)}"


def _more(seeds: float | None, settings: Mapping[str, Any]) -> str:
    if seeds is None or math.isnan(seeds):
        return "the loss is too near the margin for any number of seeds worth training"
    return f"{seeds:.0f} more would, with {100 * settings['power']:g} % power if the loss is what it now seems"


def _details(variant: Mapping[str, Any], settings: Mapping[str, Any], pair: Pair, dense_risk: float) -> Iterator[str]:
    if variant["recommendation"] == TRAIN:
        yield f"measured: best {variant['best']['accuracy']:.2f} % at {pair.told(variant['best'])}"
        return
    inside = "inside" if variant["dense_optimum_in_roi"] else "outside"
    yield (
        f"measured: best {variant['best']['accuracy']:.2f} % at {pair.told(variant['best'])};"
        f" {variant['loss_measured']:.2f} points at risk"
        f"{multiple_of(variant, f' x the {dense_risk:.2f} of dense')}"
    )
    yield (
        f"the dense optimum lies {inside} its {settings['risk_roi']:g}-ROI and costs"
        f" {_points(variant['loss_at_dense_optimum'], settings)}"
    )
    yield ellipse_of(variant["ellipse"], pair)
    near, anywhere = variant["trials"][NEAREST], variant["trials"][RANDOM]
    yield (
        f"tuning again comes within {settings['margin']:g} points after {near} trial{'s' * (near != 1)} nearest to the"
        f" dense optimum, or {anywhere} at random"
    )


def multiple_of(variant: Mapping[str, Any], words: str = "") -> str:
    """A variant's risk as a multiple of the dense network's, in brackets; empty where that risks nothing."""
    return f" ({variant['risk_multiple']:.1f}{words})" if math.isfinite(variant["risk_multiple"]) else ""


def ellipse_of(ellipse: Mapping[str, Any] | None, pair: Pair) -> str:
    """The change of the ellipse in words, each part with the p-value of its permutation test."""
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


def _points(quantity: Mapping[str, float], settings: Mapping[str, Any]) -> str:
    """A quantity in points, `1.01 points (95 % interval [0.72, 1.40])`, or as measured where it has no interval."""
    if math.isnan(quantity["low"]):
        return f"{quantity['measured']:.2f} points"
    interval = f"{levels_of(settings).others} interval [{quantity['low']:.2f}, {quantity['high']:.2f}]"
    return f"{quantity['estimate']:.2f} points ({interval})"


class Levels(NamedTuple):
    """The confidence of intervals: of the loss, whose ends are one-sided bounds at the test's level; of all others."""

    loss: str
    others: str


def levels_of(settings: Mapping[str, Any]) -> Levels:
    """The two confidence levels in words, as `90 %` and `95 %`.

    Args:
        settings: level of the config's section `verdict`, confidence of the section `analysis`.
    """
    return Levels(f"{100 * (1 - 2 * settings['level']):g} %", f"{100 * settings['confidence']:g} %")


def _above(points: float) -> str:
    return f"{abs(points):.1f} points {'above' if points >= 0 else 'below'} chance"


def _notes(entry: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[str]:
    if answer["seeds"] == 1:
        yield f"one seed only: the noise of a cell is unknown, and nothing has an interval; {add_seeds(entry, answer)}"
    else:
        yield (
            f"noise of a cell (standard error over {answer['seeds']} seeds, median in the ROI):"
            f" {answer['seed_noise_points']:.2f} points; losses are estimated without it"
        )
    for side, touching in entry["border"].items():
        yield f"the grid ends too early towards {side}: the ROI of {', '.join(touching)} touches it"
    yield from map(alike, entry.get("same", []))
    if entry.get("without_control"):
        yield no_control(entry["without_control"])


def add_seeds(entry: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """Advice where there is one seed only."""
    if dense_near_chance(answer["variants"]):
        return "train longer, then add seeds"
    return "grow the grid, then add seeds" if entry["border"] else "add seeds"


def alike(variants: Iterable[str]) -> str:
    """A sentence that variants are one and the same network."""
    return f"one and the same network under several names, trained to the same results: {', '.join(variants)}"


def no_control(criteria: Iterable[str]) -> str:
    """A sentence that criteria stand without random pruning beside them."""
    return f"no control: add random to criteria, to see whether {', '.join(criteria)} choose better than chance"
