"""Decoding image files into a memory-mapped array. Light: imported anew by every worker process."""

import multiprocessing
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
from PIL import Image

from prunescape.data.progress import progress
from prunescape.data.sources.interface import Report
from prunescape.errors import UserError

BLOCK = 64  # images a task
SHOWN = 3  # unreadable files that the message names


def decode(path: str | Path, size: int) -> np.ndarray:
    """An image file as RGB, its shorter side scaled to `size` pixels, the centre cut out: uint8, 3,size,size.

    The arithmetic is that of torchvision's Resize(size) and CenterCrop(size) on PIL images.
    """
    with Image.open(path) as file:
        image = _rgb(file)
    width, height = image.size
    short = min(width, height)
    width, height = int(size * width / short), int(size * height / short)
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - size) / 2), round((height - size) / 2)
    return np.asarray(image.crop((left, top, left + size, top + size))).transpose(2, 0, 1)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip to 255 rather than scale
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image.convert("RGB")


def decode_block(array: str, start: int, paths: Sequence[str]) -> list[str]:
    """Decode `paths` into the `.npy` file `array` (uint8, N,3,S,S) from position `start`; say what failed."""
    out = np.load(array, mmap_mode="r+", allow_pickle=False)
    failures = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks about metadata, of which large collections have many
        for position, path in enumerate(paths, start):
            try:
                out[position] = decode(path, out.shape[-1])
            except Exception as error:  # decoders raise nearly anything on broken files
                reason = " ".join(str(error).replace(repr(path), "").split()) or type(error).__name__
                failures.append(f"{path} ({reason})")
    return failures


def decode_all(out: np.memmap, paths: Sequence[str], workers: int, label: str, report: Report) -> None:
    """Decode `paths` into `out` (uint8, N,3,S,S), a memory-mapped `.npy` file, in up to `workers` processes.

    Raises:
        UserError: files could not be read (the first few are named), or a worker was killed.
    """
    array = str(out.filename)
    failures: list[str] = []
    with progress(len(paths), label, report) as advance:
        for count, failed in _blocks(array, paths, workers):
            failures += failed
            advance(count)
    if failures:
        first = ", ".join(sorted(failures)[:SHOWN])
        more = f" and {len(failures) - SHOWN} more" if len(failures) > SHOWN else ""
        raise UserError(f"{len(failures)} unreadable image files: {first}{more}; replace or remove them and run again")


def _blocks(array: str, paths: Sequence[str], workers: int) -> Iterator[tuple[int, list[str]]]:
    """Decode block by block; yields how many images each block has, and its failures, in any order."""
    starts = range(0, len(paths), BLOCK)
    if workers <= 1 or len(starts) <= 1:
        for start in starts:
            block = paths[start : start + BLOCK]
            yield len(block), decode_block(array, start, block)
        return
    # Spawned, not forked: the caller may have threads (BLAS, a progress bar) that a fork would leave broken.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(starts)), mp_context=context) as pool:
        try:
            tasks: dict[Future[list[str]], int] = {}
            for start in starts:
                block = list(paths[start : start + BLOCK])
                tasks[pool.submit(decode_block, array, start, block)] = len(block)
            for task in as_completed(tasks):
                yield tasks[task], task.result()
        except BrokenProcessPool:
            remedy = "most likely memory ran out; run again with fewer --cores"
            raise UserError(f"a process that decoded images was killed; {remedy}") from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
