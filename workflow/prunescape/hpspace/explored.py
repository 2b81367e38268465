"""Estimated landscapes of all networks of a model, from trainings, and the trainings to make next.

Trainings of the workflow's and of one's own loop are explored alike.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.errors import UserError
from prunescape.hpspace.choice import METRIC, open_sides
from prunescape.hpspace.early import stops_of
from prunescape.hpspace.exploration import best_cells, next_batch
from prunescape.hpspace.lattice import MOST, MOST_CELLS, Bounds, Cell, Lattice, Pair
from prunescape.hpspace.surrogate import Surrogate, Trained, fit

EXPLORE = "explore"  # the stage of trainings that choose


class Explored:
    """Estimates of the landscapes of all networks, from trainings.

    Attributes:
        networks: their names, in order.
        lattice: where cells lie.
        reached: the lowest and the highest coordinates of trainings, each (2,).
        cells: all that are looked at, coordinates (N, 2): those of the initial grid, of all trainings, and between.
        trained: the trainings.
        ended: which of them went to the end.
        surrogate: of all networks; None without trainings.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        lattice: Lattice,
        networks: Iterable[str] = (),
        bounds: Bounds | None = None,
        grows: bool = True,
    ) -> None:
        """Explore.

        Args:
            table: network, i, j, seed, accuracy and stage; its rows that explore count. Those that are False in a
                column `ended` were stopped, and would have reached that accuracy at most.
            lattice: where cells lie.
            networks: further ones, which have no trainings yet.
            bounds: see `Lattice.admits`; None, whatever can be trained.
            grows: whether cells are looked at beyond the border where the best ones lie there.
        """
        self.bounds = bounds
        rows = table[table["stage"] == EXPLORE].sort_values(["network", "i", "j", "seed", "accuracy"])
        self.networks = sorted({*rows["network"], *networks})
        self.lattice = lattice
        self.low = np.array([-(size // 2) for size in lattice.size])
        self.high = -self.low
        places = rows[["i", "j"]].to_numpy(dtype=np.int64)
        if len(rows):
            self.reached = places.min(axis=0), places.max(axis=0)
            self.low, self.high = np.minimum(self.low, self.reached[0]), np.maximum(self.high, self.reached[1])
        if np.prod(self.high - self.low + 1) > MOST_CELLS:
            raise UserError("trainings: they lie too far apart for this step; choose a larger one, or leave some out")
        numbers = {name: number for number, name in enumerate(self.networks)}
        network = rows["network"].map(numbers).to_numpy(dtype=np.int64)
        self.trained = Trained(network, self.number(places), rows["accuracy"].to_numpy(dtype=np.float64))
        self.ended = rows["ended"].to_numpy(dtype=bool) if "ended" in rows else np.ones(len(rows), dtype=bool)
        self.surrogate: Surrogate | None = None
        self._fit()
        if grows and self.surrogate is not None and self._grow(set(network)):
            self.trained = Trained(network, self.number(places), self.trained.accuracy)
            self._fit()

    def _fit(self) -> None:
        if len(self.trained):
            self.surrogate = fit(self.trained, self.places, len(self.networks))

    def _grow(self, networks: Iterable[int]) -> bool:
        """Add a line of cells on each side where the best mean of a network with trainings lies; whether one was."""
        assert self.surrogate is not None
        best = [self.cells[int(self.surrogate.mean[network].argmax())] for network in networks]
        low, high = self.low.copy(), self.high.copy()
        for axis in (0, 1):
            for bound, sign in ((low, -1), (high, 1)):
                if any(cell[axis] == bound[axis] for cell in best) and self._allows(axis, int(bound[axis]) + sign):
                    bound[axis] += sign
        if np.prod(high - low + 1) > MOST_CELLS:
            return False
        grown = bool((low != self.low).any() or (high != self.high).any())
        self.low, self.high = low, high
        return grown

    def _allows(self, axis: int, steps: int) -> bool:
        """Whether networks may be trained so many steps from the prior along an axis."""
        if self.bounds is None:
            return self.lattice.pair[axis].of.allows(self.lattice.value(axis, steps))
        return self.lattice.admits(Cell(*(0 if axis else steps, steps if axis else 0)), self.bounds)

    @property
    def cells(self) -> np.ndarray:
        """Coordinates (i, j) of all cells, (N, 2)."""
        ranges = [np.arange(low, high + 1) for low, high in zip(self.low, self.high, strict=True)]
        return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 2)

    @property
    def places(self) -> np.ndarray:
        """The cells in the plane, in decades (of other axes, a step counts as 0.2), (N, 2)."""
        return self.cells * [axis.step if axis.is_log else 0.2 for axis in self.lattice.pair]

    def number(self, places: np.ndarray) -> np.ndarray:
        """The numbers of cells with coordinates (n, 2)."""
        i, j = (places - self.low).T
        return np.asarray(i * (self.high[1] - self.low[1] + 1) + j)

    def cell(self, number: int) -> Cell:
        """The cell with a number."""
        return Cell(*map(int, self.cells[number]))

    def trained_cells(self, network: int, ended: bool = False) -> np.ndarray:
        """Trainings of a network at each cell, or those that went to the end alone, (N,)."""
        mine = (self.trained.network == network) & (self.ended | (not ended))
        return np.bincount(self.trained.cell[mine], minlength=len(self.cells))

    def sides(self, network: int, margin: float) -> list[str]:
        """The sides of what has been explored beyond which a network's accuracy seems to rise on, in words."""
        assert self.surrogate is not None
        inside = ((self.cells >= self.reached[0]) & (self.cells <= self.reached[1])).all(axis=1)
        ends = open_sides(self.surrogate.mean[network][inside], self.cells[inside], margin)
        return [self.lattice.pair[axis].sides[direction > 0] for axis, direction in ends]

    def finalists(self, network: int) -> list[Cell]:
        """The cells of a network that are trained with fresh seeds, of those it was trained at to the end."""
        assert self.surrogate is not None
        among = np.flatnonzero(self.trained_cells(network, ended=True))
        return [self.cell(number) for number in best_cells(self.surrogate, network, self.cells, among)]


def explored(cells: pd.DataFrame, space: Mapping[str, Any]) -> Explored:
    """Estimates of the landscapes of a model's networks, from their trainings.

    Args:
        cells: of the model, as tables of batches have them.
        space: axes; prior and size of the initial grid; bounds by name, each with null where there is none, or null
            where the grid does not grow.
    """
    pair, bounds = Pair.from_json(space.get("axes")), space["bounds"]
    lattice = Lattice(pair, tuple(space["prior"]), tuple(space["size"]), (1, 1))
    limits = {name: [low, math.inf if high is None else high] for name, (low, high) in (bounds or {}).items()}
    accuracy, ended = cells[MOST].fillna(cells[METRIC]), cells[MOST].isna()
    table = cells.assign(network=cells["variant"], accuracy=accuracy, ended=ended, stage=EXPLORE)
    return Explored(table, lattice, (), limits, bounds is not None)


def choose_batches(
    cells: pd.DataFrame,
    histories: pd.DataFrame,
    space: Mapping[str, Any],
    networks: Sequence[str],
    seeds: Sequence[int],
    size: int,
    worth: float,
    rungs: Sequence[float],
) -> dict[str, Any]:
    """The batches of the next round, by network: seed, i and j of its trainings, what they gain, and when they stop.

    A cell that is chosen again is trained with the next seed; one that had all of them is not chosen.

    Args:
        cells, space: see `explored`.
        histories: epochs of these trainings.
        networks: those that had a batch in the round before.
        seeds: with which a cell may be trained, in order.
        size: trainings of a batch.
        worth: the least gain of a batch, in points.
        rungs: parts of the epochs at which trainings may be stopped; not used where these are an axis.
    """
    known, chosen = explored(cells, space), {}
    assert known.surrogate is not None
    for name in networks:
        number = known.networks.index(name)
        had = known.trained_cells(number)
        batch = next_batch(known.surrogate, number, size, seed=int(had.sum()), left=len(seeds) - had)
        trainings = []
        for at in batch.cells:
            trainings.append([seeds[had[at]], *known.cell(at)])
            had[at] += 1
        mine, of_mine = (table[table["variant"] == name] for table in (cells, histories))
        comparable = [] if "epochs" in known.lattice.pair.names else rungs
        chosen[name] = {
            "gain": batch.gain,
            "trainings": trainings if batch.gain >= worth else [],
            "stops": stops_of(mine, of_mine, comparable, METRIC),
        }
    return chosen
