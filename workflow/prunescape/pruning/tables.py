"""Tables of pruned networks: what they cost, and how many channels they keep. Light: no torch here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.files import read_json

_RATIOS = ("target_ratio", "achieved_ratio", "achieved_ratio_ptflops")


def pruning_table(records: Sequence[tuple[tuple[str, str], Path]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`pruning.csv` and the table of channels.

    Args:
        records: files that `prune_checkpoint` wrote, each with (model, variant); several where a variant's networks
            differ from seed to seed, and then their means stand in the tables, counts rounded to whole ones.

    Returns:
        model, variant, flops, params, latency_ms (where latency is the target), target_ratio, achieved_ratio,
        achieved_ratio_ptflops, with the dense network first; and model, variant, layer, position, channels,
        dense_channels.
    """
    rows: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    read: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for key, path in records:
        read.setdefault(key, []).append(read_json(path))
    seen: set[str] = set()
    for (model, variant), found in read.items():
        first, name = found[0], {"model": model, "variant": variant}
        if model not in seen:
            seen.add(model)
            dense = {"flops": first["dense_flops"], "params": first["dense_params"]}
            dense |= {"latency_ms": first.get("latency", {}).get("dense_ms")}
            rows.append({"model": model, "variant": "dense", **dense} | dict.fromkeys(_RATIOS, 1.0))
            channels += _channel_rows(model, "dense", first["dense_channels"], first["dense_channels"])
        counts = {key: round(_mean([record[key] for record in found]) or 0) for key in ("flops", "params")}
        latency = _mean([record.get("latency", {}).get("ms") for record in found])
        rows.append(
            {**name, **counts, "latency_ms": latency} | {key: _mean([of[key] for of in found]) for key in _RATIOS}
        )
        kept = {layer: round(_mean([of["channels"][layer] for of in found]) or 0) for layer in first["channels"]}
        channels += _channel_rows(model, variant, kept, first["dense_channels"])
    return pd.DataFrame(rows), pd.DataFrame(channels)


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean; of equal values that very value; None where one is unknown."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return known[0] if len(set(known)) == 1 else sum(known) / len(known)


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
