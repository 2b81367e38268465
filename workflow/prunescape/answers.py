"""What the findings of all companion studies share: means over pretrained seeds with intervals, and their words.

A yes or a no follows from an interval over seeds. `judged` refuses one that its interval does not say, so that no study
can state it, and `consistent` refuses an answer in words that is another than the outcome.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

CONFIDENCE = 0.95
CLEAREST = 1e6  # where all seeds agree to the last digit
ABOVE, BELOW, EQUAL, NOT_BELOW, OPEN = "above", "below", "equal", "not below", "open"
DECIDED = {
    ABOVE: "the interval is above zero",
    BELOW: "the interval is below zero",
    EQUAL: "less than the tolerance either way",
    NOT_BELOW: "not below zero by more than the tolerance",
    OPEN: "not with these seeds",
}
YES, NO, UNDECIDED = "yes", "no", "not decided"
OUTCOMES = (YES, NO, UNDECIDED)
# What `DECIDED` says of a question whether a number is above zero, whether it is zero, or whether it is below.
IF_ABOVE = {ABOVE: YES, BELOW: NO, EQUAL: NO, OPEN: UNDECIDED}
IF_EQUAL = {ABOVE: NO, BELOW: YES, EQUAL: YES, OPEN: UNDECIDED}
IF_BELOW = {ABOVE: NO, BELOW: YES, EQUAL: NO, OPEN: UNDECIDED}


def interval(name: str, values: np.ndarray) -> dict[str, float]:
    """A mean with its 95 % interval by Student's t, which is honest about few values: wide for three, NaN for one.

    Returns:
        The mean as `name`, the interval as `<name>_low` and `<name>_high`.
    """
    mean = float(values.mean())
    if len(values) < 2:
        return {name: mean, f"{name}_low": np.nan, f"{name}_high": np.nan}
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def of_seeds(name: str, values: pd.Series) -> dict[str, float]:
    """The interval of one number a seed."""
    return interval(name, values.to_numpy(dtype=np.float64))


def shown(name: str, row: Mapping[str, Any], digits: int = 1, unit: str = " points") -> str:
    """A mean with its interval: `+12.3 points [4.0, 20.6]`, or that there is but one seed."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    mean = f"{row[name]:+.{digits}f}{unit}"
    return f"{mean} (one seed, no interval)" if np.isnan(low) else f"{mean} [{low:.{digits}f}, {high:.{digits}f}]"


def decided(name: str, row: Mapping[str, Any], tolerance: float = 0.0) -> str:
    """What an interval says: a key of `DECIDED`. That of one seed says nothing."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if -tolerance <= low and high <= tolerance:
        return EQUAL
    if low > 0:
        return ABOVE
    return BELOW if high < 0 else OPEN


def verdict(name: str, row: Mapping[str, Any]) -> str:
    """Whether a number is above zero: Yes, No, or Not decided."""
    return IF_ABOVE[decided(name, row)].capitalize()


def judged(
    name: str,
    row: Mapping[str, Any],
    digits: int = 1,
    unit: str = " points",
    tolerance: float = 0.0,
    sure: str | None = None,
    outcomes: Mapping[str, str] = IF_ABOVE,
) -> dict[str, Any]:
    """The outcome of a finding, from the number that decides it.

    Args:
        name, row: the number with its interval.
        digits, unit, tolerance: see `shown` and `decided`.
        sure: the key of `DECIDED`, where a rule of its own gives it: `OPEN`, or what the interval says.
        outcomes: by key of `DECIDED`, the answer.

    Returns:
        decided; outcome, one of `OUTCOMES`; evidence, the number in words; clarity: how far the number is from where
        nothing were decided, in half widths of its interval, None without one; interval, its ends, None for one seed;
        and tolerance.

    Raises:
        ValueError: the interval does not say `sure`, or the outcome is decided where `sure` is open, or the reverse.
    """
    sure = sure or decided(name, row, tolerance)
    low, high, outcome = float(row[f"{name}_low"]), float(row[f"{name}_high"]), outcomes[sure]
    not_below = sure == NOT_BELOW and low >= -tolerance
    if not (sure in (OPEN, decided(name, row, tolerance)) or not_below) or (sure == OPEN) != (outcome == UNDECIDED):
        raise ValueError(
            f"{name}: the interval [{low:g}, {high:g}] with tolerance {tolerance:g} does not say {sure!r}, {outcome!r}"
        )
    half = (high - low) / 2
    away = {EQUAL: tolerance - abs(row[name]), NOT_BELOW: row[name] + tolerance}.get(sure, abs(row[name]))
    clarity = None if np.isnan(half) else float(min(away / half, CLEAREST)) if half > 0 else CLEAREST
    evidence = shown(name, row, digits, unit)
    ends = None if np.isnan(half) else [low, high]
    found = {"decided": sure, "outcome": outcome, "evidence": evidence, "clarity": clarity}
    return {**found, "interval": ends, "tolerance": tolerance}


def consistent(finding: dict[str, Any]) -> dict[str, Any]:
    """The finding itself, once its words have been compared with its outcome.

    Args:
        finding: answer, decided, and, where that is not None, outcome.

    Raises:
        ValueError: the answer begins with another outcome, or with one where there is nothing to decide.
    """
    told = _TOLD.match(finding["answer"])
    if told and told[1].lower() != (finding["decided"] and finding["outcome"]):
        raise ValueError(f"{finding['question']} {finding['answer']} The outcome is {finding.get('outcome')!r}")
    return finding


_TOLD = re.compile(rf"({'|'.join(OUTCOMES)})[:,]", re.IGNORECASE)  # how an answer that decides begins


def how_many_above(name: str, rows: Sequence[Mapping[str, Any]], what: str) -> str:
    """At how many of several numbers the interval is above zero, in words; that of one seed is none."""
    known = [row for row in rows if not np.isnan(row[f"{name}_low"])]
    if not known:
        return f"one seed gives no interval at any of {len(rows)} {what}"
    above = sum(decided(name, row) == ABOVE for row in known)
    return f"at {above} of {len(known)} {what} the interval is above zero"


def answered_by(
    answers: Mapping[str, Sequence[Callable[[pd.DataFrame], list[dict[str, Any]]]]], tables: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """The findings of one model.

    Args:
        answers: by table, the functions that make findings of it.
        tables: the model's rows of each table; of those that are missing or empty nothing is found.
    """
    return [
        consistent(finding)
        for name, functions in answers.items()
        if name in tables and len(tables[name])
        for function in functions
        for finding in function(tables[name])
    ]
