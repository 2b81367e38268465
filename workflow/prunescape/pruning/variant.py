"""From a dense checkpoint to a pruned variant on disk, with a record of what pruning did."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from torch import nn

from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.flops import count_flops, count_parameters
from prunescape.io.files import read_json, write_json
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights, save_weights
from prunescape.pruning.latency import Stopwatch
from prunescape.pruning.settings import FLOPS, TARGETS, PruningSettings
from prunescape.pruning.structured import Start, prune
from prunescape.torchvision_compat import torchvision  # noqa: F401  (ptflops imports it)

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Source:
    """What is pruned.

    Attributes:
        architecture: of the network that tells which channels go.
        weights: its file; None takes the initial weights of `seed`.
        seed: of the study, where nothing is trained before pruning.
        dense: the dense network's architecture, where this network has been pruned before ...
        previous: ... and the record of that.
        rewound: weights that are cut instead, those that are gone back to.
        exact: whether it is an error to miss the ratio.
        saved: the folder that keeps widths found by latency.
    """

    architecture: Architecture
    weights: Path | None
    seed: int = 0
    dense: Architecture | None = None
    previous: Path | None = None
    rewound: Path | None = None
    exact: bool = True
    saved: Path | None = None

    def network(self) -> nn.Module:
        """The network that tells which channels go.

        Raises:
            UserError: its file is damaged, or holds NaNs and so nothing to rank.
        """
        if self.weights is None:
            return build(self.architecture, derive_seed(self.seed, "initialisation"))
        network = load_weights(self.weights, build(self.architecture))
        if any(parameter.isnan().any() for parameter in network.parameters()):
            what = "dense" if self.dense is None else "pruned"
            raise UserError(f"{self.weights}: the {what} network diverged at the prior; choose a smaller learning rate")
        return network

    def start(self) -> Start:
        """The same for `prune`."""
        rewound = None if self.rewound is None else load_weights(self.rewound, build(self.architecture))
        return Start(self.dense, rewound, self.exact, untrained=self.weights is None)


def prune_checkpoint(
    source: Source,
    method: str,
    ratio: float,
    settings: PruningSettings,
    *,
    architecture_path: Path,
    weights_path: Path,
    record_path: Path,
    report: Callable[[str], None],
    data: PreparedData | None = None,
) -> None:
    """Prune a network and write architecture, remaining weights and a record.

    The record has FLOPs and parameters of the dense and the pruned network, the achieved ratio, the ratio of FLOPs as
    ptflops counts it (it also counts batch norm, activations and pooling), and the widths of both; and what the target
    is, where it is not FLOPs, with what was measured.

    Raises:
        UserError: the ratio cannot be met, or the network has diverged.
    """
    network, architecture = source.network(), source.dense or source.architecture
    dense = build(architecture)
    record: dict[str, Any] = {
        "method": method,
        "target_ratio": ratio,
        "dense_flops": count_flops(dense, architecture.input_shape),
        "dense_params": count_parameters(dense),
    }
    dense_macs = _ptflops_macs(dense, architecture)

    stopwatch = Stopwatch(settings.clock, None if source.saved is None else FilePath(source.saved))
    pruned = prune(network, source.architecture, method, ratio, settings, data, source.start(), stopwatch)
    widths = {**source.architecture.widths, **pruned.architecture.widths}
    channels = pruned.dense if source.previous is None else read_json(source.previous)["dense_channels"]
    whole = [name for name, width in widths.items() if width == channels[name]]
    record |= {
        "flops": pruned.flops,
        "params": count_parameters(pruned.model),
        "achieved_ratio": pruned.ratio,
        "achieved_ratio_ptflops": _share(_ptflops_macs(pruned.model, architecture), dense_macs),
        "dense_channels": dict(channels),
        "channels": widths,
        "left_whole": whole,
    }
    if settings.target != FLOPS:
        record |= {"target": settings.target, **({"latency": dict(pruned.latency)} if pruned.latency else {})}
    report(f"{method} {ratio:g}: {pruned.ratio:.5f} of the {TARGETS[settings.target]} remain")
    if whole:
        report(f"layers that kept every channel: {', '.join(whole)}")
    save_weights(weights_path, pruned.model.state_dict())
    write_json(record_path, record)
    pruned.architecture.save(architecture_path)


def _ptflops_macs(model: Any, architecture: Architecture) -> float | None:
    """As ptflops counts; None where it cannot count a network that is not in the catalog."""
    from ptflops import get_model_complexity_info

    was_training = model.training
    try:
        macs, _ = get_model_complexity_info(
            model.eval(),
            architecture.input_shape,
            as_strings=False,
            print_per_layer_stat=False,
            backend="pytorch",
        )
    except Exception:
        if architecture.origin is None:
            raise
        return None
    finally:
        model.train(was_training)
    return None if macs is None else float(macs)


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
