"""Placing the labels of points so that they cover neither each other nor the points."""

from collections.abc import Sequence

import numpy as np

DISTANCES = (9.0, 13.0, 18.0, 24.0, 31.0, 40.0, 50.0, 62.0, 76.0, 92.0)  # from the point to the label's edge
DIRECTIONS = np.deg2rad(np.arange(0, 360, 22.5))
CLEAR = 4.0  # half the width of what is kept free around a point
STEP = 4.0  # between the places of a leader that are kept free


def place(points: np.ndarray, sizes: np.ndarray, frame: Sequence[float]) -> np.ndarray:
    """The centres of labels, (M, 2), all in one unit of length; the first ones have the first choice.

    Args:
        points: (M, 2), what is labelled.
        sizes: (M, 2), the labels' widths and heights.
        frame: width and height of what they must stay in, from (0, 0).
    """
    centres = np.empty((0, 2))
    leaders = np.empty((0, 2))
    for number, (point, size) in enumerate(zip(points, sizes, strict=True)):
        options = candidates(point, size)
        taken = np.array([_cost(option, point, size, points, leaders, frame) for option in options])
        for option, cost in enumerate(taken):
            taken[option] = cost + _crossings(options[option], point, size, centres, sizes[:number])
        chosen = options[int(np.argmin(taken + 1e-3 * np.arange(len(options))))]
        centres = np.vstack([centres, chosen])
        leaders = np.vstack([leaders, leader(point, chosen)])
    return centres


def candidates(point: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Centres of a label around a point, the nearest first, each in every direction."""
    centres = []
    for distance in DISTANCES:
        directions = np.column_stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)])
        centres.append(point + directions * (distance + size / 2))
    return np.vstack(centres)


def leader(point: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Places on the line from a point to its label."""
    steps = max(2, int(np.hypot(*(centre - point)) / STEP))
    return point + np.linspace(0, 1, steps)[:, None] * (centre - point)


def inside(places: np.ndarray, centre: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Mask of the places that lie in a box."""
    return (np.abs(places - centre) < half).all(-1)


def _cost(
    centre: np.ndarray, point: np.ndarray, size: np.ndarray, points: np.ndarray, leaders: np.ndarray,
    frame: Sequence[float],
) -> float:  # fmt: skip
    """The cost of a label's place by what lies under it: the frame first, points, then leaders of others."""
    beyond = (centre - size / 2 < 0).any() or (centre + size / 2 > np.asarray(frame)).any()
    covered = inside(points, centre, size / 2 + CLEAR).sum() + 0.3 * inside(leaders, centre, size / 2 + 1).sum()
    return 1e4 * beyond + 100.0 * covered + float(np.hypot(*(centre - point)))


def _crossings(
    centre: np.ndarray, point: np.ndarray, size: np.ndarray, centres: np.ndarray, sizes: np.ndarray
) -> float:
    """The cost of a label's place by earlier labels: overlaps, and leaders that run through them."""
    if not len(centres):
        return 0.0
    halves = (sizes + size) / 2 + 1
    overlaps = (np.abs(centres - centre) < halves).all(1).sum()
    through = sum(
        inside(leader(point, centre), other, half / 2).any() for other, half in zip(centres, sizes, strict=True)
    )
    return 1000.0 * overlaps + 60.0 * through
