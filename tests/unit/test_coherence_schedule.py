"""After which epochs networks are measured, and masks are tried."""

import pytest

from prunescape.coherence.schedule import early_epochs, measured_epochs


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (300, [1, 2, 3, 5, 10, 30, 60, 150]),  # the thesis' ResNet-50
        (200, [1, 2, 3, 5, 10, 20, 40, 50, 100]),  # its vision transformer
        (25, [1, 2, 3, 5, 10, 12, 20]),
        (3, [1, 2]),
        (1, []),
    ],
)
def test_early_epochs_reach_half_of_the_training_by_default(epochs: int, expected: list[int]) -> None:
    assert early_epochs(epochs, measured_epochs(epochs)) == expected


@pytest.mark.parametrize("epochs", range(1, 400, 7))
def test_a_tenth_a_fifth_and_half_of_any_training_are_measured_and_tried(epochs: int) -> None:
    measured = measured_epochs(epochs)
    early = early_epochs(epochs, measured)
    for part in (0.1, 0.2, 0.5):
        assert min(abs(epoch - part * epochs) for epoch in [0, *early]) <= 0.5
    assert set(early) < set(measured)
    assert early == sorted(early)


def test_epochs_that_are_asked_for_stay_as_they_are() -> None:
    measured = measured_epochs(30, [0, 1, 2, 10, 20, 30, 40])
    assert measured == [0, 1, 2, 10, 20, 30]
    assert early_epochs(30, measured, [10, 2]) == [10, 2]
    assert early_epochs(30, measured, [20, 30, 40]) == [20]
    assert early_epochs(30, measured) == [1, 2, 10, 20]  # 3 and 15 are not measured
    assert measured_epochs(2, [0, 1]) == [0, 1, 2]
