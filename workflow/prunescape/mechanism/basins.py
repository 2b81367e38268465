"""In which basin retraining ends: cycles, the surfaces around them, and barriers (utility paper, section 3)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.lanes.vectors import Layout
from prunescape.mechanism.cycles import Cycle, Trajectory, cycles_table, prune_and_retrain
from prunescape.mechanism.labels import AT_RANDOM, FROM_LAST, OF_CYCLES, TO_SMALL
from prunescape.mechanism.plane import Plane, distances, grid, marks_table
from prunescape.mechanism.pruned import train_small
from prunescape.mechanism.sparse_starts import equal_lane
from prunescape.models.weights import State, load_networks
from prunescape.training.barriers import barriers, line
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context
from prunescape.training.engine import Engine
from prunescape.training.evaluate import score, validation_batches
from prunescape.training.points import Points
from prunescape.training.recalibration import recalibrate
from prunescape.training.recipe import Recipe
from prunescape.training.train import Report, Task


def surface(
    network: nn.Module,
    plane: Plane,
    coordinates: torch.Tensor,
    data: PreparedData,
    engine: Engine,
    *,
    statistics: Batches | None = None,
    split: str = "train",
) -> pd.DataFrame:
    """The surface on a plane (utility paper, Fig. 6, 16, which show training accuracy).

    Between networks batch norm's statistics fit none of them, so Garipov et al., 2018, whose planes the utility paper
    follows, measure them anew at every point. Without that, here, they are combined like the weights, so that at the
    three corners the networks are those that were trained.

    Args:
        network: a plain network of the plane's architecture.
        plane: through three networks.
        coordinates: (M, 2), where to evaluate, such as `prunescape.mechanism.plane.grid` gives.
        statistics: batches on which batch norm is measured anew at every point, as
            `prunescape.training.recalibration.recalibration_batches` gives them; None does not.
        split: whose images are evaluated, without augmentation.

    Returns:
        One row a point: x, y, top1 (percent), loss; NaN of a loss where outputs are not finite.

    Raises:
        Interrupted: the process was asked to stop.
    """
    batches = validation_batches(data, engine, split)
    points = Points(network, engine)

    def make(first: int, number: int) -> torch.Tensor:
        return plane.vectors(coordinates[first : first + number]).to(engine.device)

    scores = points.measure(len(coordinates), make, partial(_scores, batches, statistics, engine))
    x, y = coordinates.T.numpy()
    return pd.DataFrame({"x": x, "y": y, "top1": scores[:, 0].numpy(), "loss": scores[:, 1].numpy()})


def _scores(batches: Batches, statistics: Batches | None, engine: Engine, array: nn.Module, lanes: int) -> torch.Tensor:
    """Accuracy and loss of K lanes, (K, 2)."""
    if statistics is not None:
        recalibrate(array, statistics, engine)
    scores = score(array, lanes, batches, engine)
    return torch.stack([scores.top1, scores.loss], 1)


START = "W*"
LAST, EVERY = "last", "every"
# What tells lines apart.
ON_LINES = ("model", "seed", "what", "pruning", "retraining", "cycle", "seed_to", "recomputed")


def run_cycles(
    task: Task,
    retraining: Recipe,
    schedule: str,
    trajectories: Mapping[str, Trajectory],
    cycles: int,
    small: str,
    learning_rate: float,
    weight_decay: float,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[dict[str, State], pd.DataFrame]:
    """Prune and retrain in cycles, with small networks of equal size beside (utility paper, Table 1).

    Args:
        task: of the pretraining.
        retraining: the recipe of each cycle.
        schedule: "fine_tuning" or "rewinding".
        trajectories: what is pruned, by name.
        cycles: how many.
        small: whether a small network is trained beside the "last" cycle or beside "every" one.
        learning_rate, weight_decay: of the pretraining.
        checkpoint: of all of this.

    Returns:
        The networks, by `<name>/Wp<cycle>` and `<name>/Wr<cycle>`, and the small ones by `<name>/Ws<cycle>`, of the
        cycles that have one beside; and one row a cycle: pruning (the name), the columns
        of `cycles_table`, and small_top1 (validation, percent; NaN without such a network) and small_diverged.
    """
    rates, whole = (learning_rate, weight_decay), list(trajectories.values())
    own = None if checkpoint is None else checkpoint.part(0)
    of_each = prune_and_retrain(task, whole, schedule, *rates, cycles, report, own, retraining)
    wanted = [
        (place, cycle) for place in range(len(of_each)) for cycle in of_each[place] if _counts(cycle, cycles, small)
    ]
    lanes = [equal_lane(task.architecture, cycle.kept.masks, task.seed, *rates) for _, cycle in wanted]
    trained = train_small(task, retraining, schedule, lanes, cycles, report, checkpoint)
    networks: dict[str, State] = {}
    tables = []
    for place, (name, of_one) in enumerate(zip(trajectories, of_each, strict=True)):
        beside = {
            cycle.number: small_cycles[cycle.number - 1].result
            for (where, cycle), small_cycles in zip(wanted, trained, strict=True)
            if where == place
        }
        table = cycles_table(of_one)
        small_column = [beside[at].last("top1") if at in beside else np.nan for at in table["cycle"]]
        diverged = [at in beside and beside[at].diverged for at in table["cycle"]]
        tables.append(table.assign(pruning=name, small_top1=small_column, small_diverged=diverged))
        networks |= {f"{name}/Wp{cycle.number}": cycle.pruned for cycle in of_one}
        networks |= {f"{name}/Wr{cycle.number}": cycle.result.weights for cycle in of_one}
        networks |= {f"{name}/Ws{number}": result.weights for number, result in beside.items()}
    return networks, pd.concat(tables, ignore_index=True)


def _counts(cycle: Cycle, cycles: int, small: str) -> bool:
    return small == EVERY or cycle.number == cycles


def names_of(cycles: int) -> list[str]:
    """The points of a trajectory in the order in which training passes them: W*, Wp1, Wr1, Wp2, ..."""
    return [START, *(f"W{kind}{number}" for number in range(1, cycles + 1) for kind in "pr")]


def points_of(start: State, networks: Mapping[str, State], pruning: str, cycles: int) -> dict[str, State]:
    """The networks of one trajectory by the names of `names_of`.

    Args:
        start: W*.
        networks: what `run_cycles` gives.
        pruning: the trajectory's name.
        cycles: how many.
    """
    return {name: start if name == START else networks[f"{pruning}/{name}"] for name in names_of(cycles)}


class OfTrajectory(NamedTuple):
    """The networks of one pruning and retraining.

    Attributes:
        pruning, retraining: which ones.
        points: see `points_of`.
        networks: all of the retraining's.
    """

    pruning: str
    retraining: str
    points: dict[str, State]
    networks: dict[str, State]

    @property
    def labels(self) -> dict[str, str]:
        """The columns of its tables that tell it from others."""
        return {"pruning": self.pruning, "retraining": self.retraining}


def of_trajectories(
    start: State, files: Mapping[str, str], prunings: Sequence[str], cycles: int
) -> Iterator[OfTrajectory]:
    """The networks of all prunings and retrainings, one after the other.

    Args:
        start: W*.
        files: by retraining, its networks, as `run_cycles` gives them.
        prunings: their names.
        cycles: how many.
    """
    for retraining, path in files.items():
        networks = load_networks(path)
        for pruning in prunings:
            yield OfTrajectory(pruning, retraining, points_of(start, networks, pruning, cycles), networks)


def joined(tables: Sequence[Sequence[pd.DataFrame]]) -> list[pd.DataFrame]:
    """Tables of several parts, each with one of every kind, put together by kind."""
    return [pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)]


def surfaces(
    context: Context,
    points: Mapping[str, State],
    cycles: Iterable[int],
    side: int,
    ways: Sequence[Batches | None],
    report: Report,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The surfaces on the planes through W*, W_p and W_r of some cycles of one trajectory.

    Args:
        context: what they are measured on.
        points: what `points_of` gives; all are marked on each plane, and the grid holds them all.
        cycles: whose planes.
        side: points along a side of the grid.
        ways: of batch norm between networks, the `statistics` of `prunescape.mechanism.basins.surface`.

    Returns:
        The tables of `surface` (with recomputed, whether batch norm was measured anew) and of `marks_table`, each with
        the column cycle; and `distances` from W* and between W_p and W_r of each of these cycles.

    Raises:
        UserError: a network of a plane diverged, or three lie on a line.
    """
    network, of_cycles = context.network(points[START]), []
    for cycle in cycles:
        corners = [START, f"Wp{cycle}", f"Wr{cycle}"]
        plane = Plane.through(network, [points[name] for name in corners])
        marks = marks_table(plane, points)
        where = grid(torch.tensor(marks[["x", "y"]].to_numpy()), side)
        of_ways = []
        for statistics in ways:
            heights = surface(network, plane, where, context.data, context.engine, statistics=statistics)
            heights.insert(0, "recomputed", statistics is not None)
            of_ways.append(heights)
        heights = pd.concat(of_ways, ignore_index=True)
        apart = distances(network, {name: points[name] for name in corners})
        of_cycles.append([table.assign(cycle=cycle) for table in (heights, marks, apart)])
        report(f"cycle {cycle}: {len(heights)} points of the plane measured")
    heights, marks, apart = joined(of_cycles)
    return heights, marks, apart


