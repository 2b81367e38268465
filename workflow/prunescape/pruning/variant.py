"""From a dense checkpoint to a pruned variant on disk, with a record of what pruning did."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.files import read_json, write_json
from prunescape.flops import count_flops, count_parameters
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights, save_weights
from prunescape.pruning.structured import PruningSettings, prune
from prunescape.torchvision_compat import torchvision  # noqa: F401  (ptflops imports it)

Path = str | os.PathLike[str]


def prune_checkpoint(
    architecture: Architecture,
    checkpoint: Path,
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
    """Prune the dense network in `checkpoint` and write architecture, remaining weights and a record.

    The record has FLOPs and parameters of the dense and the pruned network, the achieved ratio, the same ratio as
    ptflops counts it (it also counts batch norm, activations and pooling), and the widths of both.

    Raises:
        UserError: the ratio cannot be met, or the checkpoint holds NaNs and so nothing to rank.
    """
    dense = load_weights(checkpoint, build(architecture))
    if any(parameter.isnan().any() for parameter in dense.parameters()):
        raise UserError(f"{checkpoint}: the dense network diverged at the prior; choose a smaller learning rate")
    record: dict[str, Any] = {
        "method": method,
        "target_ratio": ratio,
        "dense_flops": count_flops(dense, architecture.input_shape),
        "dense_params": count_parameters(dense),
    }
    dense_macs = _ptflops_macs(dense, architecture)

    pruned = prune(dense, architecture, method, ratio, settings, data)
    record |= {
        "flops": pruned.flops,
        "params": count_parameters(pruned.model),
        "achieved_ratio": pruned.ratio,
        "achieved_ratio_ptflops": _share(_ptflops_macs(pruned.model, architecture), dense_macs),
        "dense_channels": dict(pruned.dense),
        "channels": dict(pruned.architecture.widths),
        "left_whole": list(pruned.whole),
    }
    report(f"{method} {ratio:g}: {pruned.ratio:.5f} of the FLOPs remain")
    if pruned.whole:
        report(f"layers that kept every channel: {', '.join(pruned.whole)}")
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


def pruning_table(records: Mapping[tuple[str, str], Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`pruning.csv` and the table of channels.

    Args:
        records: files that `prune_checkpoint` wrote, by (model, variant).

    Returns:
        model, variant, flops, params, target_ratio, achieved_ratio, achieved_ratio_ptflops, with the dense network
        first; and model, variant, layer, position, channels, dense_channels.
    """
    rows: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    seen: set[str] = set()
    for (model, variant), path in records.items():
        record = read_json(path)
        if model not in seen:
            seen.add(model)
            dense = {"flops": record["dense_flops"], "params": record["dense_params"]}
            rows.append({"model": model, "variant": "dense", **dense} | dict.fromkeys(_RATIOS, 1.0))
            channels += _channel_rows(model, "dense", record["dense_channels"], record["dense_channels"])
        row = {"model": model, "variant": variant, "flops": record["flops"], "params": record["params"]}
        rows.append(row | {name: record[name] for name in _RATIOS})
        channels += _channel_rows(model, variant, record["channels"], record["dense_channels"])
    return pd.DataFrame(rows), pd.DataFrame(channels)


_RATIOS: Sequence[str] = ("target_ratio", "achieved_ratio", "achieved_ratio_ptflops")


def _channel_rows(
    model: str, variant: str, channels: Mapping[str, int], dense: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            "model": model,
            "variant": variant,
            "layer": layer,
            "position": position,
            "channels": kept,
            "dense_channels": dense[layer],
        }
        for position, (layer, kept) in enumerate(channels.items())
    ]
