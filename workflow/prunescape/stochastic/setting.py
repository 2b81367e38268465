"""The start of all experiments on one pretrained network: the network, its data, and the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prunescape.data.batches import Batches
from prunescape.data.held_out import hold_out
from prunescape.data.prepared import PreparedData, load_prepared
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.stochastic.variants import Pretrained
from prunescape.training.engine import Engine
from prunescape.training.recalibration import recalibration_batches


@dataclass(frozen=True)
class Setting:
    """A pretrained network and what it is studied on.

    Attributes:
        architecture: the network's.
        pretrained: w*, on the engine's device.
        data: the images it was trained on, and the test images as the split "validation".
        held_out: the training images that it has not seen, as the split "train".
        sample: some of the images it was trained on, not augmented, the same each time; batch norm is recalibrated,
            GraSP scores weights, and gradient flow and feature variance are measured on them.
        engine: where it runs.
    """

    architecture: Architecture
    pretrained: Pretrained
    data: PreparedData
    held_out: PreparedData
    sample: Batches
    engine: Engine


def open_setting(
    architecture: str | Path, weights: str | Path, data: str | Path, settings: Mapping[str, Any], threads: int
) -> Setting:
    """Load a pretrained network and its data.

    Args:
        architecture: its JSON file.
        weights: its safetensors file.
        data: the prepared data's `meta.json`.
        settings: seed; held_out, sample and perturbed of the config's section `stochastic`; batch_size; and engine, the
            section of that name.
        threads: CPU cores of this job.

    Raises:
        UserError: a file is damaged, too few images are left for every class, or a weight is not finite.
    """
    engine = Engine.from_config(settings["engine"], threads)
    engine.set_up()
    described = load_architecture(architecture)
    network = load_weights(weights, build(described)).to(engine.device, engine.dtype).eval()
    kept, held_out = hold_out(load_prepared(data), settings["held_out"])
    images = min(settings["sample"] or kept.sizes["train"], kept.sizes["train"])
    sample = recalibration_batches(kept, engine, settings["batch_size"], images)
    pretrained = Pretrained(described.name, settings["seed"], network, settings["perturbed"], sample)
    return Setting(described, pretrained, kept, held_out, sample, engine)
