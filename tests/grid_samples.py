"""Grids of cells around a prior, and tables of cells from landscapes over them."""

import numpy as np
import pandas as pd

from prunescape.config.grid import Grid
from prunescape.hpspace.lattice import Cell, Lattice

ANYWHERE = {"learning_rate": [1e-9, 1e9], "weight_decay": [1e-9, 1e9]}


def lattice(size: tuple[int, int] = (9, 9), tile: tuple[int, int] = (3, 3)) -> Lattice:
    return Lattice.around(Grid(step=0.2, size=size, tile=tile), {"learning_rate": 0.1, "weight_decay": 1e-4})


def cells_from(surfaces: dict[str, np.ndarray], seeds: int = 1, noise: float = 0.0) -> pd.DataFrame:
    """cells.csv of one model from landscapes (i, j), centred on the prior."""
    rows = []
    generator = np.random.default_rng(0)
    for variant, surface in surfaces.items():
        rows_i, columns_j = surface.shape
        grid = lattice((rows_i, columns_j))
        for seed in range(seeds):
            for (a, b), value in np.ndenumerate(surface):
                cell = Cell(a - rows_i // 2, b - columns_j // 2)
                rate, decay = grid.values(cell)
                top1 = value + noise * generator.standard_normal()
                rows.append(("m", variant, seed, *cell, rate, decay, top1, np.nan, np.nan))
    columns = ["model", "variant", "seed", "i", "j", "learning_rate", "weight_decay", "top1", "top5", "train_loss"]
    return pd.DataFrame(rows, columns=columns)


def ridge(peak: float, centre: tuple[float, float] = (0.0, 0.0), size: int = 9) -> np.ndarray:
    """A diagonal band: best along i + j = const, falling off slowly along it."""
    i, j = np.meshgrid(np.arange(size) - size // 2 - centre[0], np.arange(size) - size // 2 - centre[1], indexing="ij")
    return peak - 0.25 * (i + j) ** 2 - 0.02 * (i - j) ** 2
