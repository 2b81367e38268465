"""The trainings that a study consists of, and where their files are."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.hpspace.axes import SHAPING
from prunescape.hpspace.lattice import Cell, Lattice

CHECKPOINT = "(to be pruned)"  # the row of the dense network whose filters pruning ranks


class Row(NamedTuple):
    """A line of the tables: a model and one of its variants, or `CHECKPOINT`."""

    model: str
    variant: str


class Training(NamedTuple):
    """One training job.

    Attributes:
        row: whose it is.
        cells: how many it trains.
        result: the file that is there once it has finished.
        log: the traces it leaves.
        shapes: epochs and batch size of each cell, where cells differ in them; else they are the recipe's.
    """

    row: Row
    cells: int
    result: Path
    log: Path
    shapes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Study:
    """A validated config, and the patterns of the paths that the rules use.

    Attributes:
        config: with all defaults.
        ratios: by model and variant, the part of the FLOPs that is kept; "dense" keeps 1.
        data: folder of the prepared data.
        models: pattern of the folder of a network, with `{model}` and `{variant}`.
        tile, tile_log: patterns of a tile's table and log, with `{model}`, `{variant}`, `{seed}`, `{i}` and `{j}`.
        weights, weights_log: patterns of the dense checkpoint and its log, with `{model}`.
        extension: pattern of the plan of a round, with `{model}` and `{round}`.
    """

    config: Mapping[str, Any]
    ratios: Mapping[str, Mapping[str, float]]
    data: Path
    models: str
    tile: str
    tile_log: str
    weights: str
    weights_log: str
    extension: str

    @property
    def results(self) -> Path:
        """The folder of all results."""
        return Path("results") / self.config["run"]

    @property
    def rows(self) -> list[Row]:
        """The lines of the tables, in the config's order."""
        return [
            Row(model, variant)
            for model, ratios in self.ratios.items()
            for variant in [*self._checkpoint(ratios), *ratios]
        ]

    @staticmethod
    def _checkpoint(ratios: Mapping[str, float]) -> list[str]:
        return [CHECKPOINT] if len(ratios) > 1 else []

    def lattice(self, model: str) -> Lattice:
        """The lattice around a model's prior."""
        return Lattice.from_config(self.config["grid"], {**self.config["recipe"], **self.config["models"][model]})

    def shapes(self, model: str, cells: Iterable[Cell]) -> tuple[tuple[int, int], ...]:
        """Epochs and batch size of cells, where they are axes of the grid."""
        lattice, recipe = self.lattice(model), self.config["recipe"]
        if not set(SHAPING) & set(lattice.pair.names):
            return ()
        settings = ({**recipe, **lattice.named(cell)} for cell in cells)
        return tuple((int(of["epochs"]), int(of["batch_size"])) for of in settings)

    def tiles(self, model: str) -> list[Cell]:
        """First cells of a model's tiles: the configured grid, and what finished rounds of extension have added."""
        tiles = self.lattice(model).initial_tiles()
        for number in range(1, self.config["extension"]["rounds"] + 1):
            try:
                plan = json.loads(Path(self.extension.format(model=model, round=number)).read_text(encoding="utf-8"))
                tiles += [Cell(*tile) for tile in plan["tiles"]]
            except (
                OSError,
                ValueError,
                KeyError,
                TypeError,
            ):  # not planned yet; a damaged plan is told by the job that reads it
                break
        return tiles

    def rounds_left(self, model: str) -> int:
        """Rounds of extension that have not been planned yet."""
        rounds = range(1, self.config["extension"]["rounds"] + 1)
        return sum(not Path(self.extension.format(model=model, round=number)).is_file() for number in rounds)

    def trainings(self) -> Iterator[Training]:
        """All training jobs that are known so far."""
        size = self.config["grid"]["tile"][0] * self.config["grid"]["tile"][1]
        for row in self.rows:
            if row.variant == CHECKPOINT:
                weights, log = (text.format(model=row.model) for text in (self.weights, self.weights_log))
                yield Training(row, 1, Path(weights), Path(log), self.shapes(row.model, [Cell(0, 0)]))
                continue
            lattice = self.lattice(row.model)
            shapes = {tile: self.shapes(row.model, lattice.cells(tile)) for tile in self.tiles(row.model)}
            for seed in self.config["seeds"]:
                for tile, of_cells in shapes.items():
                    where = {**row._asdict(), "seed": seed, "i": tile.i, "j": tile.j}
                    files = [Path(pattern.format(**where)) for pattern in (self.tile, self.tile_log)]
                    yield Training(row, size, files[0], files[1], of_cells)

    def foreign_tables(self) -> list[Path]:
        """Tables of tiles that lie in the results but are not of this config: kept, and not used."""
        first = self.tile.partition("{")[0]
        known = {training.result for training in self.trainings()}
        # Beside a table `1_2.csv` lie others, `1_2.history.csv`.
        tables = (path for path in Path(first).rglob("*.csv") if path.name.count(".") == 1)
        return sorted(path for path in tables if path not in known)
