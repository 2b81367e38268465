"""The core questions of the study, and the number that answers a question, at the level of its answer."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ANSWERS, OPEN, UNDECIDED, Judgement, judged, verdict

Answer = Callable[[pd.DataFrame, Asking], list[Claim]]

# The thesis' contributions (7.1): coherence tells real data from noise and grows with width; masked networks are better
# than dense ones of as many weights, with a smaller gap, and more so from larger parents; which score is better.
CORE = {
    "real_above_noise",
    "coherence_with_width",
    "masked_over_dense_of_as_many_weights",
    "masked_over_dense_of_its_size",
    "masked_gap_smaller",
    "larger_parents",
    "magnitude_over_diff",
}


def answer_of(asking: Asking, asked: Estimand, name: str, values: pd.Series, parts: int = 1) -> dict[str, Any]:
    """A mean over seeds with its interval; see `prunescape.claims.asking.Asking.row`."""
    return asking.row(asked, name, values, core=is_core(asked), parts=parts)


def is_core(asked: Estimand) -> bool:
    """Whether a question is one of `CORE`."""
    return asked.key in CORE


def verdict_unless(blocked: str, name: str, row: Mapping[str, Any]) -> str:
    """`verdict`, or that nothing is decided where something blocks it."""
    return ANSWERS[UNDECIDED].capitalize() if blocked else verdict(name, row)


def judged_unless(blocked: str, name: str, row: Mapping[str, Any], *given: Any, **more: Any) -> Judgement:
    """`judged`, or an open one, where something blocks a decision: a look at that would decide."""
    if blocked:
        more |= {"sure": OPEN, "would_decide": f"a look at {blocked}"}
    return judged(name, row, *given, **more)


def named_failed(blocked: str) -> str:
    """The trainings that block a decision, in a sentence; "" where none does."""
    return f" Diverged, or collapsed where others learn: {blocked}." if blocked else ""
