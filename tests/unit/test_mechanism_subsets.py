"""How many subsets of weights there are, against binomial coefficients."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from prunescape.mechanism.subsets import are_enough


@given(weights=st.integers(0, 12), count=st.integers(0, 14), wanted=st.integers(1, 1000))
@settings(max_examples=300, deadline=None)
def test_subsets_are_counted(weights: int, count: int, wanted: int) -> None:
    choice = 0 < count < weights
    assert are_enough(weights, count, wanted) == (choice and math.comb(weights, count) >= wanted)


def test_subsets_of_large_networks_are_counted_at_once() -> None:
    assert are_enough(10**9, 5 * 10**8, 10**6)
    assert not are_enough(10**9, 10**9, 1)
