"""Tables of pruned networks: what they cost, and how many channels they keep. Light: no torch here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.io.files import read_json
from prunescape.variant import DENSE

_RATIOS = ("target_ratio", "achieved_ratio", "achieved_ratio_ptflops")


def pruning_tables(
    records: Sequence[str | Path], variants: Sequence[tuple[str, Mapping[str, Any]]]
) -> dict[str, pd.DataFrame]:
    """`pruning.csv` and the table of channels, by name: pruning, channels.

    Args:
        records: files that `prune_checkpoint` wrote; several where a variant's networks differ from seed to seed, and
            then their means stand in the tables, counts rounded to whole ones.
        variants: the model of each and the first columns of its variant, see `Variant.row`.

    Returns:
        A row a network, the dense one first: model, variant and its columns, flops, params, latency_ms (where latency
        is the target), target_ratio, achieved_ratio, achieved_ratio_ptflops; and a row a layer: model, variant and its
        columns, layer, position, channels, dense_channels.
    """
    rows: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []
    read: dict[tuple[str, str], list[dict[str, Any]]] = {}
    columns: dict[tuple[str, str], Mapping[str, Any]] = {}
    for (model, variant), path in zip(variants, records, strict=True):
        key = (model, variant["variant"])
        columns[key] = {"model": model, **variant}
        read.setdefault(key, []).append(read_json(path))
    seen: set[str] = set()
    for key, found in read.items():
        first, name, model = found[0], columns[key], key[0]
        if model not in seen:
            seen.add(model)
            dense = {"flops": first["dense_flops"], "params": first["dense_params"]}
            dense |= {"latency_ms": first.get("latency", {}).get("dense_ms")}
            of_dense = {"model": model, **DENSE.row()}
            rows.append({**of_dense, **dense} | dict.fromkeys(_RATIOS, 1.0))
            channels += _channel_rows(of_dense, first["dense_channels"], first["dense_channels"])
        counts = {key: round(_mean([record[key] for record in found]) or 0) for key in ("flops", "params")}
        latency = _mean([record.get("latency", {}).get("ms") for record in found])
        rows.append(
            {**name, **counts, "latency_ms": latency} | {key: _mean([of[key] for of in found]) for key in _RATIOS}
        )
        kept = {layer: round(_mean([of["channels"][layer] for of in found]) or 0) for layer in first["channels"]}
        channels += _channel_rows(name, kept, first["dense_channels"])
    return {"pruning": pd.DataFrame(rows), "channels": pd.DataFrame(channels)}


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean; of equal values that very value; None where one is unknown."""
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return known[0] if len(set(known)) == 1 else sum(known) / len(known)


def _channel_rows(
    name: Mapping[str, Any], channels: Mapping[str, int], dense: Mapping[str, int]
) -> list[dict[str, Any]]:
    return [
        {
            **name,
            "layer": layer,
            "position": position,
            "channels": kept,
            "dense_channels": dense[layer],
        }
        for position, (layer, kept) in enumerate(channels.items())
    ]
