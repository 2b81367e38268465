"""The claims on what diffs are: an elementwise coherence (thesis, 3.1), or a proxy of movement or magnitude (3.3)."""

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import (
    ANSWERS,
    IF_BEYOND,
    IF_NOT_ABOVE,
    OPEN,
    beyond,
    judged,
    more_seeds,
    shown,
)
from prunescape.coherence.asked import Answer, answer_of
from prunescape.coherence.labels import DIFF

HALF = 0.5  # the rank correlation above which one score is called a proxy of another
WORDS = {"coherence": "elementwise coherence", "gradient": "the size of the mean gradient", "snip": "SNIP's score"}
WORDS |= {"grasp": "GraSP's score", "magnitude": "magnitude after training", "movement": "movement in training"}
SOURCES = {
    "coherence": "Yauney 2024, section 3.1, which makes diffs an elementwise approximation of coherence",
    "gradient": "Yauney 2024, section 3.1, whose first diff is a sum of gradients",
    "magnitude": "Yauney 2024, section 3.3",
    "movement": "Yauney 2024, section 3.3, where weights of high diffs do not move further",
    "snip": "beyond Yauney 2024, section 5.1",
    "grasp": "beyond Yauney 2024, section 5.1",
}
APART = ("magnitude", "movement")  # the thesis says that these are others than diffs


def _alike_to(other: str) -> Estimand:
    words, is_apart = WORDS[other], other in APART
    order, bound = ("not that", "below") if is_apart else ("that", "above")
    return Estimand(
        f"diffs_apart_from_{other}" if is_apart else f"diffs_follow_{other}",
        f"Do diffs order weights {'otherwise than' if is_apart else 'as'} {words} does?",
        SOURCES[other],
        f"The order of weights by |diff| is {order} by {words}: their rank correlation is {bound} {HALF:g}.",
        f"Spearman's rank correlation of |diff| and {words} at the highest coherence",
        smallest=0.2,
        margin=f"{HALF:g}",
        is_correlation=True,
    )


ALIKE = {other: _alike_to(other) for other in WORDS}


def answers() -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it."""
    return {"score_ranks": [_alike]}


def _alike(ranks: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated = []
    for other, asked in ALIKE.items():
        own = ranks[(ranks["one"] == DIFF) & (ranks["other"] == other)].set_index("seed")
        values = own["rank_correlation"].dropna()
        if values.empty:
            continue
        row = answer_of(asking, asked, "correlation", values)
        sure = beyond("correlation", row, HALF)
        outcomes = IF_NOT_ABOVE if other in APART else IF_BEYOND
        word = ANSWERS[outcomes[sure]].capitalize()
        ends = row["correlation_low"], row["correlation_high"]
        some = " Some likeness there is: the interval is above zero." if other in APART and ends[0] > 0 else ""
        stated.append(
            asking.answered(
                asked,
                f"{word}: the rank correlation of |diff| and {WORDS[other]} is {shown('correlation', row, 2, '')}, and"
                f" {100 * own['shared'].mean():.0f} % of the highest tenth of the weights are the same, where chance"
                f" gives 10 %.{some}",
                judged(
                    "correlation",
                    row,
                    2,
                    "",
                    tolerance=HALF,
                    sure=sure,
                    outcomes=outcomes,
                    would_decide=more_seeds(abs(row["correlation"] - HALF), *ends) if sure == OPEN else None,
                ),
                {"shared": float(own["shared"].mean()), **row},
            )
        )
    return stated
