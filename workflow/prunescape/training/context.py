"""The context of trained and measured networks: their architecture, their data, the engine, and the seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prunescape.data.prepared import PreparedData, load_prepared
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine


@dataclass(frozen=True)
class Context:
    """Architecture, data, engine and seed with which networks are trained or measured.

    Attributes:
        architecture: the networks'.
        data: prepared training and validation splits.
        engine: where it runs.
        seed: the study seed; what is drawn at random, images and subsets among it, follows from it.
    """

    architecture: Architecture
    data: PreparedData
    engine: Engine
    seed: int

    def network(self, state: Mapping[str, torch.Tensor]) -> nn.Module:
        """A plain network with the weights of a state dict, on the CPU, in evaluation mode."""
        network = build(self.architecture)
        network.load_state_dict(dict(state))
        return network.eval()


def open_context(architecture: str | Path, data: str | Path, settings: Mapping[str, Any], threads: int) -> Context:
    """Load the context of networks that are measured, and prepare this process for its engine.

    Args:
        architecture: its JSON file.
        data: the prepared data's `meta.json`.
        settings: engine, the config's section of that name; and seed.

    Raises:
        UserError: a file is damaged.
    """
    engine = Engine.from_config(settings["engine"], threads)
    engine.set_up()
    return Context(load_architecture(architecture), load_prepared(data), engine, settings["seed"])
