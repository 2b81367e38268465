"""The quantities of Tables 4.1 and 4.2, of one landscape or of many at once."""

import numpy as np

from prunescape.hpspace.lattice import THESIS, Pair

ROUNDING = 1e-9  # as in `landscape.region_of_interest`
TWICE = 2.0  # the dense network's own risk, which most cells keep within (thesis, section 4.2)


def regions(f: np.ndarray, threshold: float) -> np.ndarray:
    """Mask of the cells of landscapes (..., N) that lie within `threshold` points of the best, (..., N)."""
    return f >= f.max(axis=-1, keepdims=True) - threshold - ROUNDING


def ellipses(
    region: np.ndarray, places: np.ndarray, sigma: float, minimum_cells: int, pair: Pair = THESIS
) -> dict[str, np.ndarray]:
    """The ellipses of regions, by the names of `ellipses.csv`, and their area; NaN where there are too few cells.

    Args:
        region: (..., N) booleans.
        places: (N, 2), see `Cube`.
        sigma: standard deviations from the centre to the ellipse.
        minimum_cells: cells that a fit needs.
    """
    weights = region.astype(np.float64)
    count = weights.sum(axis=-1)
    fitted = count >= minimum_cells
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = places.mean(axis=0)
        x, y = (places - middle).T
        mean_x, mean_y = weights @ x / count, weights @ y / count
        xx = (weights @ (x * x) - count * mean_x**2) / (count - 1)
        yy = (weights @ (y * y) - count * mean_y**2) / (count - 1)
        xy = (weights @ (x * y) - count * mean_x * mean_y) / (count - 1)
    half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    length = 2 * sigma * np.sqrt(np.clip(half + root, 0, None))
    width = 2 * sigma * np.sqrt(np.clip(half - root, 0, None))
    centre = (mean_x + middle[0], mean_y + middle[1])
    angle = np.degrees(0.5 * np.arctan2(2 * xy, xx - yy))
    values = {
        **{name: at * unit for name, at, unit in zip(pair.centre, centre, pair.units, strict=True)},
        "length": length,
        "width": width,
        "angle_degrees": np.where(angle == -90.0, 90.0, angle),  # upright axes whose xy is rounded below zero
        "area": np.pi / 4 * length * width,
    }
    return {"n_cells": count, **{name: np.where(fitted, value, np.nan) for name, value in values.items()}}


def shifts(dense: dict[str, np.ndarray], pruned: dict[str, np.ndarray], pair: Pair = THESIS) -> dict[str, np.ndarray]:
    """Differences of ellipses from those of the dense network: both as `ellipses` gives them, of shapes that broadcast.

    Returns:
        The way of the centre along both axes, in their coordinates, and its length, in the pair's unit; pruned over
        dense area; and by how much the long axis turned, in degrees from -90 to 90.
    """
    way = [pruned[name] - dense[name] for name in pair.centre]
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = pruned["area"] / dense["area"]
    return {
        **dict(zip(pair.shift, way, strict=True)),
        "shift": np.hypot(*(along / unit for along, unit in zip(way, pair.units, strict=True))),
        "area_ratio": ratio,
        "turn_degrees": (pruned["angle_degrees"] - dense["angle_degrees"] + 90) % 180 - 90,
    }


def risks(dense: np.ndarray, pruned: np.ndarray, threshold: float) -> dict[str, np.ndarray]:
    """The performance risk, by the names of `risk.csv`, and what the dense network's best cell costs.

    The cells whose risk is measured are those that the dense network's measured landscape recommends, whatever its
    noise: they are the settings that one would keep.

    Args:
        dense: the dense network's landscape, (N).
        pruned: landscapes of a variant, (..., N).
        threshold: of the dense network's region of interest, in points.
    """
    best = pruned.max(axis=-1)
    lost = best[..., None] - pruned[..., regions(dense, threshold)]
    mean, spread = lost.mean(axis=-1), lost.std(axis=-1)
    relative = np.divide(1.0, best, out=np.zeros_like(best), where=best > 0)
    return {
        "d_mean": mean,
        "d_std": spread,
        "rel_mean": mean * relative,
        "rel_std": spread * relative,
        "rel_q3": np.quantile(lost, 0.75, axis=-1, method="hazen") * relative,
        "loss_at_dense_optimum": best - pruned[..., best_cell(dense)],
    }


def beside_dense(dense: np.ndarray, own: np.ndarray, pruned: np.ndarray, threshold: float) -> dict[str, np.ndarray]:
    """The risk of a variant beside the dense network's own, by the names of `risk.csv`.

    Args:
        dense: the dense network's measured landscape, (N), which says where the risk is looked at.
        own: landscapes of the dense network, (..., N): the measured one, or draws of it.
        pruned: landscapes of the variant, (..., N).
        threshold: of the dense network's region of interest, in points.
    """
    region, best = regions(dense, threshold), [f.max(axis=-1, keepdims=True) for f in (own, pruned)]
    lost = best[0] - own[..., region], best[1] - pruned[..., region]
    relative = [of / np.maximum(top, ROUNDING) for of, top in zip(lost, best, strict=True)]
    limit = TWICE * relative[0].max(axis=-1, keepdims=True)
    return {
        "d_excess": lost[1].mean(axis=-1) - lost[0].mean(axis=-1),
        "within_twice": (relative[1] <= limit + ROUNDING).mean(axis=-1),
    }


def best_cell(f: np.ndarray) -> int:
    """The place of the best cell of one landscape (N), the first of equals, as in `landscape.best_cell`."""
    return int(f.argmax())
