"""What the benchmarks share: the machine in words, generated data, tables, and their common options."""

import argparse
import csv
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "workflow"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from prunescape.data.prepared import PreparedData, write_prepared  # noqa: E402
from prunescape.models.architecture import Architecture  # noqa: E402
from prunescape.models.build import build  # noqa: E402
from prunescape.models.flops import count_flops  # noqa: E402
from prunescape.runtime.hardware import processor  # noqa: E402

OUTPUT = PROJECT / "docs" / "benchmarks"
SHAPES = {"small_resnet": (1, 8, 8), "small_vit": (1, 8, 8)}  # the demo's; all others read 32x32 colour images
STEP_PASSES = 3  # a training step costs three forward passes: forward, and backward to activations and to weights

Row = dict[str, Any]


def options(description: str | None, add: Callable[[argparse.ArgumentParser], None] | None = None) -> Any:
    """The command line: --device, --output, --smoke, and what `add` adds."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the tables (default: docs/benchmarks)")
    parser.add_argument("--smoke", action="store_true", help="as little work as possible, to see that it runs")
    if add is not None:
        add(parser)
    return parser.parse_args()


def machine(device: str) -> Row:
    """What this machine is."""
    described = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    if device == "cuda":
        described |= {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    return described


def save(arguments: Any, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table, and write them and the machine's description."""
    device = arguments.device
    table = Table(title=f"{name} ({device})")
    for column in rows[0]:
        table.add_column(column, justify="left" if isinstance(rows[0][column], str) else "right")
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    write(arguments, name, rows)


def write(arguments: Any, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows, and the machine's description, in the place of earlier ones."""
    device = arguments.device
    arguments.output.mkdir(parents=True, exist_ok=True)
    with (arguments.output / f"{name}_{device}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    description = json.dumps(machine(device), indent=2) + "\n"
    (arguments.output / f"machine_{device}.json").write_text(description, encoding="utf-8")


def shown(value: Any) -> str:
    """A value for people: three digits, as a rule."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else str(value)


def architecture_of(model: str) -> Architecture:
    """A model for ten classes of the images that it is measured on."""
    return Architecture(model, SHAPES.get(model, (3, 32, 32)), 10)


def training_flops(architecture: Architecture) -> int:
    """FLOPs of training on one image, 2 a multiply-add."""
    return STEP_PASSES * count_flops(build(architecture), architecture.input_shape)


def generated(folder: Path, architecture: Architecture, images: int) -> PreparedData:
    """Images of noise, prepared; as many for training, and a few for validation."""
    numbers = np.random.default_rng(0)
    arrays = {
        split: (
            numbers.integers(0, 256, (count, *architecture.input_shape), dtype=np.uint8),
            np.arange(count) % architecture.classes,
        )
        for split, count in (("train", images), ("validation", 16))
    }
    side = architecture.input_shape[1]
    classes = [str(label) for label in range(architecture.classes)]
    return write_prepared(folder, arrays, name="generated", classes=classes, crop=side, pad=side // 8, flip=True)


def usual_precision(device: str) -> str:
    """The arithmetic that `engine.precision: auto` takes."""
    return "tf32" if device == "cuda" else "float32"


def synchronise(device: str) -> None:
    """Wait until the device has done all it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def timed(device: str, run: Callable[[], list[float]]) -> tuple[float, list[float]]:
    """Seconds that a function takes, and what it gives."""
    synchronise(device)
    start = time.perf_counter()
    found = run()
    synchronise(device)
    return time.perf_counter() - start, found
