"""Costs of training: FLOPs, time and disk, from what was measured where there is something, else from assumptions."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from prunescape.data.epoch import steps_an_epoch
from prunescape.data.own_files import count_channels, count_images, geometry
from prunescape.hpspace.questions import LANES
from prunescape.overview.study import CHECKPOINT, Row, Study, Training
from prunescape.plan.cost import training_flops

# FLOPs of one forward pass by pixel of the image: nearly the same at every size, since all the costly layers are
# convolutions (a test counts them).
PER_PIXEL = {
    "small_resnet": 4_250,
    "resnet20": 79_200,
    "resnet32": 134_500,
    "resnet44": 189_800,
    "resnet56": 245_000,
    "resnet110": 494_000,
    "mobilenetv2": 581_000,
    "resnet50": 163_000,
    "resnet18_cifar": 1_085_000,
    "resnet50_cifar": 2_535_000,
    "vgg19_cifar": 778_000,
    "vanilla_cnn": 23_600,
    # These do depend on the image: at 32, 32, 8 and 32 pixels, of 3, 3, 1 and 3 channels.
    "mlp": 4_620,
    "vit": 402_400,
    "small_vit": 2_250,
    "vit_small": 244_800,
}
# Above so many pixels a side, MobileNetV2 has other strides.
LARGE, PER_PIXEL_LARGE = 64, {"mobilenetv2": 12_500}
RGB = 3  # channels
MEASURED, CALIBRATED = "finished tiles", "calibration"
SCALED, ASSUMPTION = "other finished tiles by FLOPs", "assumed speed"


@dataclass(frozen=True)
class Speed:
    """A rough idea of a device: effective FLOP/s, and seconds that every training step takes beside its FLOPs."""

    flops: float
    step_seconds: float


# Where nothing was measured: one core of a current server. A GPU's speed is the config's `cluster.teraflops`.
ASSUMED_CORE = Speed(3.0e10, 1.0e-3)
GPU_STEP_SECONDS = 1.0e-2


@dataclass(frozen=True)
class Time:
    """Device time of a cell.

    Attributes:
        seconds: of one device: a GPU, or a core.
        source: how it is known, in words.
        device: "gpu" or "cpu".
    """

    seconds: float
    source: str
    device: str


@dataclass
class _Measured:
    units: float = 0.0
    seconds: float = 0.0
    device: str = ""


@dataclass
class Costs:
    """Costs of the trainings of a study; `finished` are those whose tables may tell how long they took."""

    study: Study
    finished: Iterable[Training] = ()
    measured: dict[Row, _Measured] = field(init=False)

    def __post_init__(self) -> None:
        self.sizes, self.bytes_of_data = _data(self.study)
        self.measured = _timings(self.finished, self.study.config.engine.threads, self.units)

    def forward_flops(self, row: Row) -> float | None:
        """FLOPs of one forward pass of one image; None where the model is not known and nothing was built yet."""
        kept = self.study.part(row)
        for variant, part in ((row.variant, 1.0), ("dense", kept)):
            described = _json(self.study.network(Row(row.model, variant)))
            if isinstance(described.get("flops"), int):
                return described["flops"] * part
        data = self.study.config.data
        side = geometry(data.name, data.directory, data.image_size).crop
        by_pixel = (PER_PIXEL_LARGE if side > LARGE else {}).get(row.model, PER_PIXEL.get(row.model))
        return None if by_pixel is None else by_pixel * side**2 * kept

    def cell_flops(self, row: Row) -> float | None:
        """FLOPs of one training by the recipe, its validation too; None where they cannot be told."""
        forward = self.forward_flops(row)
        if forward is None or self.sizes is None:
            return None
        return training_flops(round(forward), 1, self.sizes, self.study.recipe(row))

    def flops(self, training: Training) -> float | None:
        """FLOPs of a job; None where they cannot be told."""
        of_cell = self.cell_flops(training.row)
        return None if of_cell is None else of_cell * self._lengths(training)

    def _lengths(self, training: Training) -> float:
        """A job's epochs, all cells together, in those of the recipe."""
        epochs = [epochs for epochs, _ in training.shapes]
        return sum(epochs) / self.study.recipe(training.row).epochs if epochs else training.cells

    def units(self, training: Training) -> float:
        """Number of trainings by the recipe that take as long as a job, all its cells together."""
        if not training.shapes:
            return training.cells
        row, device = training.row, self._assumed_device()
        flops, speed = self.cell_flops(row) or 0.0, self.assumed_speed(device)
        steps = sum(self._steps(row, *shape) for shape in training.shapes)
        seconds = flops * self._lengths(training) / speed.flops + steps * speed.step_seconds
        return seconds / self.assumed_seconds(flops, device, row)

    def cell_time(self, row: Row) -> Time | None:
        """Device time of one training by the recipe, by the best source there is; None if its FLOPs cannot be told."""
        network = self.study.fresh.get(row)
        alike = [of for of, base in self.study.fresh.items() if network is not None and base == network]
        for known in filter(None, map(self.measured.get, [row, *alike])):  # finalists tell of confirmation, too
            if known.units:
                return Time(known.seconds / known.units, MEASURED, known.device)
        calibrated = self._calibrated(row)
        if calibrated is not None:
            return calibrated
        flops = self.cell_flops(row)
        if flops is None:
            return None
        for others in ([of for of in self.measured if of.model == row.model], list(self.measured)):
            speed, device = self._speed(others)
            if speed:
                return Time(flops / speed, SCALED, device)
        device = self._assumed_device()
        return Time(self.assumed_seconds(flops, device, row), ASSUMPTION, device)

    def _assumed_device(self) -> str:
        return "cpu" if self.study.config.engine.device == "cpu" else "gpu"

    def assumed_seconds(self, flops: float, device: str, row: Row) -> float:
        """Seconds of a training of so many FLOPs on a "gpu", or on one core of a "cpu", if nothing was measured."""
        speed = self.assumed_speed(device)
        return flops / speed.flops + self._steps(row) * speed.step_seconds

    def assumed_speed(self, device: str) -> Speed:
        """The assumed speed of a "gpu", or of one core of a "cpu"."""
        if device == "cpu":
            return ASSUMED_CORE
        return Speed(1e12 * self.study.config.cluster.teraflops, GPU_STEP_SECONDS)

    def _steps(self, row: Row, epochs: int | None = None, batch_size: int | None = None) -> int:
        """Steps of one training, by the row's recipe where nothing else is said."""
        recipe = self.study.recipe(row)
        images = 1 if self.sizes is None else self.sizes["train"]
        an_epoch = steps_an_epoch(images, batch_size or recipe.batch_size, recipe.drop_last)
        return an_epoch * (recipe.epochs if epochs is None else epochs)

    def _speed(self, rows: Iterable[Row]) -> tuple[float, str]:
        """FLOPs a second over all finished cells of `rows`, and their device."""
        flops = seconds = 0.0
        device = ""
        for row in rows:
            of_cell, known = self.cell_flops(row), self.measured[row]
            if of_cell is not None and known.seconds > 0:
                flops += of_cell * known.units
                seconds += known.seconds
                device = known.device
        return (flops / seconds if seconds else 0.0), device

    def _calibrated(self, row: Row) -> Time | None:
        """The time that the rule `calibrate` measured for a step of all cells of a tile, where it has run."""
        network = self.study.fresh.get(row, row)
        variant = "dense" if row.variant == CHECKPOINT else network.variant
        calibration = _json(Path(self.study.plan.run.strategy.format(model=row.model, variant=variant)))
        cells = self.study.lattice(row.model).alike
        try:
            lanes = calibration["lanes"] if network == row else min(calibration["lanes"], LANES)
            measured = [of for of in calibration["measured"] if of["name"] == calibration["strategy"]]
            chosen = min(measured, key=lambda of: abs(of["lanes"] - lanes))
            device = _device(calibration["device"])
            arrays = ceil(cells / chosen["lanes"])
            cores = min(self.study.config.engine.threads, arrays) if device == "cpu" else 1
            step = chosen["tile_ms"] / 1000 / cells * cores
            return None if self.sizes is None else Time(step * self._steps(row), CALIBRATED, device)
        except (KeyError, TypeError, StopIteration, ZeroDivisionError):
            return None

    def bytes_of(self, training: Training) -> int:
        """Disk that the results of a job take: a row a cell in the tables, and one in the history for each epoch."""
        epochs = self.study.recipe(training.row).epochs
        return 400 * training.cells + round(110 * epochs * self._lengths(training))


