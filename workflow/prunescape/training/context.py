"""The context of trained and measured networks: their architecture, their data, the engine, the seed, and the job."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd
import torch
from torch import nn

from prunescape.data.prepared import PreparedData, load_prepared
from prunescape.io.files import read_json, write_csv
from prunescape.io.tables import first_columns
from prunescape.models.architecture import Architecture, load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_state
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

    def fitting(self, networks: int) -> Self:
        """A copy for a training of so many networks in all; see `Engine.fitting`."""
        return replace(self, engine=self.engine.fitting(networks))

    def network(self, state: Mapping[str, torch.Tensor]) -> nn.Module:
        """A plain network with the weights of a state dict, on the CPU, in evaluation mode."""
        network = build(self.architecture)
        load_state(network, state)
        return network.eval()


def chosen_strategy(files: Any) -> Mapping[str, Any] | None:
    """The choice that `calibrate` made for a job, by the job's files; None where the config leaves nothing to it.

    Args:
        files: by name. `strategy` is read by a job that trains cells, `companion` by one of a companion study, which
            also looks into its networks: it takes the fastest way in which it can.
    """
    if path := files.get("strategy"):
        return dict(read_json(path))
    if path := files.get("companion"):
        made = read_json(path)
        return {**made, **made["companion"]}
    return None


def open_context(files: Any, settings: Mapping[str, Any], threads: int) -> Context:
    """Load the context of networks that are measured, and prepare this process for its engine.

    Args:
        files: by name: architecture, data (the prepared data's `meta.json`), and what `chosen_strategy` reads.
        settings: engine, the config's section of that name; and seed.

    Raises:
        UserError: a file is damaged.
    """
    engine = Engine.from_settings(settings["engine"], threads, chosen_strategy(files))
    engine.set_up()
    return Context(load_architecture(files["architecture"]), load_prepared(files["data"]), engine, settings["seed"])


@dataclass(frozen=True, kw_only=True)
class NetworkJob:
    """A job that trains or measures networks of one model, while it runs.

    Attributes:
        settings: the step's.
        files, output: what it reads and makes, by name.
        labels: the first columns of its tables, by name: the model, and the seed of a job that looks at one.
        report: is given one line of progress at a time.
    """

    settings: Mapping[str, Any]
    files: Any
    output: Any
    labels: Mapping[str, Any]
    report: Callable[[str], None]

    def write(self, name: str, table: pd.DataFrame, columns: Sequence[str] = ()) -> None:
        """Write a table with the labels of the job; these columns come first, or the labels."""
        write_csv(self.output[name], first_columns(table.assign(**self.labels), columns or [*self.labels]))
