"""The start of all experiments on one pretrained network: the network, its data, and the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.held_out import hold_out
from prunescape.data.prepared import PreparedData
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.pruning.scores import GraspSettings
from prunescape.stochastic.variants import Pretrained
from prunescape.training.context import Context, open_context
from prunescape.training.recalibration import recalibration_batches


@dataclass(frozen=True)
class PretrainedContext(Context):
    """The context of a pretrained network: the images that it was trained on, and those that it has not seen.

    Attributes:
        pretrained: w*, on the engine's device.
        held_out: the training images that it has not seen, as the split "train".
        sample: some of the images it was trained on, not augmented, the same each time; batch norm is recalibrated,
            GraSP scores weights, and gradient flow and feature variance are measured on them.
    """

    pretrained: Pretrained
    held_out: PreparedData
    sample: Batches

    @property
    def has_batch_norm(self) -> bool:
        """Whether the network has batch norm."""
        return any(isinstance(module, nn.BatchNorm2d) for module in self.pretrained.network.modules())

    @property
    def recalibration(self) -> Batches | None:
        """The images on which batch norm is recalibrated; None where there is none."""
        return self.sample if self.has_batch_norm else None


def open_pretrained(files: Any, settings: Mapping[str, Any], threads: int) -> PretrainedContext:
    """Load a pretrained network and its data.

    Args:
        files: by name: architecture, data (the prepared data's `meta.json`), weights, and what `chosen_strategy` reads.
        settings: seed; stage, the experiment; held_out, sample, perturbed, exclude and grasp of the config's section
            `stochastic`; batch_size and drop_last of the recipe; and engine, the section of that name.

    Raises:
        UserError: a file is damaged, too few images are left for every class, or a weight is not finite.
    """
    context = open_context(files, settings, threads)
    engine = context.engine
    network = load_weights(files["weights"], build(context.architecture)).to(engine.device, engine.dtype).eval()
    kept, held_out = hold_out(context.data, settings["held_out"])
    images = min(settings["sample"] or kept.sizes["train"], kept.sizes["train"])
    sample = recalibration_batches(kept, engine, settings["batch_size"], images, drop_last=settings["drop_last"])
    pretrained = Pretrained(
        context.architecture.name,
        context.seed,
        network,
        settings["perturbed"],
        sample,
        settings["stage"],
        settings["exclude"],
        GraspSettings(**settings["grasp"]),
    )
    return PretrainedContext(context.architecture, kept, engine, context.seed, pretrained, held_out, sample)
