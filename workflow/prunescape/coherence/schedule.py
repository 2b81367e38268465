"""After which epochs of a training a network is measured, and masks are tried."""

from collections.abc import Sequence

FIRST_MEASURED, EVEN_MEASURED = (*range(6), 10), 20  # epochs, and steps from the start to the end
# Scores that are known after every measured epoch, and those that are made at the highest coherence alone.
OVER_EPOCHS, OF_GRADIENTS = ("diff", "magnitude"), ("gradient", "coherence", "snip", "grasp")
EARLY = (1, 2, 3, 5, 10, 20, 50, 100)  # epochs
EARLY_STEPS = (2, 4, 10)  # of `EVEN_MEASURED`: 10 % of the training, of which the thesis speaks (7.2), 20 % and 50 %


def measured_epochs(epochs: int, wanted: Sequence[int] | None = None) -> list[int]:
    """The epochs after which a network is measured, ascending, 0 being the initialisation; the last always is one.

    Args:
        epochs: length of the training.
        wanted: those that are asked for; None, the first ones and 20 more, evenly to the end.
    """
    chosen = [*FIRST_MEASURED, *_even(epochs, range(EVEN_MEASURED + 1))] if wanted is None else wanted
    return sorted({epoch for epoch in chosen if epoch <= epochs} | {epochs})


def early_epochs(epochs: int, measured: Sequence[int], wanted: Sequence[int] | None = None) -> list[int]:
    """The epochs whose masks are tried: those that are measured, without the last.

    Args:
        epochs: length of the training.
        measured: see `measured_epochs`.
        wanted: those that are asked for, in their order; None, `EARLY` and 10 %, 20 % and 50 % of the training.
    """
    chosen = sorted({*EARLY, *_even(epochs, EARLY_STEPS)} - {0}) if wanted is None else wanted
    return [epoch for epoch in chosen if epoch in measured and epoch < epochs]


def _even(epochs: int, steps: Sequence[int]) -> list[int]:
    return [round(epochs * step / EVEN_MEASURED) for step in steps]
