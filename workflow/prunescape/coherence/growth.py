"""Growth of a number with a network's size: a claim that several of the thesis' questions share."""

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import judged, shown, verdict
from prunescape.coherence.asked import answer_of


def slopes(values: pd.DataFrame) -> pd.Series:
    """Growth of values with each doubling of the size in the columns, by row: least squares over the sizes' logarithms.

    Args:
        values: a row a seed, a column a size; NaN where nothing is known.
    """
    by_seed = {}
    for seed, row in values.iterrows():
        known = row.dropna().astype(float)
        if len(known) > 1:
            by_seed[seed] = np.polyfit(np.log2(known.index.to_numpy(dtype=float)), known.to_numpy(), 1)[0]
    return pd.Series(by_seed, dtype=float)


def with_size(
    asked: Estimand,
    asking: Asking,
    what: str,
    values: pd.DataFrame,
    size: str,
    digits: int = 2,
    unit: str = " points",
    question: str = "",
    case: str = "",
    after: str = "",
) -> list[Claim]:
    """The claim that values grow with size: their slope by seed, and their mean rank correlation.

    Args:
        asked, asking: the question, and the network.
        what: the name of the values.
        values: a row a seed, a column a size.
        size: what the columns are.
        digits, unit: of the slope.
        question, case: see `Question.answered`.
        after: what else is told.
    """
    slope = slopes(values)
    if slope.empty:
        return []
    row = answer_of(asking, asked, "slope", slope)
    least, most = values.columns.min(), values.columns.max()
    ranks = values.T.corrwith(pd.Series(values.columns, index=values.columns), method="spearman").mean()
    return [
        asking.answered(
            asked,
            f"{verdict('slope', row)}: with each doubling of {size} {what} changes by"
            f" {shown('slope', row, digits, unit)}, from {values[least].mean():.{digits}f} at {least:,.0f} to"
            f" {values[most].mean():.{digits}f} at {most:,.0f} (rank correlation {ranks:.2f}).{after}",
            judged("slope", row, digits, unit),
            question=question,
            case=case,
            numbers={"rank_correlation": None if np.isnan(ranks) else float(ranks), **row},
        )
    ]
