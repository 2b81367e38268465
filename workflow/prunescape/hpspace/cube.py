"""The trainings of one model as one array, for statistics that are computed many times over."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from prunescape.errors import UserError
from prunescape.hpspace.landscape import places
from prunescape.hpspace.lattice import THESIS, Pair

DENSE = "dense"
SMOOTHNESS = 0.2  # decades in which a landscape changes about as much as in a step, where lengths are in steps


@dataclass(frozen=True)
class Cube:
    """The trainings of one model as arrays: accuracies, and the places of cells.

    Attributes:
        variants: names (V); the dense network is the first.
        values: performance in percent of every variant, seed and cell, (V, S, N).
        lattice: coordinates (i, j) of the cells, (N, 2).
        places: of the cells in the plane of both hyperparameters, (N, 2), the second one first: for the thesis' pair
            log10 weight decay and log10 learning rate.
        pair: the axes.
    """

    variants: tuple[str, ...]
    values: np.ndarray
    lattice: np.ndarray
    places: np.ndarray
    pair: Pair = THESIS

    @property
    def seeds(self) -> int:
        """Number of trainings of each cell."""
        return int(self.values.shape[1])

    @property
    def means(self) -> np.ndarray:
        """The landscapes f: means over seeds, (V, N)."""
        return np.asarray(self.values.mean(axis=1))

    @property
    def decades(self) -> np.ndarray:
        """The places in decades, (N, 2), in which the smoothness of landscapes is told; a step counts as 0.2."""
        return self.places if self.pair.in_decades else SMOOTHNESS * self.places


def cubes(cells: pd.DataFrame, metric: str, pair: Pair = THESIS) -> dict[str, Cube]:
    """The cube of each model, by name.

    Args:
        cells: `cells.csv`.
        metric: "top1" or "top5".

    Raises:
        UserError: a model's variants were not all trained at the same cells with the same seeds.
    """
    return {str(model): _cube(str(model), part, metric, pair) for model, part in cells.groupby("model", sort=False)}


def _cube(model: str, cells: pd.DataFrame, metric: str, pair: Pair) -> Cube:
    names = list(dict.fromkeys(cells["variant"]))
    variants = tuple(str(name) for name in sorted(names, key=lambda name: name != DENSE))
    table = cells.pivot_table(index=["variant", "seed"], columns=["i", "j"], values=metric, sort=True)
    values = table.reindex(list(variants), level="variant").to_numpy(dtype=np.float64)
    if len(values) % len(variants) or np.isnan(values).any():
        raise UserError(
            f"cells.csv: {model}: some cells lack some seeds; run `snakemake hpspace` to train what is missing"
        )
    lattice = np.array(list(table.columns), dtype=np.int64)
    first = cells.drop_duplicates(["i", "j"]).set_index(["i", "j"]).loc[list(table.columns)]
    return Cube(variants, values.reshape(len(variants), -1, len(lattice)), lattice, places(first, pair), pair)