def connect(
    context: Context,
    ends: tuple[State, State],
    points: int,
    statistics: Batches | None,
    small: State | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The line between two networks, and the barriers on it.

    Args:
        context: what it is measured on.
        ends: the two networks.
        points: of the line.
        statistics: see `line`.
        small: a network as small as the second end, trained from scratch; None, there is none.

    Returns:
        alpha, top1 (percent), loss; and the columns of `barriers` with small, the value of the small network, and
        distance, between the ends; both with recomputed, whether batch norm was measured anew.
    """
    network = context.network(ends[0])
    measured = partial(line, network, data=context.data, engine=context.engine, statistics=statistics)
    between = measured(ends, points=points)
    table = barriers(between, seed=context.seed).assign(small=np.nan)
    if small is not None:
        beside = measured((ends[0], small), points=2)  # its own end alone, measured as the ends of the line are
        table["small"] = [getattr(beside, measure)[-1].mean() for measure in table["measure"]]
    apart = distances(network, dict(zip("ab", ends, strict=True)))["distance"].iloc[0]
    told = {"recomputed": statistics is not None}
    return between.table().assign(**told), table.assign(distance=apart, **told)


def connect_cycles(
    context: Context, of: OfTrajectory, cycles: int, points: int, statistics: Batches | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines from the pretrained network to the retrained ones of one trajectory, and those that they compare with.

    Args:
        context: what they are measured on.
        of: the trajectory's networks.
        cycles: how many.
        points: of each line.
        statistics: see `line`.

    Returns:
        The tables of `connect`, each with the columns what and cycle.
    """
    start, found = of.points[START], []

    def measure(what: str, cycle: int, ends: tuple[State, State], small: State | None = None) -> None:
        tables = connect(context, ends, points, statistics, small)
        found.append([table.assign(what=what, cycle=cycle) for table in tables])

    for cycle in range(1, cycles + 1):
        retrained, small = of.points[f"Wr{cycle}"], of.networks.get(f"{of.pruning}/Ws{cycle}")
        measure(OF_CYCLES, cycle, (start, retrained), small)
        if small is not None:
            measure(TO_SMALL, cycle, (start, small))
        if cycle > 1:
            measure(FROM_LAST, cycle, (of.points[f"Wr{cycle - 1}"], retrained))
    seed = derive_seed(context.seed, f"random direction: {of.pruning}, {of.retraining}")
    measure(AT_RANDOM, cycles, (start, displaced(context.network(start), start, retrained, seed)))
    lines, heights = joined(found)
    return lines, heights


def displaced(
    network: nn.Module, start: Mapping[str, torch.Tensor], end: Mapping[str, torch.Tensor], seed: int
) -> State:
    """The network that lies as far from `start` as `end`, in a random direction of the space of all parameters.

    Batch norm keeps the statistics of `start`.

    Args:
        network: a plain network of their architecture.
        start, end: state dicts.
        seed: of the direction, all of which are equally likely.
    """
    layout = Layout.of(network)
    vector = layout.vector(start)
    length = (layout.vector(end) - vector)[: layout.parameters].norm()
    direction = torch.randn(layout.parameters, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    vector[: layout.parameters] += direction * (length / direction.norm())
    return {**start, **layout.state(vector)}


def connect_seeds(
    context: Context, networks: Mapping[int, State], points: int, statistics: Batches | None, report: Report
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines between pretrained networks of unlike seeds: what no common basin looks like.

    Args:
        context: what they are measured on.
        networks: W* by seed, at least two.
        points: of each line.
        statistics: see `line`.

    Returns:
        The tables of `connect`, each with the columns seed and seed_to.
    """
    of_pairs = []
    for one, other in combinations(networks, 2):
        tables = connect(context, (networks[one], networks[other]), points, statistics)
        of_pairs.append([table.assign(seed=one, seed_to=other) for table in tables])
        report(f"seeds {one} and {other} connected")
    lines, heights = joined(of_pairs)
    return lines, heights
