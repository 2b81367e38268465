"""Doubts about stored images: without content, identical, in both splits, of several classes."""

import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from prunescape.errors import UserError

CHUNK = 256  # images looked at at once


class Stored(NamedTuple):
    """A split as it is stored.

    Attributes:
        images: uint8, N,C,H,W; may be memory-mapped.
        labels: int64, N.
        name: gives the name of the image at a position.
    """

    images: np.ndarray
    labels: np.ndarray
    name: Callable[[int], str]


def examine(splits: Mapping[str, Stored], classes: list[str]) -> list[str]:
    """Warnings about images, a line each.

    Args:
        splits: those called "train" and "validation".
        classes: names of the classes.

    Raises:
        UserError: the images of a split are all constant, or all the same: nothing can be learnt from them.
    """
    warnings = []
    hashes: dict[str, list[bytes]] = {}
    for split, stored in splits.items():
        hashes[split], constant = _looked_at(stored.images)
        count, first = len(constant), stored.name(int(constant.argmax()))
        remedy = "were their numbers lost on the way, such as 8 bits in files of 16?"
        if constant.all():
            raise UserError(f"all {count} {split} images are constant, as {first} is: a number a channel; {remedy}")
        if count > 1 and len(set(hashes[split])) == 1:
            raise UserError(f"all {count} {split} images are the same as {first}; {remedy}")
        if constant.any():
            warnings.append(f"{constant.sum()} of {count} {split} images are constant, such as {first}")
        warnings += _uniform_classes(split, stored.labels, hashes[split], classes)
    return [*warnings, *_across(splits, hashes), *_of_two_classes(splits, hashes, classes)]


def _looked_at(images: np.ndarray) -> tuple[list[bytes], np.ndarray]:
    """A hash of each image, and whether all of its channels are constant: bool, N."""
    hashes: list[bytes] = []
    constant = np.zeros(len(images), dtype=bool)
    for start in range(0, len(images), CHUNK):
        block = np.ascontiguousarray(images[start : start + CHUNK])
        channels = block.reshape(*block.shape[:2], -1)
        constant[start : start + CHUNK] = (channels == channels[:, :, :1]).all(axis=(1, 2))
        hashes += [hashlib.sha256(image).digest()[:16] for image in block]
    return hashes, constant


def _uniform_classes(split: str, labels: np.ndarray, hashes: list[bytes], classes: list[str]) -> list[str]:
    """A line for each class all of whose images are one."""
    counts = np.bincount(labels, minlength=len(classes))
    different: list[set[bytes]] = [set() for _ in classes]
    for label, content in zip(labels.tolist(), hashes, strict=True):
        different[label].add(content)
    return [
        f"all {counts[label]} {split} images of the class {name} are the same"
        for label, name in enumerate(classes)
        if counts[label] > 1 and len(different[label]) == 1
    ]


def _across(splits: Mapping[str, Stored], hashes: Mapping[str, list[bytes]]) -> list[str]:
    """A line for images that are in both splits."""
    learnt = {content: position for position, content in reversed([*enumerate(hashes["train"])])}
    known = [position for position, content in enumerate(hashes["validation"]) if content in learnt]
    if not known:
        return []
    there, here = splits["train"].name(learnt[hashes["validation"][known[0]]]), splits["validation"].name(known[0])
    which = f"{len(known)} of {len(hashes['validation'])} validation images are also training images"
    return [f"{which}, such as {here} and {there}: accuracy on them says nothing; remove one of each"]


def _of_two_classes(splits: Mapping[str, Stored], hashes: Mapping[str, list[bytes]], classes: list[str]) -> list[str]:
    """A line for images that are of several classes."""
    seen: dict[bytes, tuple[int, str, int]] = {}
    mixed = {}
    for split, stored in splits.items():
        for position, (label, content) in enumerate(zip(stored.labels.tolist(), hashes[split], strict=True)):
            first = seen.setdefault(content, (label, split, position))
            if first[0] != label and content not in mixed:
                mixed[content] = (first, (label, split, position))
    if not mixed:
        return []
    pair = next(iter(mixed.values()))
    example = " and ".join(f"{splits[split].name(at)} ({classes[label]})" for label, split, at in pair)
    return [f"{len(mixed)} images are of several classes, such as {example}"]
