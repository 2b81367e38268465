"""The context of the study's measurements, with the training images that the config allows for them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError
from prunescape.mechanism.labels import WHOLE
from prunescape.models.weights import State, load_networks
from prunescape.runtime.logs import logged
from prunescape.training import context
from prunescape.training.context import Context, NetworkJob
from prunescape.training.recalibration import recalibration_batches


def open_context(files: Any, settings: Mapping[str, Any], threads: int) -> Context:
    """Load the context of measurements; its split "train" holds the images that utility and surfaces are measured on.

    Args:
        files: by name: architecture, data (the prepared data's `meta.json`), and what `chosen_strategy` reads.
        settings: engine, the config's section; images, how many training images are measured on, each class in
            proportion to its share (None, all); seed.

    Raises:
        UserError: a file is damaged, or there are fewer images than classes.
    """
    whole, images = context.open_context(files, settings, threads), settings["images"]
    if images is None or images >= whole.data.sizes["train"]:
        return whole
    labels = whole.data.labels("train")
    if images < len(set(labels.tolist())):
        raise UserError(f"mechanism.images is {images}, fewer than there are classes; write more, or null for all")
    chosen = stratified_choice(labels, images, derive_seed(0, "measured images"))
    return replace(whole, data=whole.data.only("train", chosen))


def statistics_batches(context: Context, batches: Mapping[str, Any] | None) -> Batches | None:
    """The batches on which batch norm is measured anew at every point; None for None, which leaves it.

    Args:
        context: what is measured on.
        batches: batch_size and drop_last of the recipe.
    """
    return None if batches is None else recalibration_batches(context.data, context.engine, **batches)


@dataclass(frozen=True, kw_only=True)
class MeasuringJob(NetworkJob):
    """A job that measures networks of one model, while it runs.

    Attributes:
        context: what they are measured on.
    """

    context: Context

    @property
    def pretrained(self) -> State:
        """The pretrained network of full size."""
        return load_networks(self.files.sizes)[WHOLE]

    def statistics(self) -> list[Batches | None]:
        """For each way of batch norm between networks what it is measured on at every point; None where it is not."""
        return [statistics_batches(self.context, batches) for batches in self.settings["statistics"]]


@contextmanager
def measuring(snakemake: Any) -> Iterator[MeasuringJob]:
    """Run a script's body as a job that measures; `snakemake` is what Snakemake gives a script."""
    with logged(snakemake) as logger:
        settings, files, wildcards = snakemake.params.settings, snakemake.input, dict(snakemake.wildcards.items())
        opened = open_context(files, settings, snakemake.threads)
        labels = {"model": wildcards["model"], **({"seed": opened.seed} if "seed" in wildcards else {})}
        yield MeasuringJob(
            settings=settings,
            files=files,
            output=snakemake.output,
            labels=labels,
            report=logger.info,
            context=opened,
        )
