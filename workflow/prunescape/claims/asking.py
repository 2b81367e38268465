"""Rules by which a study's questions are asked: the level of each answer, its interval over seeds, and its power.

Questions and margins are fixed in code or config, and the seeds that answer had no part in choosing anything. The level
of a study is how often any of its answers may be wrong in one direction. Four fifths of it are split over the answers
to the core questions, which are its source's contributions, and the rest over all others, by their numbers, which the
config decides and no result does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import nctdtr, rel_entr, stdtrit
from scipy.stats import t

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.judgement import Judgement

CORE_PART = 0.8  # of the level
ENOUGH = 0.8  # power
MOST_SEEDS = 1000
NEAR_ONE = 1 - 1e-6  # correlations above have no z that could be averaged
FEWEST = 3  # seeds with which anything is decided
ROUNDING = 1e-12  # of equal numbers' deviation, in parts of them
TINY = 1e-12  # from 0 and 1, at which a logarithm ends
FARTHEST = 100.0  # points that two percentages can differ by


@dataclass(frozen=True)
class Estimand(Question):
    """A question, and what was written down before anything was measured.

    Attributes:
        smallest: the smallest effect of interest: how far the true number is then from where it is decided.
        margin: where that is, in words.
        unit: of both.
        lowest, highest: ends of what the number may be, to which intervals are cut; None: of differences in points -100
            and 100, of other numbers none.
        is_correlation: intervals are made of Fisher's z, and so stay between -1 and 1.
        is_share: intervals are no narrower than Hoeffding's, as many shares may be all alike and their mean another.
        is_rare: likewise their upper ends, of gains that most seeds may lack and few have.
    """

    smallest: float = 0.0
    margin: str = "0"
    unit: str = ""
    lowest: float | None = None
    highest: float | None = None
    is_correlation: bool = False
    is_share: bool = False
    is_rare: bool = False

    def __post_init__(self) -> None:
        """Write margin and smallest effect behind the quantity."""
        words = f"{self.quantity}; margin {self.margin}, smallest effect of interest {self.smallest:g}{self.unit}"
        object.__setattr__(self, "quantity", words)

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most that the number may be."""
        farthest = FARTHEST if self.unit.startswith(" points") else np.inf
        return (
            -farthest if self.lowest is None else self.lowest,
            farthest if self.highest is None else self.highest,
        )


@dataclass(frozen=True)
class Asking:
    """The asking of the study's questions of one network.

    Attributes:
        about: the network.
        core, other: one-sided levels of an answer to a core question and to another one.
    """

    about: About
    core: float
    other: float

    def row(
        self,
        asked: Estimand,
        name: str,
        values: pd.Series,
        *,
        core: bool = False,
        parts: int = 1,
        smallest: float | None = None,
        lowest: float | None = None,
    ) -> dict[str, Any]:
        """A mean over seeds with its interval, at the level of the answer, and its power.

        Args:
            asked: the question that it answers.
            name: of the number.
            values: one a seed.
            core: whether the answer is to a core question.
            parts: how many numbers may each decide it alone; they share the level.
            smallest, lowest: where they are others than the question's.

        Returns:
            name; name_low and name_high, one-sided bounds at the level, NaN of fewer than three seeds and where all
            have the same value, which says nothing of how they scatter; confidence (of the interval), core, seeds,
            smallest, power (the chance that an effect of that size is decided, by how these seeds scatter), and
            seeds_needed (for a power of 0.8; None, where a thousand are not enough); None where there is no interval,
            and of shares, whose interval is not Student's.
        """
        numbers = values.to_numpy(dtype=np.float64)
        level = (self.core if core else self.other) / parts
        smallest = asked.smallest if smallest is None else smallest
        if asked.is_correlation:
            numbers = np.arctanh(np.clip(numbers, -NEAR_ONE, NEAR_ONE))
        distance = float(np.arctanh(smallest)) if asked.is_correlation else smallest
        mean, n = float(numbers.mean()), len(numbers)
        low, high, power, needed = np.nan, np.nan, None, None
        deviation = float(numbers.std(ddof=1)) if n >= FEWEST else 0.0
        if deviation > ROUNDING * max(abs(mean), 1.0):
            half = float(t.isf(level, n - 1)) * deviation / np.sqrt(n)
            low, high = mean - half, mean + half
            power, needed = power_of(deviation, distance, n, level), seeds_needed(deviation, distance, level)
        ends = [float(np.tanh(end)) if asked.is_correlation else end for end in (mean, low, high)]
        least, most = asked.ends
        least = least if lowest is None else lowest
        if asked.is_share and n >= FEWEST:
            shares = bounded_mean((numbers - least) / (most - least), level)
            wider = [least + (most - least) * end for end in shares]
            ends = [mean, float(np.fmin(low, wider[0])), float(np.fmax(high, wider[1]))]
            power, needed = None, None
        if asked.is_rare and not np.isnan(high):
            ends[2] = max(high, most * bounded_mean(np.maximum(numbers, 0.0) / most, level)[1])
        mean, low, high = ends[0], float(np.clip(ends[1], least, most)), float(np.clip(ends[2], least, most))
        bounds = {name: mean, f"{name}_low": low, f"{name}_high": high}
        more = {"confidence": 1 - 2 * level, "core": core, "seeds": n, "smallest": smallest}
        return {**bounds, **more, "power": power, "seeds_needed": needed}

    def answered(
        self, asked: Estimand, answer: str, judgement: Judgement | None, numbers: Mapping[str, Any], **more: Any
    ) -> Claim:
        """The claim that answers the question `asked`, with its power; see `Question.answered`."""
        told = ""
        if numbers.get("power") is not None:
            needed = numbers["seeds_needed"]
            told = (
                f" Power for {numbers['smallest']:g}{asked.unit} with {numbers['seeds']} seeds:"
                f" {100 * numbers['power']:.0f} %"
            )
            if numbers["power"] < ENOUGH:
                told += f"; 80 % takes {needed}" if needed else f"; 80 % takes more than {MOST_SEEDS}"
            told += "."
        return asked.answered(self.about, answer + told, judgement, numbers=numbers, **more)


