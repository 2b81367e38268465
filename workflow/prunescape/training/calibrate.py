"""Choose a strategy by measuring: a few training steps of each on the device and network at hand."""

import gc
import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from prunescape.config.engine import Engine as Section
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.training.engine import Engine
from prunescape.training.evaluate import score
from prunescape.training.memory import Needs, refusal
from prunescape.training.recipe import Recipe
from prunescape.training.strategy import AUTO, BRANCHES, CAPTURED, FUSED, VMAP, Strategy, candidates
from prunescape.training.train import Array, Lane, Report, Task, check_architecture

ENOUGH_SECONDS = 1.0  # of measuring a strategy ...
FEWEST_STEPS, MOST_STEPS = 2, 50  # ... between so many steps
READ_AHEAD = 8  # steps more at least where images are streamed, because the first ones have been read already
WORSE = 1.25  # what would take at least so many times the best one's time a lane is not tried
NEGLIGIBLE = 0.05  # an earlier, simpler strategy is kept unless another one saves more than this part of the time


@dataclass(frozen=True)
class Measurement:
    """Time and memory that a strategy takes.

    Attributes:
        strategy: what was measured.
        step_ms: median time of a training step of one array, in milliseconds; None where it cannot run.
        tile_ms: time of a training step of all cells of a tile, in milliseconds.
        peak_memory_bytes: most memory allocated on a GPU; None on a CPU.
        foreseen_memory_bytes: what it takes on a GPU at least; None on a CPU.
        refused: why it cannot run.
    """

    strategy: Strategy
    step_ms: float | None
    tile_ms: float | None
    peak_memory_bytes: int | None = None
    foreseen_memory_bytes: int | None = None
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Strategy, times and memory as plain JSON values."""
        return {**asdict(self.strategy), **{k: v for k, v in asdict(self).items() if k != "strategy"}}


def calibrate(
    architecture: Architecture,
    data: PreparedData,
    recipe: Recipe,
    section: Section,
    cells: int,
    threads: int = 1,
    report: Report | None = None,
) -> dict[str, Any]:
    """Measure the strategies that the config's section `engine` allows, and choose one.

    Args:
        architecture: the network.
        recipe: the training recipe.
        section: the config's.
        cells: lanes that a job trains.
        threads: CPU cores of a job.
        report: is given a line for each strategy.

    Returns:
        JSON values: the chosen `strategy`, `lanes`, `channels_last`; the same three for companion studies, which
        look into networks and so take no branches, as `companion`; the `reason` in words; the `device`; and what was
        `measured`.

    Raises:
        UserError: memory ran out with every strategy.
    """
    engine = Engine.from_config(section.changed(strategy="serial"), threads)
    engine.set_up()
    measured: list[Measurement] = []
    needs = Needs.of(architecture) if engine.device == "cuda" else None
    for strategy in _possible(architecture, candidates(section, engine.device, cells), report):
        if _hopeless(strategy, measured):
            continue
        latest = measure(architecture, data, recipe, engine.using(strategy), cells, needs)
        measured.append(latest)
        if report is not None:
            cost = latest.refused if latest.step_ms is None else f"{latest.step_ms:.2f} ms a step"
            report(f"{strategy}: {cost}")
    chosen = choose(measured)
    reason = _reason(chosen, measured, cells, engine.describe())
    if report is not None:
        report(reason)
    looked_into = [one for one in measured if one.strategy.name != BRANCHES] or measured
    return {
        **_choice(chosen),
        "companion": _choice(choose(looked_into)),
        "reason": reason,
        "device": engine.describe(),
        "measured": [measurement.to_json() for measurement in measured],
    }


def _choice(chosen: Measurement) -> dict[str, Any]:
    strategy = chosen.strategy
    return {"strategy": strategy.name, "lanes": strategy.lanes, "channels_last": strategy.channels_last}


def _possible(architecture: Architecture, strategies: Sequence[Strategy], report: Report | None) -> Sequence[Strategy]:
    """Strategies that the network allows; steps of imported networks are not captured as graphs."""
    if architecture.origin is not None:
        strategies = [strategy for strategy in strategies if strategy.name not in CAPTURED]
    names = {strategy.name for strategy in strategies if strategy.lanes > 1}
    if not names:
        return strategies
    try:
        way = check_architecture(architecture, next(iter(names)) if len(names) == 1 else AUTO)
    except UserError as error:
        alone = [strategy for strategy in strategies if strategy.lanes == 1]
        if not alone:
            raise
        if report is not None:
            report(f"only one network at a time: {error}")
        return alone
    return [strategy for strategy in strategies if strategy.name not in {FUSED, VMAP} - {way}]


def measure(
    architecture: Architecture,
    data: PreparedData,
    recipe: Recipe,
    engine: Engine,
    cells: int,
    needs: Needs | None = None,
) -> Measurement:
    """Time and memory of training steps of one array, and the time of as many arrays as `cells` cells make.

    Nothing is launched on a GPU whose free memory is less than what a network's needs let foresee.
    """
    strategy = Strategy(engine.strategy, engine.lanes, engine.channels_last)
    on_gpu, foreseen = engine.device == "cuda", None
    if on_gpu:
        gc.collect()
        torch.cuda.empty_cache()
        foreseen = None if needs is None else needs.foreseen_bytes(engine, recipe.batch_size)
        free = torch.cuda.mem_get_info()[0]
        if foreseen is not None and foreseen > free:
            needed = f"at least {foreseen / 2**30:.0f} GiB are needed, {free / 2**30:.0f} are free"
            return Measurement(strategy, None, None, None, foreseen, f"too little memory: {needed}")
        torch.cuda.reset_peak_memory_stats()
    try:
        array = Array(Task(architecture, data, engine, 0, recipe), [Lane(0.01, 0.0)] * engine.lanes)
        times = _time_steps(array)
        if on_gpu:  # validation must fit beside what training holds
            score(array.network, engine.lanes, itertools.islice(array.validation.epoch(0), 1), engine)
    except RuntimeError as error:
        refused = refusal(error)
        if refused is None:
            raise
        return Measurement(strategy, None, None, None, foreseen, refused)
    arrays = strategy.arrays(cells)
    side_by_side = 1 if on_gpu else min(engine.threads, arrays)
    step_ms = 1000 * statistics.median(times)
    tile_ms = step_ms * -(-arrays // side_by_side)
    return Measurement(strategy, step_ms, tile_ms, torch.cuda.max_memory_allocated() if on_gpu else None, foreseen)


def _time_steps(array: Array) -> list[float]:
    """Times of some training steps, in seconds."""
    array.network.train()
    every = itertools.chain.from_iterable(array.training.picks(epoch) for epoch in itertools.count(1))
    picks = (pick for pick in every if len(pick.chosen) == array.training.sizes[0])  # a shorter batch is rare
    array.step(next(picks))  # the first one pays for what is done once
    times: list[float] = []
    fewest = FEWEST_STEPS + (READ_AHEAD if array.training.streams else 0)
    while len(times) < fewest or (len(times) < MOST_STEPS and sum(times) < ENOUGH_SECONDS):
        _wait(array.engine)
        start = time.perf_counter()
        array.step(next(picks))
        _wait(array.engine)
        times.append(time.perf_counter() - start)
    return times


def _wait(engine: Engine) -> None:
    if engine.device == "cuda":
        torch.cuda.synchronize()


def _hopeless(strategy: Strategy, measured: Sequence[Measurement]) -> bool:
    """Whether arrays of this kind and size cannot run, or could hardly come near the best so far.

    What they could take at the least follows from smaller ones of the same kind: the latest one's time, as if more
    lanes came for nothing; of two or more, what the last two give on a straight line.
    """
    smaller = [
        one
        for one in measured
        if (one.strategy.name, one.strategy.channels_last) == (strategy.name, strategy.channels_last)
    ]
    if not smaller or strategy.lanes == 1:
        return False
    times = [(one.strategy.lanes, one.step_ms) for one in smaller if one.step_ms is not None]
    if len(times) < len(smaller):
        return True
    lanes, least = times[-1]
    if len(times) > 1:
        fewer, before = times[-2]
        least += max(0.0, (least - before) / (lanes - fewer)) * (strategy.lanes - lanes)
    best = min(one.step_ms / one.strategy.lanes for one in measured if one.step_ms is not None)
    return least / strategy.lanes > WORSE * best


def choose(measured: Sequence[Measurement]) -> Measurement:
    """The strategy that trains a tile fastest, or an earlier one that is as good but for a few percent.

    Raises:
        UserError: none ran at all.
    """
    working = [(one.tile_ms, one) for one in measured if one.tile_ms is not None]
    if not working:
        raise UserError(
            f"the GPU does not run a single training step ({measured[0].refused}); set engine.micro_batch to a part of"
            " the batch"
        )
    best = min(tile_ms for tile_ms, _ in working)
    return next(one for tile_ms, one in working if tile_ms <= best * (1 + NEGLIGIBLE))


def _reason(chosen: Measurement, measured: Sequence[Measurement], cells: int, device: str) -> str:
    line = f"chose {chosen.strategy} on {device}: a step of {cells} cells takes {chosen.tile_ms:.1f} ms"
    others = [one for one in measured if one.tile_ms is not None and one is not chosen]
    if others:
        line += "; " + ", ".join(f"{one.strategy}: {one.tile_ms:.1f} ms" for one in others)
    return line
