"""Strategies to train lanes on a device: those that there are, and whether one has to be chosen by measuring.

All strategies run the same program on arrays of lanes. `serial` arrays hold one lane, `fused` ones several by layers
for lanes, `vmap` ones several by `torch.func.vmap`, with layers of any kind, and `graphed` ones run each training step
as one captured CUDA graph. `branches` ones are captured too: in their graph several networks, each with the kernels and
bits of `serial`, run beside each other. Light: used while the Snakefile is parsed.
"""

from dataclasses import dataclass

from prunescape.config.engine import Engine
from prunescape.lanes import LANE_ALIGNMENT

AUTO = "auto"
SERIAL, FUSED, VMAP, GRAPHED, BRANCHES = "serial", "fused", "vmap", "graphed", "branches"
CAPTURED = (GRAPHED, BRANCHES)  # as CUDA graphs
GPU_LANES = (4, 9, 16, 27, 48, 81)  # array sizes tried on a GPU ...
BRANCH_LANES = (2, 4, 8, 16)  # ... and numbers of branches: more only queue up
FEW = 3  # networks that a CPU trains sooner one after the other than in an array that idle copies fill up
COPIES = 4  # of the weights: themselves, gradients, momentum, and the gradients in one vector
KEPT = {"float64": 8, "bfloat16": 2}  # bytes of a number that the backward pass needs; four in all other precisions
LARGEST_CPU_ARRAY = 64  # lanes; larger arrays only take memory


@dataclass(frozen=True)
class Strategy:
    """A strategy to train lanes: its name, the size of its arrays, and the memory layout.

    Attributes:
        name: "serial", "fused", "vmap", "graphed" or "branches".
        lanes: networks an array holds.
        channels_last: the memory layout of images and activations.
    """

    name: str
    lanes: int
    channels_last: bool

    def __str__(self) -> str:
        lanes = "" if self.name == SERIAL else f", {self.lanes} lanes"
        return f"{self.name}{lanes}, {'channels last' if self.channels_last else 'channels first'}"

    def arrays(self, cells: int) -> int:
        """Number of arrays that `cells` lanes make."""
        return -(-cells // self.lanes)


def array_size(lanes: int, networks: int, device: str) -> int:
    """The number of lanes of an array for so many networks: no more than they need, on a CPU a multiple of 16.

    Args:
        lanes: of a full array.
        networks: to be trained in it, at least 1.
        device: "cuda", else a CPU.
    """
    step = 1 if device == "cuda" else LANE_ALIGNMENT
    return min(lanes, -(-networks // step) * step)


def training_bytes(
    lanes: int, weights: int, kept: int, batch_size: int, precision: str, micro_batch: int | None = None
) -> int:
    """Bytes that a training step of arrays takes at least, beside images, libraries and the interpreter.

    Args:
        lanes: networks that are held at once, idle ones included.
        weights: numbers that each learns.
        kept: numbers that its backward pass needs of one image.
        batch_size, precision, micro_batch: of the config.
    """
    images = min(micro_batch or batch_size, batch_size)
    of_weights = COPIES * weights * (8 if precision == "float64" else 4)
    return lanes * (of_weights + images * kept * KEPT.get(precision, 4))


def in_turn(networks: int, device: str) -> bool:
    """Whether so few networks are trained one after the other, wherever several may be trained together."""
    return device == "cpu" and networks <= FEW


def needs_calibration(engine: Engine) -> bool:
    """Whether the config's section `engine` leaves the strategy, or the size of arrays, to be measured."""
    return engine.strategy == AUTO or (engine.strategy != SERIAL and engine.lanes is None)


def candidates(engine: Engine, device: str, cells: int) -> list[Strategy]:
    """The strategies that the config's section `engine` allows.

    Args:
        engine: the section.
        device: "cpu" or "cuda".
        cells: lanes that one job trains.
    """
    names: list[str] = [engine.strategy]
    if names == [AUTO]:
        names = [SERIAL, FUSED, VMAP, GRAPHED, BRANCHES] if device == "cuda" else [SERIAL, FUSED, VMAP]
    layouts = _layouts(engine, device)
    return [
        Strategy(name, lanes, layout)
        for name in names
        for layout in ([False] if name == VMAP else layouts)  # vmap knows but this one
        for lanes in ([1] if name == SERIAL else _sizes(engine, device, cells, name))
    ]


def _layouts(engine: Engine, device: str) -> list[bool]:
    if engine.channels_last is not None:
        return [engine.channels_last]
    if device == "cpu":
        return [True]
    # Grouped convolutions may be much slower in either layout, depending on the card.
    return [False, True] if engine.strategy == AUTO else [False]


def _sizes(engine: Engine, device: str, cells: int, name: str) -> list[int]:
    if engine.lanes is not None:
        return [engine.lanes]
    if device == "cpu":
        enough = -(-cells // LANE_ALIGNMENT) * LANE_ALIGNMENT
        return list(range(LANE_ALIGNMENT, min(enough, LARGEST_CPU_ARRAY) + 1, LANE_ALIGNMENT))
    if name == BRANCHES:
        return sorted({size for size in BRANCH_LANES if size < cells} | {min(cells, BRANCH_LANES[-1])})
    sizes = sorted({*(size for size in GPU_LANES if size < cells), cells})
    return [1, *sizes] if name == GRAPHED and 1 not in sizes else sizes
