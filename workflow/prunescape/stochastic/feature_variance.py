"""Variance of the features of pruned networks against that of dense ones (SP paper, section IV-D).

The layers are all convolutions and fully connected layers that the network calls (attention calls none of its own), and
their outputs are taken before batch norm. Networks are
in evaluation mode: batch norm keeps the dense network's statistics unless the networks are recalibrated first. The
paper calls what it sees an explosion; its values, and ours, lie below 1: pruning makes the variance collapse, layer by
layer, and batch norm with the old statistics does not make up for it (Saikumar and Varghese, 2025, arXiv 2502.15790,
signal collapse).

A neuron is a channel at one pixel (or token), as the paper writes it, or a whole channel, over images and pixels, as
the code of its authors has it. Noise inflates the variance of the dense network, too, so that stochastic networks are
divided by the dense network with the same noise, as the paper has it, and by the one without.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import pandas as pd
import torch
from torch import nn

from prunescape.lanes.any_network import Alone
from prunescape.lanes.fuse import has_lane_layers
from prunescape.lanes.modules import LaneConv2d, LaneLinear
from prunescape.stochastic.names import RATIOS
from prunescape.stochastic.variants import (
    DENSE,
    DENSE_STOCHASTIC,
    MASK_D_TO_S,
    STOCHASTIC,
    Pretrained,
    Variant,
    variant_table,
)
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Labelled, arrays
from prunescape.training.recalibration import recalibrate
from prunescape.training.strategy import SERIAL

COLUMNS = ("model", "seed", "method", "gamma", "sigma", "kind", "recalibrated", "layer", *RATIOS)


@dataclass(frozen=True)
class LayerVariances:
    """Variances of the outputs of layers, for several networks.

    Attributes:
        layers: names of the L layers.
        values: (K, N, L, 2), float64, on the CPU; for K networks, N batches and L layers the sum over a layer's neurons
            of the neuron's variance: the neurons are channels at each pixel, and varied is the image; or they are
            channels, and varied are image and pixel.
    """

    layers: tuple[str, ...]
    values: torch.Tensor

    def of(self, lanes: Sequence[int]) -> "LayerVariances":
        """Variances of some of the networks."""
        return LayerVariances(self.layers, self.values[list(lanes)])


@torch.no_grad()
def layer_variances(
    networks: Iterable[nn.Module], batches: Labelled, engine: Engine, recalibration: Labelled | None = None
) -> LayerVariances:
    """Measure the variances of layers' outputs in plain networks of one architecture.

    Args:
        networks: they may be made one by one; memory holds one array of them, or one where they have layers that have
            no version for lanes.
        batches: training images (B, C, H, W) in batches of at least two, and labels, which are not used; gone through
            once an array.
        recalibration: batches on which batch norm is recalibrated before; None leaves it.
    """
    engine.set_up()
    parts: list[torch.Tensor] = []
    layers: tuple[str, ...] = ()
    waiting = iter(networks)
    first = next(waiting)
    if not has_lane_layers(first):  # within vmap outputs cannot be looked at
        engine = replace(engine, strategy=SERIAL, lanes=1)
    for array, lanes, count in arrays(chain([first], waiting), engine):
        if recalibration is not None:
            recalibrate(array, recalibration, engine)
        sums: dict[str, list[torch.Tensor]] = {}
        for name, module in (array.running if isinstance(array, Alone) else array).named_modules():
            if isinstance(module, LaneConv2d | LaneLinear | nn.Conv2d | nn.Linear):
                module.register_forward_hook(partial(_measure, sums.setdefault(name, []), lanes))
        array.eval()
        for images, _ in batches:
            with engine.autocast():
                array(images)
        sums = {name: of_batches for name, of_batches in sums.items() if of_batches}
        layers = tuple(sums)
        values = torch.stack([torch.stack(of_batches) for of_batches in sums.values()])  # (L, N, K, 2)
        parts.append(values.permute(2, 1, 0, 3)[:count].cpu())
    return LayerVariances(layers, torch.cat(parts))


def _measure(sums: list[torch.Tensor], lanes: int, _: nn.Module, __: object, output: torch.Tensor) -> None:
    exact = output.to(torch.float64)
    if exact.ndim == 3:  # (images, tokens, channels)
        exact = exact.transpose(1, 2)
    by_pixel, by_channel = exact.var(0), exact.var([0, *range(2, exact.ndim)])
    sums.append(torch.stack([variances.reshape(lanes, -1).sum(1) for variances in (by_pixel, by_channel)], 1))


def variance_ratios(pruned: LayerVariances, dense: LayerVariances) -> pd.DataFrame:
    """v_j, and so V: phi_j / Phi_j of each layer j, the mean over batches (SP paper, eq. 4).

    Of several networks phi_j is the mean over the pruned ones, as the paper has it for stochastic ones; Phi_j likewise
    is the mean over the dense ones, where the paper does not say which of the dense stochastic networks it takes.

    Args:
        pruned: of one network or more.
        dense: of its dense counterpart, or of the dense counterparts of several; on the same batches.

    Returns:
        One row a layer: layer, v and v_channel, of neurons at each pixel and of channels. The mean of v is V; NaN
        where a dense layer does not vary.
    """
    ratios = (pruned.values.mean(0) / dense.values.mean(0)).mean(0)
    by_pixel, by_channel = ratios.T.numpy()
    return pd.DataFrame({"layer": pruned.layers, "v": by_pixel, "v_channel": by_channel})


def feature_variance(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    batches: Labelled,
    engine: Engine,
    networks: Iterable[nn.Module] | None = None,
    recalibration: Labelled | None = None,
) -> pd.DataFrame:
    """The feature variance of pruned variants, one-shot or fine-tuned (SP paper, eq. 4, Fig. 5, Table III).

    Variants that differ in nothing but their draw are one cell; the paper has five. Their dense counterparts have the
    same weights before pruning: w*, or w* with the same noise.

    Args:
        pretrained: w*.
        variants: pruned ones.
        batches: training images in batches of at least two, without augmentation.
        networks: what the variants became by fine-tuning, in their order; None takes them as they are made.
        recalibration: batches on which all networks' batch norm is recalibrated, the dense ones' too; None leaves it.

    Returns:
        One row a cell and layer: `COLUMNS`. V is the mean of v over the layers; v_channel is that of channels; with the
        ending _clean the dense network is w*.
    """
    counterparts = [_counterpart(variant) for variant in variants]
    dense = list(dict.fromkeys([Variant(DENSE), *counterparts]))
    of_dense = layer_variances(map(pretrained.make, dense), batches, engine, recalibration)
    made = map(pretrained.make, variants) if networks is None else networks
    of_pruned = layer_variances(made, batches, engine, recalibration)
    cells: dict[Variant, list[int]] = {}
    for place, variant in enumerate(variants):
        cells.setdefault(replace(variant, draw=0), []).append(place)
    tables = []
    for cell, places in cells.items():
        matching = of_dense.of([dense.index(counterparts[place]) for place in places])
        pruned = of_pruned.of(places)
        clean = variance_ratios(pruned, of_dense.of([0]))
        ratios = variance_ratios(pruned, matching).assign(v_clean=clean["v"], v_channel_clean=clean["v_channel"])
        labels = variant_table(pretrained, [cell]).drop(columns="draw").assign(recalibrated=recalibration is not None)
        tables.append(labels.merge(ratios, how="cross"))
    return pd.concat(tables, ignore_index=True)


def _counterpart(variant: Variant) -> Variant:
    """The dense network with a variant's weights."""
    if variant.kind in (STOCHASTIC, MASK_D_TO_S):
        return Variant(DENSE_STOCHASTIC, sigma=variant.sigma, draw=variant.draw)
    return Variant(DENSE)
