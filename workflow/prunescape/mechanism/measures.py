"""Utility measured on the networks of one seed: at all sizes, by magnitude, by channel, and as a predictor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.errors import UserError
from prunescape.mechanism.sampling import ABLATIONS, SampleSettings, sample_utility, snapshots
from prunescape.mechanism.sparse_starts import sized_lane
from prunescape.mechanism.statistics import rank_correlations, utility_and_loss
from prunescape.mechanism.subsets import Weights, magnitude_bands
from prunescape.mechanism.utility import Ablations
from prunescape.models.build import build
from prunescape.models.weights import State
from prunescape.pruning.graph import Graph
from prunescape.training.context import Context

SUBSETS, CHANNELS = "subsets", "channels"
Report = Callable[[str], None]


def utility_of_sizes(
    context: Context,
    networks: Mapping[str, State],
    sizes: Sequence[float],
    samples: SampleSettings,
    report: Report,
    statistics: Batches | None = None,
) -> pd.DataFrame:
    """Utility in networks of several sizes, ablated by ratio and by number (utility paper, 2.2.1, Fig. 3, 4, 14).

    Args:
        context: what they are measured on.
        networks: by size as `%g` writes it.
        sizes: parts of the whole network's weights.
        samples: which subsets, by ratio and by number.
        statistics: batches on which batch norm is measured anew before anything is ablated; None leaves it.

    Returns:
        One row a subset: size, whole_top1 (percent, training images), whole_loss, and the columns of `sample_utility`.
    """
    reference, tables = len(Weights.of(build(context.architecture))), []
    states = {place: networks[f"{size:g}"] for place, size in enumerate(sizes)}
    for place, network in snapshots(context, states, statistics):
        size, ablations = sizes[place], Ablations(network, context.data, context.engine)
        kept = sized_lane(context.architecture, size, context.seed, 1.0, 0.0).mask
        whole = ablations.whole()
        report(f"network of size {size:g}")
        for ablation in ABLATIONS:
            table = sample_utility(ablations, replace(samples, ablation=ablation, reference=reference), kept, report)
            if len(table):
                tables.append(pd.DataFrame({"size": size, **whole}, index=table.index).join(table))
    return pd.concat(tables, ignore_index=True)


def utility_of_bands(
    context: Context, state: Mapping[str, torch.Tensor], levels: Sequence[float], bands: int
) -> pd.DataFrame:
    """Utility of weights that are neighbours in magnitude (utility paper, Fig. 1 right).

    Returns:
        One row a band: what `magnitude_bands` labels it with, and utility, top1, loss.

    Raises:
        UserError: no level has so many bands.
    """
    network = context.network(state)
    weights = Weights.of(network)
    subsets = magnitude_bands(weights, levels, bands)
    if not subsets:
        raise UserError(
            f"mechanism.bands: at none of mechanism.levels have the network's {len(weights)} weights {bands} different"
            " bands; write fewer bands, or larger levels"
        )
    return Ablations(network, context.data, context.engine).measure(subsets)


def utility_of_channels(context: Context, state: Mapping[str, torch.Tensor]) -> pd.DataFrame:
    """Utility of every channel by itself, and what pruning it costs (beyond the utility paper).

    Returns:
        One row a channel: layer, channel, ablated, utility, top1, loss, on training images; and top1_lost, the accuracy
        that it costs on validation images, in points.
    """
    network = context.network(state)
    groups = Graph(network, context.architecture).groups
    train, validation = _of_both_splits(context, network)
    table, again = train.measure_channels(groups), validation.measure_channels(groups)
    by = ["layer", "channel"]
    lost = utility_and_loss(table, again, validation.whole()["whole_top1"], by)
    return table.merge(lost[[*by, "top1_lost"]], on=by, validate="one_to_one")


def does_utility_predict(
    context: Context,
    state: Mapping[str, torch.Tensor],
    channels: pd.DataFrame,
    samples: SampleSettings,
    report: Report | None = None,
) -> pd.DataFrame:
    """Rank correlations of utility, on training images, with the accuracy that pruning costs, on validation images.

    Args:
        context: what the network is measured on.
        state: its weights.
        channels: what `utility_of_channels` gives.
        samples: which subsets.

    Returns:
        One row a group: of ("subsets", random ones of one level, or "channels"), level (NaN for channels), and subsets,
        correlation, p, low, high of `rank_correlations`.
    """
    train, validation = _of_both_splits(context, context.network(state))
    measured, again = (sample_utility(ablations, samples, report=report) for ablations in (train, validation))
    by = ["level", "subset"]
    common = measured[by].merge(again[by], on=by)  # where the standard error ends sets, they may be of unlike size
    measured, again = (table.merge(common, on=by) for table in (measured, again))
    lost = utility_and_loss(measured, again, validation.whole()["whole_top1"], by)
    tables = [rank_correlations(lost.assign(of=SUBSETS), ["of", "level"], seed=context.seed)]
    tables.append(rank_correlations(channels.assign(of=CHANNELS), ["of"], seed=context.seed))
    return pd.concat(tables, ignore_index=True)


def _of_both_splits(context: Context, network: nn.Module) -> tuple[Ablations, Ablations]:
    train, validation = (Ablations(network, context.data, context.engine, split) for split in ("train", "validation"))
    return train, validation
