"""Growth of a number with a network's size: a claim that several of the thesis' questions share."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import ANSWERS, CANNOT, IF_ABOVE, UNDECIDED, decided, in_brackets, shown
from prunescape.coherence.asked import answer_of, is_core, judged_unless, named_failed


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
    without: pd.Series | None = None,
    outcomes: Mapping[str, str] = IF_ABOVE,
    blocked: str = "",
) -> list[Claim]:
    """The claim that values grow with size, or fall: their slope by seed, and their mean rank correlation.

    Args:
        asked, asking: the question, and the network.
        what: the name of the values.
        values: a row a seed, a column a size.
        size: what the columns are.
        digits, unit: of the slope.
        question, case: see `Question.answered`.
        without: the training accuracy at sizes where networks have not learnt, which are named and left out.
        outcomes: see `judged`.
        blocked: the trainings that block a decision, in words; empty where none does.
    """
    if slopes(values).empty:
        return []
    names = ", ".join(f"at {one:,.0f} ({top1:.0f} %)" for one, top1 in ({} if without is None else without).items())
    after = f" Not learnt, by training accuracy, and left out: {names}." if names else ""
    known = values if without is None else values.drop(columns=without.index, errors="ignore")
    slope = slopes(known)
    if slope.empty:
        why = f"Not known: at fewer than two sizes networks have learnt.{after}"
        numbers = {"core": is_core(asked)}
        return [asking.answered(asked, why, None, numbers, outcome=CANNOT, question=question, case=case)]
    row = answer_of(asking, asked, "slope", slope)
    by_size = {one: of_seeds("mean", known[one].dropna()) for one in sorted(known) if known[one].notna().any()}
    each = ", ".join(
        f"{mean['mean']:.{digits}f}{in_brackets('mean', mean, digits)} at {one:,.0f}" for one, mean in by_size.items()
    )
    word = ANSWERS[UNDECIDED if blocked else outcomes[decided("slope", row)]].capitalize()
    ranks = rank_correlation(known)
    return [
        asking.answered(
            asked,
            f"{word}: with each doubling of {size} {what} changes by {shown('slope', row, digits, unit)}; it is {each}"
            f" (rank correlation {ranks:.2f}).{after}{named_failed(blocked)}",
            judged_unless(blocked, "slope", row, digits, unit, outcomes=outcomes),
            question=question,
            case=case,
            numbers={
                "rank_correlation": None if np.isnan(ranks) else ranks,
                "by_size": {f"{one:g}": mean["mean"] for one, mean in by_size.items()},
                "unlearnt": [] if without is None else [float(one) for one in without.index],
                **row,
            },
        )
    ]


def rank_correlation(values: pd.DataFrame) -> float:
    """The mean over seeds of Spearman's rank correlation of values and sizes; NaN where none has two ranks.

    Args:
        values: a row a seed, a column a size.
    """
    varied = [row.dropna().astype(float) for _, row in values.iterrows() if row.nunique() > 1]
    found = [row.rank().corr(pd.Series(row.index, index=row.index, dtype=float).rank()) for row in varied]
    return float(np.mean(found)) if found else float("nan")
