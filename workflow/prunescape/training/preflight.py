"""Checks of a network before anything is trained: whether it prunes, and how it may be trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.errors import UserError
from prunescape.lanes.fuse import check_alone
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.external_code import in_own_code
from prunescape.models.weights import load_state
from prunescape.pruning.criteria import L1, TAYLOR
from prunescape.pruning.graph import Graph, Spared
from prunescape.pruning.settings import FLOPS, LATENCY, N_OF_M, PruningSettings
from prunescape.pruning.silenced import compared_cut, vary
from prunescape.pruning.structured import prune
from prunescape.pruning.unstructured import left_dense, prunable
from prunescape.training.evaluate import score
from prunescape.training.given import Looked, words_of_weights
from prunescape.training.strategy import AUTO, FUSED, SERIAL, VMAP, Strategy
from prunescape.training.train import Array, Lane, Task, check_architecture

MILD = 0.9
FEW = 4  # images of the step that is tried


def preflight(
    architecture: Architecture,
    variants: Mapping[str, Mapping[str, Any]],
    settings: PruningSettings,
    strategy: str,
    report: Callable[[str], None],
    task: Task | None = None,
    weights: str | None = None,
) -> dict[str, Any]:
    """Prune an untrained network to every ratio, and see whether it may be trained in lanes.

    Each pruned network that is imported is compared with the dense one with the same channels silenced; groups that
    kept every channel in all of them lose half of their channels, for that comparison alone. One step of training is
    taken with the dense network, and with the smallest of the pruned ones. Where weights are given, they are pruned.

    Args:
        architecture: the dense network's.
        variants: method, ratio and criterion of each pruned variant, by name.
        settings: the config's section `pruning`.
        strategy: the config's `engine.strategy`.
        report: is told what was found.
        task: how it is going to be trained, and on what images; None takes no step.
        weights: a file of those of the trained dense network, which `task` goes with; None leaves it untrained.

    Returns:
        JSON values: `groups` (channels by the layer that names them), `spared` (a reason by layer), `alone` (null, or
        why networks must be trained one after the other), for each variant the ratio that came out
        (where latency is the target, a mild one of FLOPs), and `weights` (null, or their file and accuracy).

    Raises:
        UserError: it cannot be pruned so, or not be trained with this strategy; one line.
    """
    given = None if weights is None or task is None else Looked.at(weights, task)

    def network() -> nn.Module:
        model = build(architecture, 0)
        if given is None:
            return vary(model)
        load_state(model, given.state)
        return model

    graph = Graph(network(), architecture)
    groups, spared = graph.groups, graph.spared
    report(f"{len(groups)} groups of channels can be pruned, {len(spared)} are spared")
    for one in spared:
        report(f"spared: {one.root} ({one.reason})")
    smallest = None
    ratios, whole = {}, {group.root for group in groups}
    for name, variant in variants.items():
        # How near a ranking comes depends on channels' costs, hardly on the weights, which are not trained yet.
        # A criterion that needs data is tried as another one here: what can be reached is the same.
        criterion = variant["criterion"] if variant["criterion"] != TAYLOR else L1
        by, ratio, exact = replace(settings, criterion=criterion), variant["ratio"], True
        if settings.target == LATENCY:  # which only measuring tells; here, that channels can be removed at all
            by, ratio, exact = replace(by, target=FLOPS), MILD, False
        try:
            pruned = prune(network(), architecture, variant["method"], ratio, by, exact=exact)
        except UserError as error:
            if str(error).startswith(architecture.target):
                raise
            raise UserError(f"models.{architecture.name}, {name}: {error}{_in_short(spared)}") from None
        ratios[name] = pruned.ratio
        smallest = pruned if smallest is None or pruned.flops < smallest.flops else smallest
        whole &= set(pruned.whole)
    if architecture.origin is not None and variants and whole:
        # A ranking of trained weights may cut these; what cannot be cut rightly is told now.
        compared_cut(
            Graph(network(), architecture),
            {group.root: range(len(group.units()) // 2) for group in groups if group.root in whole},
        )
    alone, together = None, FUSED
    tried = [architecture]
    if architecture.origin is not None and smallest is not None:
        tried.append(smallest.architecture)
    try:
        together = VMAP if VMAP in [check_architecture(one, strategy) for one in tried] else FUSED
    except UserError as error:
        if strategy not in (AUTO, SERIAL):
            raise UserError(f"models.{architecture.name}: {error}") from None
        alone = str(error)
        report(f"cells are trained one after the other, with strategy serial: {alone}")
    if task is not None:
        for lanes in [1, 2] if alone is None and strategy != SERIAL else [1]:
            way = SERIAL if lanes == 1 else together
            _take_step(task, None if given is None else given.state, lanes, way, "the dense network")
            if smallest is not None:
                of_pruned = replace(task, architecture=smallest.architecture)
                _take_step(of_pruned, smallest.model.state_dict(), lanes, way, "the smallest pruned network")
        report("a step of training was taken with the dense network and the smallest of the pruned ones")
    return {
        "groups": {group.root: group.channels for group in groups},
        "spared": {one.root: one.reason for one in spared},
        "alone": alone,
        "ratios": ratios,
        "weights": None if given is None else given.to_json(),
    }


def _in_short(spared: Sequence[Spared]) -> str:
    """The first channels that are spared, and why, as the end of a line."""
    if not spared:
        return ""
    more = f", and {len(spared) - 3} more" if len(spared) > 3 else ""
    return "; spared: " + ", ".join(f"{one.root} ({one.reason})" for one in spared[:3]) + more


def _take_step(task: Task, start: Mapping[str, torch.Tensor] | None, lanes: int, way: str, what: str) -> None:
    """Train networks one step on a few images, as they will be, and evaluate them.

    Raises:
        UserError: that fails, or alone in its array a network is another one than by itself; one line.
    """
    target, data = task.architecture.target, task.data
    for split in ("train", "validation"):
        data = data.only(split, np.arange(min(FEW, data.sizes[split])))
    strategy = Strategy(way, lanes, task.engine.channels_last and way != VMAP)
    engine = replace(task.engine.using(strategy), compile=False, micro_batch=None, threads=1)
    recipe = replace(task.recipe, batch_size=min(FEW, task.recipe.batch_size, data.sizes["train"]))
    few = replace(task, data=data, engine=engine, recipe=recipe)
    try:
        if lanes == 1:
            network = build(task.architecture, 0)
            images, _ = next(iter(Batches(data, "train", "cpu", recipe.batch_size)))
            check_alone(network, images)
        array = Array(few, [Lane(0.01, 1e-4, start=start)] * lanes)
        array.network.train()
        torch.manual_seed(0)
        array.step(next(array.training.picks(1)))
        score(array.network, lanes, islice(array.validation.epoch(0), 1), engine)
    except UserError as error:
        raise UserError(f"{target}: {what} {error}") from None
    except Exception as error:  # whatever an unknown forward method raises
        remedy = "it must work with copies of its layers, and with weights that others are views of"
        if computed := _computed_by_hooks(build(task.architecture)):
            remedy = (
                f"{computed[0]} is computed by a hook: instead of torch.nn.utils.weight_norm take"
                " torch.nn.utils.parametrizations.weight_norm, and end torch.nn.utils.prune by prune.remove"
            )
        raise UserError(f"{target}: a step of training fails with {what} ({in_own_code(error)}); {remedy}") from None


def _computed_by_hooks(network: nn.Module) -> list[str]:
    """Tensors that are no parameters and computed from some, which copies of a network cannot have."""
    return [
        f"{name}.{key}"
        for name, module in network.named_modules()
        for key, value in module.__dict__.items()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    ]


def words_of_check(model: str, checked: Mapping[str, Any]) -> str:
    """The result of `preflight` in a line: channels, groups, ratios, how cells are trained, given weights."""
    ratios = ", ".join(f"{name} comes to {ratio:.3f}" for name, ratio in checked["ratios"].items())
    together = "one after the other" if checked["alone"] else "many at a time"
    given = f"; {words_of_weights(checked['weights'])}" if checked["weights"] else ""
    return (
        f"{model} can be trained and pruned: {sum(checked['groups'].values())} channels in {len(checked['groups'])}"
        f" groups, {len(checked['spared'])} groups are spared; {ratios}; cells can be trained {together}{given}"
    )


def not_in_groups(architecture: Architecture, scopes: Sequence[str]) -> list[str]:
    """A line for each N:M scope, that names the layers which it leaves dense; none where there are none.

    Args:
        architecture: the dense network's.
        scopes: keys of `prunescape.pruning.settings.N_OF_M`.

    Raises:
        UserError: a scope finds no layer to prune.
    """
    shapes = {name: weight.shape for name, weight in prunable(build(architecture, 0)).items()}
    lines = []
    for scope in scopes:
        kept, group = N_OF_M[scope]
        dense = [name.removesuffix(".weight") for name in left_dense(shapes, scope)]
        if dense:
            lines.append(
                f"{kept}:{group} masks leave dense what has inputs that {group} does not divide: {', '.join(dense)}"
            )
    return lines
