"""The part of `snakemake plan` on ways to explore: what a grid costs in all, and what few trainings do."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.table import Table

from prunescape.hpspace.lattice import ADAPTIVE, MOST, MOST_CELLS, Cell, Lattice, bounds_of
from prunescape.io.files import read_csv
from prunescape.overview.cost import Costs
from prunescape.overview.study import Row, Study, Training
from prunescape.overview.tables import flops, hours, table, total
from prunescape.training.strategy import SERIAL, in_turn

GRID = "grid"
COLUMNS = ["method", "", "at least", "at most", "FLOPs", "at most", "{device}-hours", "at most"]
NOTE = (
    "Exploration in all by either method (exploration.method), as if nothing was there; confirmation is alike."
    " At least: a grid that does not grow, or first batches alone. At most: all growth that bounds allow, or"
    " exploration.trainings, none of which is stopped early (exploration.rungs)."
)


class Each(NamedTuple):
    """The cost of one training of a network, on average; None where it cannot be told.

    Attributes:
        flops: of it.
        seconds: of one device, a GPU or a core.
    """

    flops: float | None
    seconds: float | None


def trainings(study: Study, model: str) -> dict[str, tuple[int, int]]:
    """The fewest and the most trainings that explore a network of a model, by method."""
    config = study.config
    lattice, seeds = study.lattice(model).of_tiles(config.grid), len(study.plan.run.explored)
    initial = lattice.initial_tiles()
    tiles = len(initial), largest(study, lattice, initial, config.extension.rounds)
    first, most = config.exploration.batch, config.exploration.trainings
    return {
        GRID: (tiles[0] * lattice.cells_a_job * seeds, tiles[1] * lattice.cells_a_job * seeds),
        ADAPTIVE: (min(first, math.prod(lattice.size)), most // first * first),
    }


def both_ways(study: Study, costs: Mapping[Row, Each], device: str) -> list[Table | str]:
    """Lines on the cost of exploration by either method, that of the config first, and on what it means.

    Args:
        study: the main job.
        costs: of a training of each network.
        device: what the hours are of.
    """
    chosen, by_model = study.config.exploration.method, {model: trainings(study, model) for model in study.models}
    rows = []
    for method in sorted((GRID, ADAPTIVE), key=lambda method: method != chosen):
        ends = [{row: by_model[row.model][method][end] for row in costs} for end in (0, 1)]
        numbers = [f"{sum(counts.values()):,}" for counts in ends]
        for place, words in enumerate((flops, hours)):
            numbers += [words(total([_times(of, costs[row][place]) for row, of in counts.items()])) for counts in ends]
        rows.append([method, "this config" if method == chosen else "", *numbers])
    columns = [name.format(device=device) for name in COLUMNS]
    return [table(f"{study.config.run}: a grid, or few trainings", columns, rows, [""] * len(columns)), NOTE]


def _times(count: int, each: float | None) -> float | None:
    return None if each is None else count * each


def growth(study: Study) -> list[str]:
    """Notes on trainings that rounds to come may add: by batches, or all around, as far as the bounds allow."""
    notes = []
    for model in study.models:
        rounds = study.rounds_left(model)
        if study.plan.run.is_adaptive:
            more = sum(study.may_follow(row) for row in study.variants if row.model == model)
            if more:
                of = "round" if rounds == 1 else "rounds"
                notes.append(f"{model} may have {more:,} more trainings in {rounds} {of} of batches (in the most).")
            continue
        lattice, tiles = study.lattice(model), study.tiles(model)
        more = (largest(study, lattice, tiles, rounds) - len(tiles)) if rounds else 0
        if more > 0:
            cells = more * lattice.cells_a_job * len(study.plan.networks.variants(model)) * len(study.plan.run.explored)
            notes.append(f"{model} may grow by up to {cells:,} cells in {rounds} rounds of extension (not counted).")
    return notes


def idle(study: Study) -> list[str]:
    """A note on batches that leave lanes of their arrays idle, and on the size that fills them."""
    run, engine, batch = study.plan.run, study.config.engine, study.config.exploration.batch
    alone = engine.strategy == SERIAL or in_turn(batch, engine.device)
    if not run.is_adaptive or alone or min(study.lattice(model).alike for model in study.models) == 1:
        return []
    lanes = run.running(batch, engine.lanes or MOST_CELLS)
    if lanes <= batch:
        return []
    return [
        f"A batch of {batch} trains in arrays of {lanes} lanes, {lanes - batch} of them idle: exploration.batch:"
        f" {lanes} takes no longer a round, and finds settings as good (docs/statistics.md)."
    ]


def saved(study: Study, costs: Costs, finished: Iterable[Training]) -> list[str]:
    """A note on what stopping hopeless trainings early has saved so far.

    Args:
        study: the main job.
        costs: of its trainings.
        finished: those that are, of any kind.
    """
    if not study.plan.run.is_adaptive or not study.config.exploration.rungs:
        return []
    exploring = [training for training in finished if training.row in study.variants]
    stopped, took, less = 0, 0.0, 0.0
    for training in exploring:
        each, whole = costs.cell_flops(training.row), study.recipe(training.row).epochs
        for row in read_csv(training.result).to_dict("records"):
            part = row["epochs"] / whole if row.get(MOST, math.nan) >= 0 else 1.0
            stopped, took, less = stopped + (part < 1), took + part * (each or 0.0), less + (1 - part) * (each or 0.0)
    if not stopped:
        return []
    of = f"{stopped:,} of {sum(training.cells for training in exploring):,} finished trainings that explore"
    part = f"{less / (took + less):.0%}" if took else "not known"
    return [f"{of} were stopped early, which saved {flops(less)} FLOPs of {flops(took + less)} ({part})."]


def largest(study: Study, lattice: Lattice, tiles: Sequence[Cell], rounds: int) -> int:
    """Number of tiles of the grid once it has grown all around in each round, within the bounds."""
    bounds = bounds_of(study.config.grid, study.config.extension)
    grid = list(tiles)
    for _ in range(rounds):
        grid += lattice.beside(grid, bounds)
    return len(grid)
