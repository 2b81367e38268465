"""Checks of a network before anything is trained: whether it prunes, and how it may be trained."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.criteria import L1, TAYLOR
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import FLOPS, LATENCY, PruningSettings
from prunescape.pruning.silenced import compared_cut, vary
from prunescape.pruning.structured import prune
from prunescape.training.strategy import AUTO, SERIAL
from prunescape.training.train import check_architecture

MILD = 0.9


def preflight(
    architecture: Architecture,
    variants: Mapping[str, Mapping[str, Any]],
    settings: PruningSettings,
    strategy: str,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """Prune an untrained network to every ratio, and see whether it may be trained in lanes.

    Each pruned network that is imported is compared with the dense one with the same channels silenced; groups that
    kept every channel in all of them lose half of their channels, for that comparison alone.

    Args:
        architecture: the dense network's.
        variants: method, ratio and criterion of each pruned variant, by name.
        settings: the config's section `pruning`.
        strategy: the config's `engine.strategy`.
        report: is told what was found.

    Returns:
        JSON values: `groups` (channels by the layer that names them), `spared` (a reason by layer), `alone` (null, or
        why networks must be trained one after the other), and for each variant the ratio that came out
        (where latency is the target, a mild one of FLOPs).

    Raises:
        UserError: it cannot be pruned so, or not be trained with this strategy; one line.
    """
    graph = Graph(build(architecture, 0), architecture)
    groups, spared = graph.groups, graph.spared
    ratios, whole = {}, {group.root for group in groups}
    for name, variant in variants.items():
        # How near a ranking comes depends on channels' costs, hardly on the weights, which are not trained yet.
        # A criterion that needs data is tried as another one here: what can be reached is the same.
        criterion = variant["criterion"] if variant["criterion"] != TAYLOR else L1
        by, ratio, exact = replace(settings, criterion=criterion), variant["ratio"], True
        if settings.target == LATENCY:  # which only measuring tells; here, that channels can be removed at all
            by, ratio, exact = replace(by, target=FLOPS), MILD, False
        try:
            pruned = prune(vary(build(architecture, 0)), architecture, variant["method"], ratio, by, exact=exact)
        except UserError as error:
            told = str(error).startswith(architecture.target)
            raise UserError(str(error) if told else f"models.{architecture.name}, {name}: {error}") from None
        ratios[name] = pruned.ratio
        whole &= set(pruned.whole)
    if architecture.origin is not None and variants and whole:
        # A ranking of trained weights may cut these; what cannot be cut rightly is told now.
        network = Graph(vary(build(architecture, 0)), architecture)
        compared_cut(network, {group.root: range(len(group.units()) // 2) for group in groups if group.root in whole})
    report(f"{len(groups)} groups of channels can be pruned, {len(spared)} are spared")
    for one in spared:
        report(f"spared: {one.root} ({one.reason})")
    alone = None
    try:
        check_architecture(architecture)
    except UserError as error:
        if strategy not in (AUTO, SERIAL):
            raise UserError(f"models.{architecture.name}: {error}") from None
        alone = str(error)
        report(f"cells are trained one after the other, with strategy serial: {alone}")
    return {
        "groups": {group.root: group.channels for group in groups},
        "spared": {one.root: one.reason for one in spared},
        "alone": alone,
        "ratios": ratios,
    }


def in_words(model: str, checked: Mapping[str, Any]) -> str:
    """The result of `preflight` in a line: channels, groups, those spared, ratios, and how cells are trained."""
    ratios = ", ".join(f"{name} comes to {ratio:.3f}" for name, ratio in checked["ratios"].items())
    together = "one after the other" if checked["alone"] else "many at a time"
    return (
        f"{model} can be trained and pruned: {sum(checked['groups'].values())} channels in {len(checked['groups'])}"
        f" groups, {len(checked['spared'])} groups are spared; {ratios}; cells can be trained {together}"
    )
