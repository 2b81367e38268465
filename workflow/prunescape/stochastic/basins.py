"""Whether noise leaves the basin: barriers between stochastic, deterministic and dense networks (SP paper, section V).

The paper explores "the basin of attraction around one solution" and takes for granted that what it finds lies in it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
import torch
from torch import nn

from prunescape.pruning.scores import MAGNITUDE
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.fine_tuning import FineTuned
from prunescape.stochastic.names import (
    DENSE_TO_DP,
    DENSE_TO_SP,
    DETERMINISTIC,
    DP_TO_SP,
    FINE_TUNED,
    ONE_SHOT,
    STOCHASTIC,
)
from prunescape.stochastic.variants import Variant
from prunescape.training.barriers import barrier, line

COLUMNS = ("model", "seed", "gamma", "sigma", "stage", "line", "draw")
MEASURED = ("error_barrier", "loss_barrier", "top1_start", "top1_end")
OF_POINT = ("alpha", "top1", "loss")
State = Mapping[str, torch.Tensor]


class Basins(NamedTuple):
    """Lines between networks.

    Attributes:
        barriers: one row a line and stage: `COLUMNS`; error_barrier (points) and loss_barrier, see
            `prunescape.training.barriers.barrier`; and top1_start and top1_end, accuracies of the two ends in percent.
        points: one row a point of a line: `COLUMNS`; alpha, 0 at the first end and 1 at the second; top1 in percent;
            and loss, the mean cross-entropy.
    """

    barriers: pd.DataFrame
    points: pd.DataFrame


def basins(
    context: PretrainedContext,
    variants: Sequence[Variant],
    tuned: FineTuned,
    gamma: float,
    sigma: float,
    points: int,
    draws: int,
) -> Basins:
    """Barriers on the straight lines between w*, the deterministic network of a cell and its stochastic ones.

    They are of magnitude, right after pruning and after fine-tuning, on the test images. Batch norm is recalibrated at
    every point of a line: between networks its statistics fit none of them (Jordan et al., 2023).

    Args:
        context: the pretrained network.
        variants: what was fine-tuned.
        tuned: what `prunescape.stochastic.fine_tuning.fine_tune` gave for them.
        gamma, sigma: of the cell.
        points: on each line, both ends included.
        draws: stochastic networks at most.

    Returns:
        Tables without rows where the deterministic network of the cell was not fine-tuned.
    """
    pretrained, rows, along = context.pretrained, [], []
    plain = Variant(DETERMINISTIC, MAGNITUDE, gamma)
    noisy = [Variant(STOCHASTIC, MAGNITUDE, gamma, sigma, draw) for draw in range(draws)]
    labels = {"model": pretrained.model, "seed": pretrained.seed, "gamma": gamma, "sigma": sigma}
    for stage in (ONE_SHOT, FINE_TUNED) if plain in variants else ():
        networks: dict[Variant, nn.Module] = {
            variant: pretrained.make(variant) if stage == ONE_SHOT else tuned.networks[variants.index(variant)]
            for variant in [plain, *noisy]
            if variant in variants
        }
        states = {variant: network.state_dict() for variant, network in networks.items()}
        dense = pretrained.network.state_dict()
        lines: list[tuple[str, int, State, State]] = [(DENSE_TO_DP, 0, dense, states[plain])]
        for variant in states:
            if variant != plain:
                lines.append((DENSE_TO_SP, variant.draw, dense, states[variant]))
                lines.append((DP_TO_SP, variant.draw, states[plain], states[variant]))
        for name, draw, start, end in lines:
            measured = line(
                pretrained.network,
                (start, end),
                context.data,
                context.engine,
                points=points,
                statistics=context.recalibration,
                split="validation",
            )
            error, loss = measured.error.mean(1), measured.loss.mean(1)
            here = {**labels, "stage": stage, "line": name, "draw": draw}
            along += [
                {**here, "alpha": float(alpha), "top1": 100.0 - float(wrong), "loss": float(nats)}
                for alpha, wrong, nats in zip(measured.alphas, error, loss, strict=True)
            ]
            rows.append(
                {
                    **here,
                    "error_barrier": float(barrier(error, measured.alphas)),
                    "loss_barrier": float(barrier(loss, measured.alphas)),
                    "top1_start": 100.0 - float(error[0]),
                    "top1_end": 100.0 - float(error[-1]),
                }
            )
    return Basins(pd.DataFrame(rows, columns=[*COLUMNS, *MEASURED]), pd.DataFrame(along, columns=[*COLUMNS, *OF_POINT]))
