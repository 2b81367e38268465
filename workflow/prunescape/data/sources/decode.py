"""Decoding image files into a memory-mapped array. Light: imported anew by every worker process."""

import multiprocessing
import re
import statistics
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin

from prunescape.data.progress import progress
from prunescape.data.sources.interface import Report
from prunescape.errors import UserError

BLOCK = 64  # images a task
LOOKED_AT = 100  # images whose size is read
SHOWN = 3  # unreadable files that the message names


class NotKeptError(ValueError):
    """An image has numbers that 8 bits a channel, grey or RGB, do not hold."""


def decode(path: str | Path, size: int, channels: int = 3, as_published: bool = False) -> np.ndarray:
    """An image file, its shorter side scaled to `size` pixels, the centre cut out: uint8, channels,size,size.

    The arithmetic is that of torchvision's Resize(size) and CenterCrop(size) on PIL images.

    Args:
        path: the file.
        size: in pixels.
        channels: 1 for grey, 3 for RGB.
        as_published: whether whatever the file holds becomes RGB as Pillow does it, and lies as it is stored, which is
            how ImageNet is used. Else it lies as viewers show it (EXIF), and what would lose numbers is refused.

    Raises:
        NotKeptError: the file holds more than 8 bits a channel of grey or RGB.
    """
    with Image.open(path) as file:
        image = file.convert("RGB") if as_published else _kept(file).convert("L" if channels == 1 else "RGB")
    width, height = image.size
    short = min(width, height)
    width, height = int(size * width / short), int(size * height / short)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - size) / 2), round((height - size) / 2)
    pixels = np.asarray(image.crop((left, top, left + size, top + size)))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def usual_side(paths: Sequence[str]) -> int | None:
    """The shorter side of image files, in pixels: the median of some that lie evenly; None if none can be read."""
    sides = []
    for path in paths[:: max(1, len(paths) // LOOKED_AT)]:
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(path) as file:
                sides.append(min(file.size))
        except Exception:  # decoders raise nearly anything on broken files; decoding it will say so
            continue
    return int(statistics.median(sides)) if sides else None


def is_grey(path: str | Path) -> bool:
    """Whether an image file has no colours by its header; one that cannot be read counts as grey."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as file:
            if file.mode in ("P", "PA"):
                colours = np.array(file.getpalette() or [0, 0, 0]).reshape(-1, 3)
                return bool((colours == colours[:, :1]).all())
            return file.mode in ("1", "L", "LA", "La", "F") or file.mode.startswith("I")
    except Exception:  # decoders raise nearly anything on broken files; decoding it will say so
        return True


def _kept(file: ImageFile.ImageFile) -> Image.Image:
    """An opened image with all its numbers as 8 bits a channel, as viewers turn it.

    Raises:
        NotKeptError: that cannot be.
    """
    frames = getattr(file, "n_frames", 1)
    if frames > 1 and file.format != "MPO":  # cameras keep a preview in a second frame
        raise NotKeptError(f"{frames} images in one file; save each as a file of its own")
    channels = file.tag_v2.get(277, 1) if isinstance(file, TiffImagePlugin.TiffImageFile) else 0
    if channels > len(file.getbands()):
        read = len(file.getbands())
        raise NotKeptError(f"{channels} channels, of which {read} would be read; see arrays in docs/data.md")
    if _is_cut(file):
        raise NotKeptError("more than 8 bits a channel, which would be cut; scale it to 8 bits")
    image = ImageOps.exif_transpose(file)
    if image.mode == "F" or image.mode.startswith("I"):
        numbers = np.asarray(image)
        whole = np.clip(np.nan_to_num(numbers, nan=-1.0), 0, 255).astype(np.uint8)
        if not np.array_equal(whole, numbers):
            span = f"numbers from {numbers.min():g} to {numbers.max():g}, and whole ones from 0 to 255 are kept"
            raise NotKeptError(f"{span}; scale all images alike")
        return Image.fromarray(whole)
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise NotKeptError(f"its colours are {image.mode}, not RGB; convert it, with its colour profile")
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        raise NotKeptError("transparent pixels, which have no colour of their own; put it on a background")
    return image


def _is_cut(file: ImageFile.ImageFile) -> bool:
    """Whether Pillow cuts the channels of a file to 8 bits while it reads it; it keeps those of grey images."""
    if file.mode == "F" or file.mode.startswith("I"):
        return False
    raw = [tile.args for tile in file.tile]
    if file.format == "PPM":
        return any(isinstance(args, tuple) and isinstance(args[-1], int) and args[-1] > 255 for args in raw)
    # Not BMP's BGR;16, which is 5, 6 and 5 bits.
    return any(re.search(r"(RGB|LA|CMYK)\w*;16", str(args)) for args in raw)


def decode_block(array: str, start: int, paths: Sequence[str], as_published: bool) -> list[str]:
    """Decode `paths` into the `.npy` file `array` (uint8, N,C,S,S) from position `start`; say what failed."""
    out = np.load(array, mmap_mode="r+", allow_pickle=False)
    failures = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks about metadata, of which large collections have many
        for position, path in enumerate(paths, start):
            try:
                out[position] = decode(path, out.shape[-1], out.shape[1], as_published)
            except Exception as error:  # decoders raise nearly anything on broken files
                reason = " ".join(str(error).replace(repr(path), "").split()) or type(error).__name__
                failures.append(f"{path} ({reason})")
    return failures


def decode_all(
    out: np.memmap, paths: Sequence[str], workers: int, label: str, report: Report, as_published: bool = False
) -> None:
    """Decode `paths` into `out` (uint8, N,C,S,S), a memory-mapped `.npy` file, in up to `workers` processes.

    Raises:
        UserError: files could not be read, or not with all their numbers (the first few are named); or a worker was
            killed.
    """
    array = str(out.filename)
    failures: list[str] = []
    with progress(len(paths), label, report) as advance:
        for count, failed in _blocks(array, paths, workers, as_published):
            failures += failed
            advance(count)
    if failures:
        first = ", ".join(sorted(failures)[:SHOWN])
        more = f" and {len(failures) - SHOWN} more" if len(failures) > SHOWN else ""
        raise UserError(f"{len(failures)} unreadable image files: {first}{more}; replace or remove them and run again")


def _blocks(array: str, paths: Sequence[str], workers: int, as_published: bool) -> Iterator[tuple[int, list[str]]]:
    """Decode block by block; yields how many images each block has, and its failures, in any order."""
    starts = range(0, len(paths), BLOCK)
    if workers <= 1 or len(starts) <= 1:
        for start in starts:
            block = paths[start : start + BLOCK]
            yield len(block), decode_block(array, start, block, as_published)
        return
    # Spawned, not forked: the caller may have threads (BLAS, a progress bar) that a fork would leave broken.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(starts)), mp_context=context) as pool:
        try:
            tasks: dict[Future[list[str]], int] = {}
            for start in starts:
                block = list(paths[start : start + BLOCK])
                tasks[pool.submit(decode_block, array, start, block, as_published)] = len(block)
            for task in as_completed(tasks):
                yield tasks[task], task.result()
        except BrokenProcessPool:
            remedy = "most likely memory ran out; run again with fewer --cores"
            raise UserError(f"a process that decoded images was killed; {remedy}") from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
