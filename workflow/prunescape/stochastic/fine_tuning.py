"""Fine-tuning of pruned variants, with their masks held (SP paper, section IV-E)."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.pruning.scores import MAGNITUDE
from prunescape.stochastic.context import PretrainedContext
from prunescape.stochastic.feature_variance import COLUMNS as VARIANCE_COLUMNS
from prunescape.stochastic.feature_variance import feature_variance
from prunescape.stochastic.gradient_flow import gradient_flow_table, gradient_norm
from prunescape.stochastic.names import DETERMINISTIC, FINE_TUNED, ONE_SHOT
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import Pretrained, Variant, variant_table
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.evaluate import validation_batches
from prunescape.training.recipe import LIVE
from prunescape.training.train import Lane, Report, Task, train


class FineTuned(NamedTuple):
    """Fine-tuned networks and their accuracies.

    Attributes:
        table: one row a variant: model, seed, method, gamma, sigma, kind, draw, top1 (after the last epoch), best_top1,
            train_loss, diverged.
        networks: the fine-tuned networks, plain, on the CPU.
    """

    table: pd.DataFrame
    networks: list[nn.Module]


class TuningTables(NamedTuple):
    """Tables of the study on fine-tuning.

    Attributes:
        accuracies: one row a variant: the columns of `FineTuned.table`, and one_shot_top1, one_shot_top1_recalibrated;
            gradient_flow and gradient_norm (after fine-tuning), and with one_shot_ before.
        variances: feature variance, see `prunescape.stochastic.feature_variance`, of the variants scored by magnitude;
            with a column stage, "one_shot" or "fine_tuned".
    """

    accuracies: pd.DataFrame
    variances: pd.DataFrame


def fine_tune(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    task: Task,
    learning_rate: float,
    weight_decay: float,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
) -> FineTuned:
    """Train variants on from their one-shot weights; what was pruned stays zero.

    Args:
        pretrained: w*.
        variants: of it, pruned or not.
        task: the network's architecture, data, recipe (in the paper 100 epochs, cosine, gradients clipped at 0.1, by
            value and with frozen batch norm in its authors' code), engine, and the seed of order and augmentation.
        learning_rate: initial, 1e-4 in the paper.
        weight_decay: 5e-5 in the paper.
        checkpoint: where the state is kept, so that a killed job goes on.

    Raises:
        Interrupted: the process was asked to stop; the state has been saved.
    """
    lanes = [
        Lane(
            learning_rate,
            weight_decay,
            mask=_on_cpu(pretrained.masks(variant)) if variant.gamma else None,
            start=_on_cpu(pretrained.make(variant).state_dict()),
        )
        for variant in variants
    ]
    results = train(task, lanes, report, checkpoint)
    measured = {name: [result.last(name) for result in results] for name in ("top1", "train_loss")}
    table = variant_table(pretrained, variants).assign(
        top1=measured["top1"],
        best_top1=[result.best("top1") for result in results],
        train_loss=measured["train_loss"],
        diverged=[result.diverged for result in results],
    )
    networks = [copy.deepcopy(pretrained.network).cpu() for _ in results]
    for network, result in zip(networks, results, strict=True):
        network.load_state_dict(result.weights)
    return FineTuned(table, networks)


def with_live_batch_norm(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    task: Task,
    learning_rate: float = 0.0,
    weight_decay: float = 0.0,
    report: Report | None = None,
) -> list[float]:
    """Accuracies of the deterministic variants after as many epochs with live batch norm.

    With learning rate 0 no weight changes: what is recovered is recovered by batch norm's statistics alone. With that
    of fine-tuning it is what live batch norm and weights recover together.

    Args:
        pretrained, variants, task, learning_rate, weight_decay: see `fine_tune`; the task's recipe may freeze batch
            norm.

    Returns:
        One a variant, in percent; NaN of those with noise.
    """
    places = [place for place, variant in enumerate(variants) if variant.kind == DETERMINISTIC]
    live = replace(task, recipe=replace(task.recipe, batch_norm=LIVE))
    tuned = fine_tune(pretrained, [variants[place] for place in places], live, learning_rate, weight_decay, report)
    found = dict(zip(places, tuned.table["top1"], strict=True))
    return [found.get(place, float("nan")) for place in range(len(variants))]


def _on_cpu(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors where many variants have room; a lane's go to the GPU when it is its turn."""
    return {name: tensor.cpu() for name, tensor in tensors.items()}


def measure_fine_tuning(context: PretrainedContext, variants: Sequence[Variant], tuned: FineTuned) -> TuningTables:
    """Measure variants as they were made, and what fine-tuning made of them (SP paper, Tables II and III, Fig. 8).

    Args:
        context: their pretrained network; gradient flow and feature variance are measured on its sample, gradient norms
            on the held-out images, as the paper's authors do.
        variants: what was fine-tuned.
        tuned: what `fine_tune` gave for them.
    """
    pretrained, engine = context.pretrained, context.engine
    one_shot = evaluate_variants(pretrained, variants, context.data, engine, recalibration=context.recalibration)
    held_out = validation_batches(context.held_out, engine, "train")
    before = gradient_flow_table(pretrained, variants, context.sample, engine)
    after = gradient_flow_table(pretrained, variants, context.sample, engine, tuned.networks)
    table = tuned.table.assign(
        one_shot_top1=one_shot["top1"][: len(variants)],
        one_shot_top1_recalibrated=one_shot["top1"][len(variants) :].to_numpy() if context.has_batch_norm else np.nan,
        one_shot_gradient_flow=before["gradient_flow"],
        gradient_flow=after["gradient_flow"],
        one_shot_gradient_norm=gradient_norm(map(pretrained.make, variants), held_out, engine).numpy(),
        gradient_norm=gradient_norm(tuned.networks, held_out, engine).numpy(),
    )
    places = [place for place, variant in enumerate(variants) if variant.method == MAGNITUDE]
    chosen, networks = [variants[place] for place in places], [tuned.networks[place] for place in places]
    variances = [
        feature_variance(pretrained, chosen, context.sample, engine, made).assign(stage=stage)
        for stage, made in ((ONE_SHOT, None), (FINE_TUNED, networks))
        if chosen
    ]
    nothing = pd.DataFrame(columns=[*VARIANCE_COLUMNS, "stage"])
    return TuningTables(table, pd.concat(variances or [nothing], ignore_index=True))