# A job's own files beside what grows with its cells: tables, log, and Snakemake's records of them, in blocks of 4 KiB.
BYTES_PER_JOB = 8 * 4096


def _timings(finished: Iterable[Training], threads: int, units: Callable[[Training], float]) -> dict[Row, _Measured]:
    """Device seconds of finished trainings, from `<tile>.timing.csv`, or from a table that has them itself.

    Args:
        finished: the trainings.
        threads: cores of a job. Arrays of cells take one each; only a cell by itself takes them all.
        units: how many trainings by the recipe a job is as long as.
    """
    measured: dict[Row, _Measured] = {}
    for training in finished:
        timing = training.result.with_suffix(".timing.csv")
        try:
            with (timing if timing.is_file() else training.result).open(encoding="utf-8", newline="") as file:
                rows = [(float(row["seconds"]), row["device"]) for row in csv.DictReader(file)]
        except (OSError, ValueError, KeyError, TypeError, csv.Error):  # none, or damaged: the job that reads it tells
            continue
        known = measured.setdefault(training.row, _Measured())
        known.units += units(training) * len(rows) / training.cells
        for seconds, device in rows:
            known.device = _device(device)
            known.seconds += seconds * (threads if known.device == "cpu" and training.cells == 1 else 1)
    return measured


def _device(description: str) -> str:
    return "cpu" if str(description).startswith("cpu") else "gpu"


def _json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _data(study: Study) -> tuple[dict[str, int] | None, int | None]:
    """Images of each split, and bytes of the prepared arrays; None where they cannot be told yet."""
    meta, section = _json(Path(study.plan.run.meta)), study.config.data
    sizes = {split: meta.get(f"n_{split}") for split in ("train", "validation")}
    if not all(isinstance(size, int) for size in sizes.values()):
        found = count_images(section.name, section.directory, section.validation_fraction)
        sizes = {split: getattr(section, f"{split}_size") or of for split, of in zip(sizes, found, strict=True)}
    means = meta.get("mean")
    channels = len(means) if isinstance(means, list) else count_channels(section.name, section.directory)
    channels = channels or RGB  # of folders, until they are prepared
    pixels = channels * geometry(section.name, section.directory, section.image_size).stored ** 2
    known = {split: size for split, size in sizes.items() if size is not None}
    return (known, sum(known.values()) * (pixels + 8)) if len(known) == len(sizes) else (None, None)
