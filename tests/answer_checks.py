"""What must be so in the findings of every study: no yes and no no without an interval that says so."""

from typing import Any

import numpy as np
import pandas as pd

from prunescape.answers import NOT_BELOW, OPEN, UNDECIDED
from prunescape.questions import in_short

EXACT = 1e-12  # what rounding may add
WORDS = ("Yes", "No", "Not decided")


def check_answers(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings that decide something or might, once each has been held against its own interval and words."""
    findings = [finding for entry in found["models"].values() for finding in entry["findings"]]
    might = [finding for finding in findings if finding["decided"] is not None]
    for finding in findings:
        told = finding["answer"].split(":")[0].split(",")[0]
        outcome = finding["outcome"] if finding["decided"] is not None else None
        assert told not in WORDS or told.lower() == outcome, finding
        if outcome is None:
            continue
        assert (finding["decided"] == OPEN) == (outcome == UNDECIDED), finding
        if outcome != UNDECIDED:
            assert finding["interval"] is not None, finding  # there is one seed
            low, high = finding["interval"]
            within = finding["tolerance"] + EXACT
            small = -within <= low and (high <= within or finding["decided"] == NOT_BELOW)
            assert low > 0 or high < 0 or small, finding
    assert sum(sum(row["counts"].values()) for row in in_short(found)) == len(might)
    return might


def disturbed(table: pd.DataFrame, spread: float, seed: int, *names: str) -> pd.DataFrame:
    """The table with as much noise, by its standard deviation, on those of these columns that it has."""
    generator = np.random.default_rng(seed)
    return table.assign(
        **{name: table[name] + generator.normal(0, spread, len(table)) for name in names if name in table}
    )
