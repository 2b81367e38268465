"""Controls of noise at the chosen settings: what else could be done for the same cost, and where the noise goes.

Beside deterministic and stochastic pruning by magnitude: deterministic pruning with each output brought back to its
scale (after REPAIR), and with remaining weights that make up for the removed ones (as in SparseGPT); noise on the
scores alone, m(w_p) w*; and noise in units of each layer's scale, which is as large on the whole. Stochastic networks
are measured on the held-out images, too, so that the best of several can be chosen there.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import pandas as pd
from torch import nn

from prunescape.data.batches import Batches
from prunescape.pruning.repair import rescale
from prunescape.pruning.settings import MAGNITUDE
from prunescape.pruning.surgeon import compensate, inverse_factors
from prunescape.pruning.unstructured import Tensors, prunable
from prunescape.stochastic.chosen import of_method
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.names import (
    DETERMINISTIC,
    MASK_S_TO_D,
    RECALIBRATED,
    RELATIVE,
    RESCALED,
    SCORES_ALONE,
    STOCHASTIC,
    UPDATED,
)
from prunescape.stochastic.noise import root_mean_square
from prunescape.stochastic.populations import score_networks
from prunescape.stochastic.variants import Variant
from prunescape.training.evaluate import validation_batches

COLUMNS = (
    *("model", "seed", "control", "gamma", "sigma", "draw", "recalibrated"),
    *("held_out_top1", "held_out_loss", "top1", "loss"),
)


class Control(NamedTuple):
    """A network to be compared with others of its setting.

    Attributes:
        control: what it is, one of `prunescape.stochastic.names.CONTROLS`.
        gamma, sigma: the setting, whether it has noise or not.
        draw: of the noise; 0 of those without.
    """

    control: str
    gamma: float
    sigma: float
    draw: int = 0


def control_networks(best: Mapping[str, Any], draws: int, controls: Sequence[str]) -> list[Control]:
    """The networks at the setting that was chosen as pretrained, and at that which was chosen recalibrated.

    Args:
        best: see `prunescape.stochastic.chosen.of_method`.
        draws: networks with noise.
        controls: which; those that a network allows.
    """
    cells = dict.fromkeys([of_method(best, MAGNITUDE), of_method(best, RECALIBRATED)])
    noisy = (STOCHASTIC, SCORES_ALONE, RELATIVE)
    return [
        Control(control, *cell, draw)
        for cell in cells
        for control in controls
        for draw in range(draws if control in noisy else 1)
    ]


def measure_controls(
    context: PretrainedContext,
    best: Mapping[str, Any],
    draws: int,
    controls: Sequence[str],
    recalibration: Batches | None,
) -> pd.DataFrame:
    """Accuracies of the controls around one network, on held-out and on test images.

    Args:
        context: of the network.
        best, draws, controls: see `control_networks`.
        recalibration: batches on which batch norm is recalibrated, to evaluate a second time; None does not.

    Returns:
        One row a network, or two: `COLUMNS`; accuracies in percent.
    """
    wanted = control_networks(best, draws, controls)
    context.engine.set_up()
    # Once for all, as it takes longer than all else.
    factors = cache(lambda: inverse_factors(context.pretrained.network, context.sample, context.pretrained.exclude))
    parts = []
    for data, split in ((context.held_out, "train"), (context.data, "validation")):
        batches = validation_batches(data, context.engine, split)
        parts.append(score_networks(_made(context, wanted, factors), batches, context.engine, recalibration))
    held_out, test = parts
    scores = test.assign(held_out_top1=held_out["top1"], held_out_loss=held_out["loss"])
    names = pd.DataFrame(wanted, columns=list(Control._fields))
    table = names.merge(scores, left_index=True, right_on="network")
    table = table.sort_values(["recalibrated", "network"], ignore_index=True)
    return table.assign(model=context.pretrained.model, seed=context.pretrained.seed)[list(COLUMNS)]


def _made(context: PretrainedContext, wanted: Sequence[Control], factors: Callable[[], Tensors]) -> Iterator[nn.Module]:
    pretrained = context.pretrained
    exclude, sample = pretrained.exclude, context.sample
    relative, unit = (
        pretrained.with_relative_noise(),
        root_mean_square(prunable(pretrained.network, exclude=exclude).values()),
    )
    kinds = {STOCHASTIC: STOCHASTIC, SCORES_ALONE: MASK_S_TO_D}
    for control, gamma, sigma, draw in wanted:
        if control in kinds:
            yield pretrained.make(Variant(kinds[control], MAGNITUDE, gamma, sigma, draw))
            continue
        if control == RELATIVE:
            yield relative.make(Variant(STOCHASTIC, MAGNITUDE, gamma, sigma / unit, draw))
            continue
        plain = Variant(DETERMINISTIC, MAGNITUDE, gamma)
        if control == UPDATED:
            yield compensate(copy.deepcopy(pretrained.network), pretrained.masks(plain), factors())
        elif control == RESCALED:
            yield rescale(pretrained.make(plain), pretrained.network, sample, exclude)
        else:
            yield pretrained.make(plain)
