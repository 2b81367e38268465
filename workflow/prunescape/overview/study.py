"""The trainings that a study consists of, and where their files are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from prunescape.config.config import Config
from prunescape.config.recipe import Recipe
from prunescape.errors import UserError
from prunescape.hpspace.axes import SHAPING
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.hpspace.plan import read_plan
from prunescape.plan.plan import Plan
from prunescape.training.retraining import AT_INIT

CHECKPOINT = "(to be pruned)"  # the row of the dense network whose filters pruning ranks


class Row(NamedTuple):
    """A line of the tables: a model and one of its variants, or `CHECKPOINT`."""

    model: str
    variant: str


class Training(NamedTuple):
    """A training job: its row, its cells, and its files.

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


class Preparation(NamedTuple):
    """A training before those of the grid: the part of the dense FLOPs that its network has, and its recipe."""

    row: Row
    result: Path
    log: Path
    part: float
    recipe: Recipe


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
        recipes: by model and variant, the recipes of those that are trained by another one than the config's.
        preparations: further trainings on whose weights pruning works, in the order of the models.
        memory: bytes that the networks of a job of a row take, where known.
    """

    config: Config
    ratios: Mapping[str, Mapping[str, float]]
    data: Path
    models: str
    tile: str
    tile_log: str
    weights: str
    weights_log: str
    extension: str
    recipes: Mapping[str, Mapping[str, Recipe]] = field(default_factory=dict)
    preparations: Sequence[Preparation] = ()
    memory: Mapping[Row, int | None] = field(default_factory=dict)

    @property
    def results(self) -> Path:
        """The folder of all results."""
        return Path("results") / self.config.run

    @property
    def rows(self) -> list[Row]:
        """The lines of the tables, in the config's order."""
        return [
            Row(model, variant)
            for model, ratios in self.ratios.items()
            for variant in [*self._before(model, ratios), *ratios]
        ]

    def _before(self, model: str, ratios: Mapping[str, float]) -> list[str]:
        """The rows of the trainings on whose weights pruning works."""
        if len(ratios) < 2 or self.config.models[model].pipelines == (AT_INIT,):
            return []
        return [CHECKPOINT, *(of.row.variant for of in self.preparations if of.row.model == model)]

    def prepares(self, row: Row) -> Preparation | None:
        """The further training that a row stands for; None of other rows."""
        return next((of for of in self.preparations if of.row == row), None)

    def recipe(self, row: Row) -> Recipe:
        """The recipe by which the networks of a row are trained."""
        before = self.prepares(row)
        if before is not None:
            return before.recipe
        return self.recipes.get(row.model, {}).get(row.variant, self.config.recipe)

    def network(self, row: Row) -> Path:
        """The architecture of a row's network; that of the first seed where they differ."""
        folder = Path(self.models.format(model=row.model, variant=row.variant))
        seeds = folder / f"seed-{self.config.seeds[0]}"
        return (seeds if seeds.is_dir() else folder) / "architecture.json"

    def lattice(self, model: str) -> Lattice:
        """The lattice around a model's prior."""
        return Lattice.from_config(self.config.grid, self.config.recipe, self.config.models[model])

    def shapes(self, row: Row, cells: Iterable[Cell]) -> tuple[tuple[int, int], ...]:
        """Epochs and batch size of cells, where they are axes of the grid."""
        lattice, recipe = self.lattice(row.model), self.recipe(row)
        if not set(SHAPING) & set(lattice.pair.names):
            return ()
        values = map(lattice.named, cells)
        return tuple(
            (int(of.get("epochs", recipe.epochs)), int(of.get("batch_size", recipe.batch_size))) for of in values
        )

    def tiles(self, model: str) -> list[Cell]:
        """First cells of a model's tiles: the configured grid, and what finished rounds of extension have added.

        Raises:
            UserError: the plan of a round is damaged.
        """
        tiles = self.lattice(model).initial_tiles()
        for number in range(1, self.config.extension.rounds + 1):
            plan = Path(self.extension.format(model=model, round=number))
            try:
                tiles += read_plan(plan)
            except UserError:
                if plan.is_file():
                    raise
                break  # not planned yet
        return tiles

    def rounds_left(self, model: str) -> int:
        """Rounds of extension that have not been planned yet."""
        rounds = range(1, self.config.extension.rounds + 1)
        return sum(not Path(self.extension.format(model=model, round=number)).is_file() for number in rounds)

    def trainings(self) -> Iterator[Training]:
        """The training jobs that are known so far."""
        size = self.config.grid.tile[0] * self.config.grid.tile[1]
        for row in self.rows:
            before = self.prepares(row)
            if before is not None:
                yield Training(row, 1, before.result, before.log, self.shapes(row, [Cell(0, 0)]))
                continue
            if row.variant == CHECKPOINT:
                weights, log = (text.format(model=row.model) for text in (self.weights, self.weights_log))
                yield Training(row, 1, Path(weights), Path(log), self.shapes(row, [Cell(0, 0)]))
                continue
            lattice = self.lattice(row.model)
            shapes = {tile: self.shapes(row, lattice.cells(tile)) for tile in self.tiles(row.model)}
            for seed in self.config.seeds:
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


def study_of(plan: Plan) -> Study:
    """The main job by its plan."""
    run, networks, tile = plan.run, plan.networks, plan.hpspace.train_tile
    of_rows = {Row(job.model, job.wildcards["variant"]): job for job in tile.all_jobs()}  # all of a row take as much
    return Study(
        config=run.config,
        ratios={model: {variant.name: variant.ratio for variant in run.variants(model)} for model in run.models},
        data=Path(run.data),
        models=run.network,
        tile=tile.outputs["table"],
        tile_log=tile.log,
        weights=networks.train_dense.outputs["weights"],
        weights_log=networks.train_dense.log,
        extension=plan.hpspace.extension,
        recipes={
            model: {
                variant.name: networks.training(variant).recipe for variant in run.variants(model) if variant.goes_on
            }
            for model in run.models
        },
        preparations=[
            Preparation(Row(model, of.label), Path(of.result), Path(of.log), of.ratio, of.recipe)
            for model in run.models
            for of in networks.preparations(model)
        ],
        memory={
            **{Row(job.model, CHECKPOINT): plan.memory(job) for job in networks.train_dense.all_jobs()},
            **{row: plan.memory(job) for row, job in of_rows.items()},
        },
    )
