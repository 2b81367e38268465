"""How the claims of the study are confirmed: gains of fresh networks against the margin, unless a network collapsed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import (
    ABOVE,
    ANSWERS,
    BELOW,
    BEYOND,
    EQUAL,
    FAILS,
    HOLDS,
    IF_ABOVE,
    IF_BEYOND,
    OPEN,
    UNDECIDED,
    beyond,
    decided,
    judged,
    more_seeds,
    seeds_to_decide,
    shown,
)
from prunescape.statistics.sequential import collapsed
from prunescape.stochastic.names import DENSE

PAPER = "Stochastic Pruning for Neural Networks (Avendaño Muñoz et al. 2025)"  # "the SP paper"
GAIN = "stochastic minus deterministic accuracy: a median over draws in each network, a mean over fresh networks"
POINTS = " points"
# Of every gain: this far above the tolerance, which is its margin, it is of interest.
WORTH: dict[str, Any] = {"smallest": 1.5, "margin": "the tolerance", "unit": f"{POINTS} above it"}


@dataclass(frozen=True)
class Confirming:
    """The confirmation of the claims on one network.

    Attributes:
        asking: their levels, and what they are about.
        tolerance: the margin of gains, in points.
        blocked: why nothing is decided by the networks that confirm; empty where something may be.
        chance: the accuracy up to which networks count as guessing, see `prunescape.stochastic.statistics.near_chance`.
    """

    asking: Asking
    tolerance: float
    blocked: str = ""
    chance: float = 0.0

    def of(self, *sides: pd.Series) -> "Confirming":
        """The confirmation of what compares accuracies: where all sides guess, nothing is gained or lost, or decided.

        Args:
            sides: accuracies in percent, one a network.
        """
        if self.blocked or any(side.mean() > self.chance for side in sides):
            return self
        told = f"a setting at which not all networks guess, as here ({self.chance:.0f} % and less count as chance)"
        return replace(self, blocked=told)

    def _row(self, *asked: Any, **more: Any) -> dict[str, Any]:
        """The row of `prunescape.claims.asking.Asking.row`, without power where nothing may be decided."""
        row = self.asking.row(*asked, **more)
        return row | {"power": None, "seeds_needed": None} if self.blocked else row

    def gains(
        self,
        asked: Estimand,
        gain: pd.Series,
        words: str = "{}",
        *,
        core: bool = False,
        numbers: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Claim:
        """The claim that a gain is above the tolerance; "no" where one of the tolerance is ruled out.

        Args:
            asked, core: see `prunescape.claims.asking.Asking.row`.
            gain: in points, one a network.
            words: of the answer, with `{}` where the gain stands.
            numbers: what else was measured.
            more: see `prunescape.claims.claim.Question.answered`.
        """
        row = self._row(asked, "gain", gain, core=core)
        return self.by_row(asked, row, beyond("gain", row, self.tolerance), words, numbers, **more)

    def by_row(
        self,
        asked: Estimand,
        row: Mapping[str, Any],
        sure: str,
        words: str,
        numbers: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Claim:
        """The claim that a gain is above the tolerance, as it was decided; see `gains`."""
        more_needed = None if sure != OPEN else seeds_to_decide(row, "gain", self.tolerance)
        if self.blocked:
            sure, more_needed = OPEN, self.blocked
        says = judged("gain", row, tolerance=self.tolerance, sure=sure, outcomes=IF_BEYOND, would_decide=more_needed)
        answer = f"{ANSWERS[says.outcome].capitalize()}: {words.format(shown('gain', row))}."
        return self.asking.answered(asked, answer, says, {**(numbers or {}), **row}, **more)

    def equal(
        self,
        asked: Estimand,
        difference: pd.Series,
        words: str,
        *,
        margin: float | None = None,
        digits: int = 1,
        unit: str = POINTS,
        **more: Any,
    ) -> Claim:
        """The claim that a difference is within a margin, either way; "no" where it is surely beyond it. See `gains`.

        Args:
            asked, words, more: see `gains`.
            difference: one a network.
            margin: None takes the tolerance.
            digits, unit: of the difference.
        """
        margin = self.tolerance if margin is None else margin
        row = self._row(asked, "difference", difference, smallest=margin)
        low, high = row["difference_low"], row["difference_high"]
        sure = EQUAL if -margin <= low and high <= margin else OPEN
        if low > margin or high < -margin:
            sure = ABOVE if low > 0 else BELOW
        distance = abs(margin - abs(row["difference"]))
        needed = None if sure != OPEN else more_seeds(distance, low, high)
        if self.blocked:
            sure, needed = OPEN, self.blocked
        outcomes = {EQUAL: HOLDS, ABOVE: FAILS, BELOW: FAILS, OPEN: UNDECIDED}
        says = judged("difference", row, digits, unit, margin, sure=sure, outcomes=outcomes, would_decide=needed)
        answer = f"{ANSWERS[says.outcome].capitalize()}: {words.format(shown('difference', row, digits, unit))}."
        return self.asking.answered(asked, answer, says, row, **more)

    def above(
        self, asked: Estimand, values: pd.Series, words: str, *, digits: int = 2, unit: str = "", **more: Any
    ) -> Claim:
        """The claim that a number is above zero. See `gains`."""
        row = self._row(asked, "value", values)
        sure, needed = decided("value", row), None
        if self.blocked:
            sure, needed = OPEN, self.blocked
        says = judged("value", row, digits, unit, sure=sure, outcomes=IF_ABOVE, would_decide=needed)
        answer = f"{ANSWERS[says.outcome].capitalize()}: {words.format(shown('value', row, digits, unit))}."
        return self.asking.answered(asked, answer, says, row, **more)

    def all_above(self, asked: Estimand, values: Mapping[str, pd.Series], words: str) -> Claim:
        """The claim that each of several numbers, in points, is above zero; "no" where for one this is ruled out.

        See `every`; here each has networks of its own.

        Args:
            asked: see `gains`.
            values: by what they are of, one a network.
            words: of the answer, with `{0}` for what decides and `{1}` for its number.
        """
        whole = {name: self._row(asked, "value", of) for name, of in values.items()}
        shared = {name: self._row(asked, "value", of, parts=len(values)) for name, of in values.items()}
        name = min(whole, key=lambda name: _known(whole[name]["value_low"], whole[name]["value"]))
        row, sure = whole[name], decided("value", whole[name])
        if sure != ABOVE:
            name = min(shared, key=lambda name: _known(shared[name]["value_high"], shared[name]["value"]))
            row = shared[name]
            sure = BELOW if decided("value", row) == BELOW else OPEN
        needed = self.blocked or None
        if self.blocked:
            sure = OPEN
        elif sure == OPEN:
            needed = seeds_to_decide(row, "value", 0.0)
        says = judged("value", row, 1, POINTS, sure=sure, outcomes=IF_ABOVE, would_decide=needed)
        told = words.format(name, shown("value", row, 1, POINTS))
        return self.asking.answered(asked, f"{ANSWERS[says.outcome].capitalize()}: {told}.", says, row)

    def every(self, asked: Estimand, gains: pd.DataFrame, words: str, **more: Any) -> Claim:
        """The claim that each of several gains is above the tolerance; "no" where for one of them this is ruled out.

        All have to be above it, so each may have the whole level (an intersection-union test, Berger, 1982); one that
        is not is enough for "no", so that for it they share the level.

        Args:
            asked: see `gains`.
            gains: in points, a row a network, a column a case.
            words: see `gains`, with `{}` where the gain stands that decides.
            more: see `gains`.
        """
        names = list(gains)
        whole = [self._row(asked, "gain", gains[name]) for name in names]
        shared = [self._row(asked, "gain", gains[name], parts=len(names)) for name in names]
        least = min(whole, key=lambda row: _known(row["gain_low"], row["gain"]))
        worst = min(shared, key=lambda row: _known(row["gain_high"], row["gain"]))
        if beyond("gain", least, self.tolerance) == BEYOND:
            return self.by_row(asked, least, BEYOND, words, **more)
        return self.by_row(asked, worst, beyond("gain", {**worst, "gain_low": -1e9}, self.tolerance), words, **more)


def _known(value: float, otherwise: float) -> float:
    return otherwise if pd.isna(value) else value


def blocked_by(confirmed: pd.DataFrame, chance: float) -> str:
    """Why the networks that confirm decide nothing: one of them has collapsed; empty where none has.

    Args:
        confirmed: confirmed.csv of one model.
        chance: the accuracy of guessing, in percent.
    """
    dense = confirmed[(confirmed["kind"] == DENSE) & ~confirmed["recalibrated"].astype(bool)]
    top1 = dense["top1"].to_numpy(dtype=float)
    lost = dense.loc[collapsed(top1, top1 != top1, chance), "seed"]
    if lost.empty:
        return ""
    return f"a look at what collapsed: the dense network of seed {', '.join(map(str, lost))}"
