"""The core questions of the study, and the number that answers a question, at the level of its answer."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim

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
    "diff_over_magnitude",
}


def answer_of(asking: Asking, asked: Estimand, name: str, values: pd.Series, parts: int = 1) -> dict[str, Any]:
    """A mean over seeds with its interval; see `prunescape.claims.asking.Asking.row`."""
    return asking.row(asked, name, values, core=is_core(asked), parts=parts)


def is_core(asked: Estimand) -> bool:
    """Whether a question is one of `CORE`."""
    return asked.key in CORE