def bounded_mean(values: np.ndarray, level: float) -> tuple[float, float]:
    """One-sided bounds for a mean of numbers between 0 and 1, of whatever distribution (Hoeffding, 1963, theorem 1).

    Args:
        values: one a seed.
        level: of each bound.
    """
    mean, most = float(np.clip(values.mean(), 0.0, 1.0)), -np.log(level) / len(values)

    def beyond(end: float) -> float:
        """How much less probable the mean is than the level, as a logarithm a seed, if `end` is the true one."""
        return float(rel_entr(mean, end) + rel_entr(1 - mean, 1 - end) - most)

    low = brentq(beyond, TINY, mean) if mean > TINY and beyond(TINY) > 0 else 0.0
    high = brentq(beyond, mean, 1 - TINY) if mean < 1 - TINY and beyond(1 - TINY) > 0 else 1.0
    return low, high


def power_of(deviation: float, distance: float, seeds: int, level: float) -> float:
    """The chance that a one-sided t test decides.

    Args:
        deviation: standard deviation of a value of one seed.
        distance: from the true mean to where it is decided.
        seeds: how many values there are, at least 2.
        level: of the test.
    """
    if deviation == 0:
        return 1.0
    # The functions behind scipy.stats.nct, without what that checks: many claims ask.
    missed = float(nctdtr(seeds - 1, distance * np.sqrt(seeds) / deviation, -stdtrit(seeds - 1, level)))
    return 1 - missed if np.isfinite(missed) else 1.0  # of an effect so large that scipy gives up


def seeds_needed(deviation: float, distance: float, level: float) -> int | None:
    """The fewest seeds with a power of 0.8; None beyond `MOST_SEEDS`; see `power_of`."""
    low, high = 1, MOST_SEEDS
    if power_of(deviation, distance, high, level) < ENOUGH:
        return None
    while high - low > 1:  # more seeds have more power
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(deviation, distance, middle, level) >= ENOUGH else (middle, high)
    return high


@dataclass(frozen=True)
class Levels:
    """The level of a study, split over its answers.

    Attributes:
        level: one-sided, of all answers together.
        core, others: how many there are.
    """

    level: float
    core: int
    others: int
    parts: tuple[float, float] = field(default=(CORE_PART, 1 - CORE_PART))

    def asking(self, about: About) -> Asking:
        """The asking of one network; where all answers are of one kind, they have the whole level."""
        part, rest = self.parts if self.core and self.others else (1.0, 1.0)
        return Asking(about, self.level * part / max(self.core, 1), self.level * rest / max(self.others, 1))


def asked_at(
    level: float, claims: Callable[[Callable[[About], Asking]], list[Claim]]
) -> tuple[list[Claim], dict[str, float]]:
    """The claims of a study at the levels that follow from what is asked, and how the level is split.

    Args:
        level: how often any answer may be wrong in one direction.
        claims: gives the claims, by the asking of a network. What it asks follows from its tables' rows and not from
            their numbers, whatever the level. Those whose numbers lack `core` test nothing.

    Returns:
        The claims; and for the study's note level, core and others (how many answers share it), confidence_core and
        confidence_other (of their intervals, in percent).
    """
    asked = [claim for claim in claims(lambda about: Asking(about, 0.5, 0.5)) if "core" in claim.numbers]
    core = sum(bool(claim.numbers["core"]) for claim in asked)
    levels = Levels(level, core, len(asked) - core)
    example = levels.asking(About("", "", ""))
    split = {
        "level": levels.level,
        "core": core,
        "others": levels.others,
        "confidence_core": 100 * (1 - 2 * example.core),
        "confidence_other": 100 * (1 - 2 * example.other),
    }
    return claims(levels.asking), split
