"""Strategies to train lanes on a device: those that there are, and whether one has to be chosen by measuring.

All strategies run the same program on arrays of lanes. `serial` arrays hold one lane, `fused` ones several, and
`graphed` ones run each training step as one captured CUDA graph. Light: used while the Snakefile is parsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prunescape.lanes import LANE_ALIGNMENT

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.engine import Engine

AUTO = "auto"
SERIAL, FUSED, GRAPHED = "serial", "fused", "graphed"
GPU_LANES = (4, 9, 16, 27, 48, 81)  # array sizes tried on a GPU
LARGEST_CPU_ARRAY = 64  # lanes; larger arrays only take memory


@dataclass(frozen=True)
class Strategy:
    """A strategy to train lanes: its name, the size of its arrays, and the memory layout.

    Attributes:
        name: "serial", "fused" or "graphed".
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


def needs_calibration(engine: "Engine") -> bool:
    """Whether the config's section `engine` leaves the strategy, or the size of arrays, to be measured."""
    return engine.strategy == AUTO or (engine.strategy != SERIAL and engine.lanes is None)


def candidates(engine: Mapping[str, Any], device: str, cells: int) -> list[Strategy]:
    """The strategies that the config's section `engine` allows.

    Args:
        engine: the section.
        device: "cpu" or "cuda".
        cells: lanes that one job trains.
    """
    names: list[str] = [engine["strategy"]]
    if names == [AUTO]:
        names = [SERIAL, FUSED, GRAPHED] if device == "cuda" else [SERIAL, FUSED]
    layouts = _layouts(engine, device)
    return [
        Strategy(name, lanes, layout)
        for name in names
        for layout in layouts
        for lanes in ([1] if name == SERIAL else _sizes(engine, device, cells, name))
    ]


def _layouts(engine: Mapping[str, Any], device: str) -> list[bool]:
    if engine["channels_last"] is not None:
        return [engine["channels_last"]]
    if device == "cpu":
        return [True]
    # Grouped convolutions may be much slower in either layout, depending on the card.
    return [False, True] if engine["strategy"] == AUTO else [False]


def _sizes(engine: Mapping[str, Any], device: str, cells: int, name: str) -> list[int]:
    if engine["lanes"] is not None:
        return [engine["lanes"]]
    if device == "cpu":
        enough = -(-cells // LANE_ALIGNMENT) * LANE_ALIGNMENT
        return list(range(LANE_ALIGNMENT, min(enough, LARGEST_CPU_ARRAY) + 1, LANE_ALIGNMENT))
    sizes = sorted({*(size for size in GPU_LANES if size < cells), cells})
    return sizes if name == FUSED or 1 in sizes else [1, *sizes]
