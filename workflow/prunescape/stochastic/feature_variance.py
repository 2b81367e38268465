"""How much more, or less, the features of pruned networks vary than those of dense ones (SP paper, section IV-D).

The layers are all convolutions and fully connected layers, and their outputs are taken before batch norm. Networks are
in evaluation mode: batch norm keeps the dense network's statistics unless the networks are recalibrated first, which is
what lets the variance explode.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import torch
from torch import nn

from prunescape.lanes.modules import LaneConv2d, LaneLinear
from prunescape.stochastic.recalibration import recalibrate
from prunescape.stochastic.variants import DENSE, DENSE_STOCHASTIC, DETERMINISTIC, STOCHASTIC, Pretrained, Variant
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Labelled, arrays

DRAWS = 5  # stochastic networks whose layers are averaged, in the SP paper


@dataclass(frozen=True)
class LayerVariances:
    """Variances of layers' outputs.

    Attributes:
        layers: names of the L layers.
        values: (K, N, L), float64, on the CPU; for K networks, N batches and L layers the sum over a layer's neurons,
            which are the channels at each pixel, of the neuron's variance across the batch.
    """

    layers: tuple[str, ...]
    values: torch.Tensor

    def of(self, lanes: Sequence[int]) -> "LayerVariances":
        """Those of some of the networks."""
        return LayerVariances(self.layers, self.values[list(lanes)])


@torch.no_grad()
def layer_variances(
    networks: Iterable[nn.Module], batches: Labelled, engine: Engine, recalibration: Labelled | None = None
) -> LayerVariances:
    """Measure plain networks of one architecture.

    Args:
        networks: they may be made one by one; memory holds one array of them.
        batches: training images (B, C, H, W) in batches of at least two, and labels, which are not used; gone through
            once an array.
        engine: where it runs.
        recalibration: batches on which batch norm is recalibrated before; None leaves it.
    """
    engine.set_up()
    parts: list[torch.Tensor] = []
    layers: tuple[str, ...] = ()
    for array, count in arrays(networks, engine):
        if recalibration is not None:
            recalibrate(array, recalibration, engine)
        found: dict[str, list[torch.Tensor]] = {}
        for name, module in array.named_modules():
            if isinstance(module, LaneConv2d | LaneLinear):
                module.register_forward_hook(partial(_measure, found.setdefault(name, []), engine.lanes))
        array.eval()
        for images, _ in batches:
            with engine.autocast():
                array(images)
        layers = tuple(found)
        values = torch.stack([torch.stack(of_batches) for of_batches in found.values()])  # (L, N, K)
        parts.append(values.permute(2, 1, 0)[:count].cpu())
    return LayerVariances(layers, torch.cat(parts))


def _measure(found: list[torch.Tensor], lanes: int, _: nn.Module, __: object, output: torch.Tensor) -> None:
    found.append(output.to(torch.float64).var(0).view(lanes, -1).sum(1))


def variance_ratios(pruned: LayerVariances, dense: LayerVariances) -> pd.DataFrame:
    """v_j, and so V: phi_j / Phi_j of each layer j, the mean over batches (SP paper, eq. 4).

    Of several networks phi_j is the mean over the pruned ones, as the paper has it for stochastic ones; Phi_j likewise
    is the mean over the dense ones, where the paper does not say which of the dense stochastic networks it takes.

    Args:
        pruned: of one network or more.
        dense: of its dense counterpart, or of the dense counterparts of several; on the same batches.

    Returns:
        One row a layer: layer, v. The mean of v is V; NaN where a dense layer does not vary.
    """
    ratios = pruned.values.mean(0) / dense.values.mean(0)
    return pd.DataFrame({"layer": pruned.layers, "v": ratios.mean(0).numpy()})


def one_shot_feature_variance(
    pretrained: Pretrained,
    methods: Sequence[str],
    gammas: Sequence[float],
    sigmas: Sequence[float],
    batches: Labelled,
    engine: Engine,
    draws: int = DRAWS,
    recalibration: Labelled | None = None,
) -> pd.DataFrame:
    """The feature variance of deterministic and stochastic networks before any fine-tuning (SP paper, Fig. 5).

    Args:
        pretrained: w*.
        methods, gammas, sigmas: what is pruned how, every combination.
        batches: training images in batches, without augmentation.
        engine: where it runs.
        draws: stochastic networks a combination.
        recalibration: batches on which pruned networks' batch norm is recalibrated, and the dense ones' too; None
            leaves it.

    Returns:
        One row a network kind and layer: model, seed, method, gamma, sigma (0 for deterministic), kind, recalibrated,
        layer, v. V is the mean of v over the layers.
    """
    tables = []
    for sigma in (0.0, *sigmas):
        dense_kind, kind, numbers = (
            (DENSE_STOCHASTIC, STOCHASTIC, range(draws)) if sigma else (DENSE, DETERMINISTIC, range(1))
        )
        cells = [(method, gamma) for method in methods for gamma in gammas]
        wanted = [Variant(dense_kind, sigma=sigma, draw=draw) for draw in numbers]
        # The draws of a cell are scattered, so that neighbours share their noise and scores.
        wanted += [Variant(kind, method, gamma, sigma, draw) for draw in numbers for method, gamma in cells]
        measured = layer_variances(map(pretrained.make, wanted), batches, engine, recalibration)
        dense = measured.of(numbers)
        for number, (method, gamma) in enumerate(cells):
            places = [len(numbers) + len(cells) * draw + number for draw in numbers]
            ratios = variance_ratios(measured.of(places), dense)
            labels = {"model": pretrained.model, "seed": pretrained.seed, "method": method, "gamma": gamma}
            labels |= {"sigma": sigma, "kind": kind, "recalibrated": recalibration is not None}
            tables.append(ratios.assign(**labels)[[*labels, *ratios.columns]])
    return pd.concat(tables, ignore_index=True)
