"""Networks made so that the paper's effect exists: the study finds it, and that recalibration leaves nothing of it."""

import sys

import pytest

from documented import DOCS
from prunescape.claims.claim import Claim
from prunescape.data.prepared import PreparedData

sys.path.insert(0, str(DOCS / "tools"))
from stochastic_control import WEIGHT, claims


@pytest.fixture(scope="module")
def stated(digits: PreparedData) -> dict[str, Claim]:
    """The claims by their names, of a few networks."""
    return {claim.key: claim for claim in claims(digits, 20, 2, 5, 5)}


def test_the_effect_is_found_where_it_exists(stated: dict[str, Claim]) -> None:
    claim = stated["noise_wins"]
    assert claim.outcome == "holds"
    assert claim.low is not None
    assert claim.low > 5
    assert claim.numbers["sigma"] == WEIGHT  # which exploring chose of two


def test_recalibration_leaves_nothing_of_it(stated: dict[str, Claim]) -> None:
    assert stated["noise_over_recalibration"].outcome == "does not hold"
    for name in ("noise_wins_recalibrated", "outlives_recalibration"):  # in no network, so that there is no interval
        assert (stated[name].effect, stated[name].low) == (0.0, None)
