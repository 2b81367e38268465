"""The context of the study's measurements, with the training images that the config allows for them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError
from prunescape.training import context
from prunescape.training.context import Context
from prunescape.training.recalibration import recalibration_batches


def open_context(architecture: str | Path, data: str | Path, settings: Mapping[str, Any], threads: int) -> Context:
    """Load the context of measurements; its split "train" holds the images that utility and surfaces are measured on.

    Args:
        architecture: its JSON file.
        data: the prepared data's `meta.json`.
        settings: engine, the config's section; images, how many training images are measured on, each class in
            proportion to its share (None, all); seed.
        threads: CPU cores of this job.

    Raises:
        UserError: a file is damaged, or there are fewer images than classes.
    """
    whole, images = context.open_context(architecture, data, settings, threads), settings["images"]
    if images is None or images >= whole.data.sizes["train"]:
        return whole
    labels = whole.data.labels("train")
    if images < len(set(labels.tolist())):
        raise UserError(f"mechanism.images is {images}, fewer than there are classes; write more, or null for all")
    chosen = stratified_choice(labels, images, derive_seed(0, "measured images"))
    return replace(whole, data=whole.data.only("train", chosen))


def statistics_batches(context: Context, batch_size: int | None) -> Batches | None:
    """The batches on which batch norm is measured anew at every point; None for no batch size, which leaves it."""
    return None if batch_size is None else recalibration_batches(context.data, context.engine, batch_size)
