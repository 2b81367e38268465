"""Architecture, training images and engine with which networks are measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData, load_prepared
from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError
from prunescape.mechanism.sampling import SampleSettings
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.lane import LaneResult
from prunescape.training.recalibration import recalibration_batches


@dataclass(frozen=True)
class Setting:
    """Architecture, data, engine and seed with which the networks of one training are measured.

    Attributes:
        architecture: the networks'.
        data: prepared data; its split "train" holds the images that utility and surfaces are measured on.
        engine: where it runs.
        seed: of the pretrained network, and of the subsets.
    """

    architecture: Architecture
    data: PreparedData
    engine: Engine
    seed: int

    def network(self, state: Mapping[str, torch.Tensor]) -> nn.Module:
        """A plain network with these weights, on the CPU."""
        network = build(self.architecture)
        network.load_state_dict(dict(state))
        return network.eval()

    def statistics(self, batch_size: int | None) -> Batches | None:
        """The batches on which batch norm is measured anew at every point; None for no batch size, which leaves it."""
        return None if batch_size is None else recalibration_batches(self.data, self.engine, batch_size)

    def samples(self, section: Mapping[str, Any], **values: Any) -> SampleSettings:
        """Settings of sample sets: levels, subsets and standard_error of a config section, and the values given."""
        return SampleSettings(
            levels=section["levels"],
            subsets=section["subsets"],
            standard_error=section["standard_error"],
            seed=self.seed,
            **values,
        )


def open_setting(architecture: str | Path, data: str | Path, settings: Mapping[str, Any], threads: int) -> Setting:
    """Load the architecture, data and engine with which networks are measured.

    Args:
        architecture: its JSON file.
        data: the prepared data's `meta.json`.
        settings: engine, the config's section; images, how many training images are measured on, each class in
            proportion to its share (None, all); seed.
        threads: CPU cores of this job.

    Raises:
        UserError: a file is damaged, or there are fewer images than classes.
    """
    engine = Engine.from_config(settings["engine"], threads)
    engine.set_up()
    prepared, images = load_prepared(data), settings["images"]
    if images is not None and images < prepared.sizes["train"]:
        labels = prepared.labels("train")
        if images < len(set(labels.tolist())):
            raise UserError(f"mechanism.images is {images}, fewer than there are classes; write more, or null for all")
        prepared = prepared.only("train", stratified_choice(labels, images, derive_seed(0, "measured images")))
    return Setting(load_architecture(architecture), prepared, engine, settings["seed"])


def check_trained(results: Mapping[str, LaneResult]) -> None:
    """Make sure that networks trained from scratch, by name, did not diverge.

    Raises:
        UserError: one did.
    """
    for name, result in results.items():
        if result.diverged:
            raise UserError(f"the {name} diverged after {len(result.history)} epochs; choose a smaller learning_rate")
