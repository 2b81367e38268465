"""What must be so in the claims of every study: nothing holds, and nothing fails, without an interval that says so."""

from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.claim import Claim
from prunescape.claims.page import in_short
from prunescape.claims.study import StudyClaims

EXACT = 1e-12  # what rounding may add
WORDS = {"Yes": "holds", "No": "does not hold", "Not decided": "not decided"}


def seen(claims: list[Claim]) -> dict[str, dict[str, Any]]:
    """Claims by question, with their numbers among their attributes."""
    found = {claim.question: {**claim.to_row(), **claim.numbers} for claim in claims}
    assert len(found) == len(claims)
    return found


def check_claims(stated: StudyClaims) -> list[Claim]:
    """The claims that are tested, once each has been held against its own interval and words."""
    tested = [claim for claim in stated.claims if claim.outcome in WORDS.values()]
    for claim in stated.claims:
        told = claim.answer.split(":")[0].split(",")[0]
        assert WORDS.get(told, claim.outcome) == claim.outcome, claim
        assert (claim.decided == "") == (claim not in tested), claim
        assert (claim.decided == "open") == (claim.outcome == "not decided"), claim
        if claim.outcome in ("holds", "does not hold"):
            assert claim.low is not None, claim  # there is one seed
            within = claim.tolerance + EXACT
            small = -within <= claim.low and (claim.high <= within or claim.decided == "not below")
            no_gain = claim.decided == "not above" and claim.high <= within
            assert claim.low > 0 or claim.high < 0 or small or no_gain, claim
        assert bool(claim.would_decide) == (claim.outcome == "not decided"), claim
    assert sum(sum(row["counts"].values()) for row in in_short(stated.claims)) == len(tested)
    return tested


def disturbed(table: pd.DataFrame, spread: float, seed: int, *names: str) -> pd.DataFrame:
    """The table with as much noise, by its standard deviation, on those of these columns that it has.

    Coherence stays between 0 and 1, accuracies between 0 and 100.
    """
    generator = np.random.default_rng(seed)
    noisy = {name: table[name] + generator.normal(0, spread, len(table)) for name in names if name in table}
    most = {name: 1 if name == "coherence" else 100 for name in noisy if name == "coherence" or "top1" in name}
    return table.assign(**noisy | {name: noisy[name].clip(0, end) for name, end in most.items()})
