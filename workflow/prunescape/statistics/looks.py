"""Looks at paired trainings: how many seeds each has, and how much of the level it spends. Light: no numpy here.

Each look has a part of the level that is fixed beforehand (Lan and DeMets, 1983), so that all intervals of a question
hold together at its level, whenever one stops.
"""

from collections.abc import Sequence

FIRST = 5  # seeds of the first look; each later one has twice as many
SPENT = (
    0.1,
    0.2,
    0.3,
    0.2,
    0.1,
)  # parts of the level that the first looks spend; each later one half of the one before
GENERATIONS = (0.8, 0.1)  # likewise of generations: what is chosen anew is measured anew, at less of the level
MOST_SEEDS = FIRST * 2**9
KEEP, TUNE, OPEN = "keep", "tune", "open"


def looks(most: int) -> list[int]:
    """The numbers of seeds at which is looked: 5, 10, 20, ..., up to `most`."""
    return [FIRST * 2**number for number in range(MOST_SEEDS.bit_length()) if FIRST * 2**number <= most]


def part(parts: Sequence[float], number: int) -> float:
    """The part with a number from 0 on; beyond the last one, each is half of the one before."""
    return parts[number] if number < len(parts) else parts[-1] * 0.5 ** (number - len(parts) + 1)


def level_of(level: float, questions: int, generation: int) -> float:
    """The level of one question and direction, over all its looks.

    Args:
        level: how often any of all answers may be wrong in one direction.
        questions: number of questions, those of all networks together, whatever the answers show.
        generation: 1 for the first.
    """
    return level / questions * part(GENERATIONS, generation - 1)
