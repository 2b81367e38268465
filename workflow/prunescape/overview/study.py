"""The trainings that the main job consists of, and where their files are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from prunescape.config.config import Config
from prunescape.config.recipe import Recipe
from prunescape.hpspace.lattice import SHAPING, Cell, Lattice
from prunescape.plan.confirmation import fresh_trainings
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results
from prunescape.plan.step import Job
from prunescape.training.retraining import until
from prunescape.variant import DENSE

CHECKPOINT = "(to be pruned)"  # the row of the dense network whose filters pruning ranks
FINALISTS, CONFIRMATION = "(finalists)", "(confirmation)"  # after a variant: its trainings with fresh seeds


class Row(NamedTuple):
    """A line of the tables: a model and one of its variants, or another training of it."""

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
    """A training before those of the grid, on whose weights pruning works.

    Attributes:
        job: the job.
        part: the part of the dense network's FLOPs that its network has.
        recipe: by which it is trained.
    """

    job: Job
    part: float
    recipe: Recipe


@dataclass(frozen=True, eq=False)
class Study:
    """The main job of a plan, as the pages look at it."""

    plan: Plan

    @property
    def config(self) -> Config:
        """The validated config."""
        return self.plan.run.config

    @property
    def results(self) -> Path:
        """The folder of all results."""
        return Path(self.plan.run.results)

    @property
    def models(self) -> list[str]:
        """The names of the networks."""
        return self.plan.run.models

    @cached_property
    def preparations(self) -> dict[Row, Preparation]:
        """The trainings on whose weights pruning works, by their rows."""
        networks, recipe = self.plan.networks, self.config.recipe
        trained = [job for job in networks.train_dense.all_jobs() if not self.plan.run.has_weights(job.model)]
        found = {Row(job.model, CHECKPOINT): Preparation(job, 1.0, recipe) for job in trained}
        for job in networks.train_to_rewind.all_jobs():
            epoch = int(job.wildcards["epoch"])
            found[Row(job.model, f"(to epoch {epoch})")] = Preparation(job, 1.0, until(recipe, epoch))
        for job in networks.retrain_step.all_jobs():
            variant, step = networks.variant(job.model, job.wildcards["pruned"]), int(job.wildcards["step"])
            steps = networks.steps(variant)
            row = Row(job.model, f"{variant.name} (step {step} of {steps})")
            part = variant.ratio_after(step, steps)
            found[row] = Preparation(job, part, networks.training(variant).recipe)
        return found

    @cached_property
    def variants(self) -> dict[Row, tuple[float, Recipe]]:
        """The networks of the grids, by their rows: the part of the FLOPs that is kept, and the recipe."""
        networks = self.plan.networks
        known = [(model, variant) for model in self.models for variant in networks.variants(model)]
        return {
            Row(model, variant.name): (variant.ratio, networks.training(variant).recipe) for model, variant in known
        }

    @cached_property
    def fresh(self) -> dict[Row, Row]:
        """The lines of trainings with fresh seeds, each with the line of its network; none where nothing is confirmed.

        The dense network takes part in the choice alone.
        """
        if not self.plan.hpspace.confirmation.last:
            return {}
        found = {Row(row.model, f"{row.variant} {FINALISTS}"): row for row in self.variants}
        pruned = [row for row in self.variants if row.variant != DENSE.name]
        return found | {Row(row.model, f"{row.variant} {CONFIRMATION}"): row for row in pruned}

    @cached_property
    def explored(self) -> list[Row]:
        """The lines of the tables whose trainings are known from the start, in the config's order."""
        rows = [*self.preparations, *self.variants]
        return [row for model in self.models for row in rows if row.model == model]

    @cached_property
    def rows(self) -> list[Row]:
        """The lines of the tables, in the config's order."""
        rows = [*self.explored, *self.fresh]
        return [row for model in self.models for row in rows if row.model == model]

    def recipe(self, row: Row) -> Recipe:
        """The recipe by which the networks of a row are trained."""
        before = self.preparations.get(row)
        return self.variants[self.fresh.get(row, row)][1] if before is None else before.recipe

    def part(self, row: Row) -> float:
        """The part of the dense network's FLOPs that a row's network keeps; companion studies have other rows."""
        before = self.preparations.get(row)
        return self.variants.get(self.fresh.get(row, row), (1.0,))[0] if before is None else before.part

    def network(self, row: Row) -> Path:
        """The architecture of a row's network; that of the first seed where they differ."""
        folder = Path(self.plan.run.network.format(**self.fresh.get(row, row)._asdict()))
        seeds = folder / f"seed-{self.config.seeds[0]}"
        return (seeds if seeds.is_dir() else folder) / "architecture.json"

    def memory(self, row: Row) -> int | None:
        """Bytes that the networks of a job of a row take, where known; all of a row take as much."""
        before = self.preparations.get(row)
        if before is not None:
            return self.plan.memory(before.job) if row.variant == CHECKPOINT else None
        hpspace = self.plan.hpspace
        first = dict.fromkeys(("i", "j", "round"), "0")
        where = {**self.fresh.get(row, row)._asdict(), "seed": str(self.config.seeds[0]), **first}
        return self.plan.memory(Job(hpspace.confirmation.train if row in self.fresh else hpspace.train_tile, where))

    def lattice(self, model: str) -> Lattice:
        """The lattice around a model's prior."""
        return Lattice.of(self.config, model)

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
        hpspace = self.plan.hpspace
        return hpspace.tiles(model, hpspace.planned_rounds(model))

    def rounds_left(self, model: str) -> int:
        """Rounds after the first that have not been planned yet."""
        return self.plan.hpspace.rounds - self.plan.hpspace.planned_rounds(model)

    def may_follow(self, row: Row) -> int:
        """Trainings of a network that rounds to come may add, where few trainings explore; else 0."""
        hpspace, known = self.plan.hpspace, self.plan.hpspace.planned_rounds(row.model)
        goes_on = self.plan.run.is_adaptive and bool(hpspace.batch(*row, known))
        return goes_on * self.rounds_left(row.model) * self.config.exploration.batch

    @cached_property
    def known_results(self) -> Results:
        """The results of the plan."""
        return Results(self.plan)

    def is_finished(self, training: Training) -> bool:
        """Whether a training has made its results, and these are those that the config and the code ask for."""
        return training.result.is_file() and not self.known_results.reasons(str(training.result))

    def trainings(self) -> Iterator[Training]:
        """The training jobs that are known so far."""
        fresh = self._fresh_trainings()
        tile = self.plan.hpspace.train_tile
        for row in self.rows:
            before = self.preparations.get(row)
            if before is not None:
                yield training_of(before.job, row, self.shapes(row, [Cell(0, 0)]))
                continue
            if row in self.fresh:
                yield from fresh.get(row, [])
                continue
            for where, size, shapes in self._exploring(row):
                files = [Path(pattern.format(**where)) for pattern in (tile.outputs["table"], tile.log)]
                yield Training(row, size, files[0], files[1], shapes)

    def _exploring(self, row: Row) -> Iterator[tuple[dict[str, Any], int, tuple[tuple[int, int], ...]]]:
        """The jobs that explore a network: their wildcards, how many cells they train, and the shapes of these."""
        hpspace, lattice = self.plan.hpspace, self.lattice(row.model)
        if self.plan.run.is_adaptive:
            for number in range(hpspace.planned_rounds(row.model) + 1):
                for seed, cells in hpspace.batch(*row, number).items():
                    yield {**row._asdict(), "seed": seed, "round": number}, len(cells), self.shapes(row, cells)
            return
        shapes = {cell: self.shapes(row, lattice.cells(cell)) for cell in self.tiles(row.model)}
        for seed in self.plan.run.explored:
            for cell, of_cells in shapes.items():
                yield {**row._asdict(), "seed": seed, **cell._asdict()}, lattice.cells_a_job, of_cells

    def rounds_known(self, model: str) -> int:
        """The number of rounds of confirmation that have been planned and are not going to be planned anew."""
        confirmation = self.plan.hpspace.confirmation
        files = confirmation.rounds(model, confirmation.last)[: confirmation.known(model)]
        return next((place for place, path in enumerate(files) if self.known_results.reasons(path)), len(files))

    @property
    def is_confirmed(self) -> bool:
        """Whether all rounds of confirmation have been planned, so that no further trainings will be known."""
        last = self.plan.hpspace.confirmation.last
        return all(self.rounds_known(model) > last for model in self.models)

    def _fresh_trainings(self) -> dict[Row, list[Training]]:
        """The training jobs with fresh seeds that are known so far, by their rows."""
        confirmation, found = self.plan.hpspace.confirmation, dict[Row, dict[Path, Training]]()
        for model in self.models:
            for number in range(1, min(self.rounds_known(model), confirmation.last) + 1):
                kind = FINALISTS if number == 1 else CONFIRMATION
                for where in confirmation.jobs_of(model, number):
                    job, row = Job(confirmation.train, where), Row(model, f"{where['variant']} {kind}")
                    training = training_of(job, row, self.shapes(row, confirmation.cells(where)))
                    found.setdefault(row, {})[training.result] = training
        return {row: list(trainings.values()) for row, trainings in found.items()}

    def foreseen(self) -> dict[Row, tuple[int, int]]:
        """The fewest and the most trainings of each line of those with fresh seeds, the finished ones included."""
        confirmation, known = self.plan.hpspace.confirmation, {of: self.rounds_known(of) for of in self.models}
        found = {}
        for row, base in self.fresh.items():
            asked = fresh_trainings(confirmation, row.model, self.plan.networks.variant(*base), known[row.model])
            is_choice = row.variant.endswith(FINALISTS)
            found[row] = (asked.finalists, asked.finalists) if is_choice else (asked.least, asked.most)
        return found

    def foreign_tables(self) -> list[Path]:
        """Tables of trainings that lie in the results but are not of this config: kept, and not used."""
        hpspace = self.plan.hpspace
        folders = [path.partition("{")[0] for path in (hpspace.tile, hpspace.confirmation.pattern)]
        known = {training.result for training in self.trainings()}
        # Beside a table `1_2.csv` lie others, `1_2.history.csv`.
        tables = (path for first in folders for path in Path(first).rglob("*.csv") if path.name.count(".") == 1)
        return sorted(path for path in tables if path not in known)


def training_of(job: Job, row: Row | None = None, shapes: tuple[tuple[int, int], ...] = ()) -> Training:
    """A job as a training; of a companion study, where no row is given."""
    return Training(row or Row(job.model, job.step.name), job.networks, Path(job.result), Path(job.log), shapes)
