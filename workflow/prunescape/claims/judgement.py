"""Judgement of a number by its interval, and the outcome that follows for a claim."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from prunescape.claims.intervals import CONFIDENCE

ABOVE, BELOW, EQUAL, NOT_BELOW, OPEN = "above", "below", "equal", "not below", "open"
BEYOND, NOT_ABOVE = "beyond", "not above"  # of numbers that are held against the tolerance alone
DECIDED = {
    ABOVE: "the interval is above zero",
    BELOW: "the interval is below zero",
    EQUAL: "less than the tolerance either way",
    NOT_BELOW: "not below zero by more than the tolerance",
    BEYOND: "the interval is above the tolerance",
    NOT_ABOVE: "not above zero by more than the tolerance",
    OPEN: "not with these seeds",
}
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "not decided"
CANNOT, UNTESTED = "cannot be asked here", "not tested"
OUTCOMES = (HOLDS, FAILS, UNDECIDED, CANNOT, UNTESTED)
ANSWERS = {HOLDS: "yes", FAILS: "no", UNDECIDED: "not decided"}  # to the question whether the statement holds
# The outcome by key of `DECIDED`, of statements that a number is above zero, that it is zero, or that it is below.
IF_ABOVE = {ABOVE: HOLDS, BELOW: FAILS, EQUAL: FAILS, OPEN: UNDECIDED}
IF_EQUAL = {ABOVE: FAILS, BELOW: HOLDS, EQUAL: HOLDS, OPEN: UNDECIDED}
IF_BEYOND = {BEYOND: HOLDS, NOT_ABOVE: FAILS, OPEN: UNDECIDED}  # that a number is above the tolerance
IF_NOT_ABOVE = {NOT_ABOVE: HOLDS, BEYOND: FAILS, OPEN: UNDECIDED}  # that it is not
IF_BELOW = {ABOVE: FAILS, BELOW: HOLDS, EQUAL: FAILS, OPEN: UNDECIDED}
MOST = 1000  # times as many seeds, above which none are advised


class Judgement(NamedTuple):
    """The outcome of a claim and the number that it follows from.

    Attributes:
        decided: what the interval says, a key of `DECIDED`.
        outcome: one of `OUTCOMES`.
        evidence: the number in words.
        effect, low, high: the number and its interval, None where there is none.
        unit: of the three; empty where they are bare numbers.
        level: of the interval.
        tolerance: up to which the number counts as zero.
        would_decide: what more would decide; empty unless that is open.
    """

    decided: str
    outcome: str
    evidence: str
    effect: float | None
    low: float | None
    high: float | None
    unit: str
    level: float
    tolerance: float
    would_decide: str


def judged(
    name: str,
    row: Mapping[str, Any],
    digits: int = 1,
    unit: str = " points",
    tolerance: float = 0.0,
    sure: str | None = None,
    outcomes: Mapping[str, str] = IF_ABOVE,
    after: str = "",
    would_decide: str | None = None,
) -> Judgement:
    """The outcome that follows from a number with its interval; `Claim` refuses it where the two contradict.

    Args:
        name, row: the number with its interval, as `prunescape.claims.intervals.interval` gives it; and confidence, of
            the interval, where it is another one.
        digits, unit, tolerance: see `shown` and `decided`.
        sure: the key of `DECIDED`, where a rule of its own gives it: `OPEN`, or what the interval says.
        outcomes: by key of `DECIDED`, the outcome.
        after: words after the number.
        would_decide: what more would decide, where that is not as many more seeds as bring the interval off zero.
    """
    sure = sure or decided(name, row, tolerance)
    effect, low, high = (_known(row[f"{name}{end}"]) for end in ("", "_low", "_high"))
    if sure != OPEN:
        would_decide = ""
    elif would_decide is None:
        would_decide = more_seeds(
            max(abs(row[name]), tolerance - abs(row[name])), row[f"{name}_low"], row[f"{name}_high"]
        )
    return Judgement(
        decided=sure,
        outcome=outcomes[sure],
        evidence=shown(name, row, digits, unit + after),
        effect=effect,
        low=low,
        high=high,
        unit=unit.strip(),
        level=float(row.get("confidence", CONFIDENCE)),
        tolerance=tolerance,
        would_decide=would_decide,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def more_seeds(distance: float, low: float, high: float) -> str:
    """The seeds that would bring the ends of an interval so far from its middle, in words: times those there are.

    Args:
        distance: between the number and the value that it is held against.
        low, high: the interval's ends, NaN where there is none.
    """
    if math.isnan(low):
        return "more seeds: these give no interval"
    half = (high - low) / 2
    if distance <= 0 or half > math.sqrt(MOST) * distance:
        return "no number of seeds worth training, if the effect is what it now seems"
    times = max((half / distance) ** 2, 1.1)
    return f"about {times:,.{1 if times < 10 else 0}f} times as many seeds, if the effect is what it now seems"


def seeds_to_decide(row: Mapping[str, Any], name: str, tolerance: float) -> str:
    """The seeds that would bring a number's interval to one side of the tolerance, in words."""
    return more_seeds(abs(row[name] - tolerance), row[f"{name}_low"], row[f"{name}_high"])


def shown(name: str, row: Mapping[str, Any], digits: int = 1, unit: str = " points") -> str:
    """A mean with its interval: `+12.3 points [4.0, 20.6]`, or why it has none."""
    return f"{row[name]:+.{digits}f}{unit}{in_brackets(name, row, digits) or f' ({_why(row)}, no interval)'}"


def in_brackets(name: str, row: Mapping[str, Any], digits: int = 1) -> str:
    """An interval after its number: ` [4.0, 20.6]`; "" where there is none."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if np.isnan(low) else f" [{low:.{digits}f}, {high:.{digits}f}]"


def _why(row: Mapping[str, Any]) -> str:
    """Why seeds give no interval; a row without a column seeds has one."""
    return {1: "one seed", 2: "two seeds"}.get(row.get("seeds", 1), "all seeds alike")


def decided(name: str, row: Mapping[str, Any], tolerance: float = 0.0) -> str:
    """The key of `DECIDED` that an interval says; a single seed's says nothing."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if -tolerance <= low and high <= tolerance:
        return EQUAL
    if low > 0:
        return ABOVE
    return BELOW if high < 0 else OPEN


def beyond(name: str, row: Mapping[str, Any], tolerance: float) -> str:
    """Whether a number is above the tolerance: `BEYOND`, `NOT_ABOVE`, or `OPEN`; a single seed's says nothing."""
    if row[f"{name}_low"] > tolerance:
        return BEYOND
    return NOT_ABOVE if row[f"{name}_high"] < tolerance else OPEN


def verdict(name: str, row: Mapping[str, Any]) -> str:
    """Whether a number is above zero: Yes, No, or Not decided."""
    return ANSWERS[IF_ABOVE[decided(name, row)]].capitalize()


def how_many_above(name: str, rows: Sequence[Mapping[str, Any]], what: str) -> str:
    """At how many of several numbers the interval is above zero, in words; that of one seed is none."""
    known = [row for row in rows if not np.isnan(row[f"{name}_low"])]
    if not known:
        return f"one seed gives no interval at any of {len(rows)} {what}"
    above = sum(decided(name, row) == ABOVE for row in known)
    return f"at {above} of {len(known)} {what} the interval is above zero"
