"""FLOPs-matched structured pruning of networks that are not in the catalog, by torch-pruning's dependency graph."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.flops import count_flops
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.own import sizes, smaller
from prunescape.pruning.graph import Graph, Group
from prunescape.pruning.graph_cost import GraphCost, graph_cost
from prunescape.pruning.silenced import Uncut


def prunable(model: nn.Module, architecture: Architecture) -> tuple[Graph, list[Group], GraphCost]:
    """A network's graph, its groups that may be pruned, and what they cost.

    Raises:
        UserError: nothing may be pruned; the message says why.
    """
    assert architecture.origin is not None
    graph = Graph(model, architecture.input_shape)
    groups, spared = graph.groups(architecture.origin.prunable)
    if not groups:
        why = "; ".join(f"{one.root}: {one.reason}" for one in spared[:3])
        more = "" if architecture.origin.prunable == "all" else ", or try prunable: all"
        raise UserError(
            f"{architecture.origin.target}: no channels can be pruned ({why or 'it has no convolution'}); use another"
            f" network{more}"
        )
    return graph, groups, graph_cost(model, groups, architecture.input_shape)


def unit_norms(model: nn.Module, groups: Sequence[Group], norm: str) -> dict[str, torch.Tensor]:
    """The norms of the filters that make each unit, added up: (units,) each, by the group's root."""
    order = {"l1": 1, "l2": 2}[norm]
    found = {}
    for group in groups:
        scores = torch.zeros(group.channels, dtype=torch.float64)
        for member in group.members:
            if member.makes and member.name in group.makers:
                weight = model.get_submodule(member.name).weight
                assert isinstance(weight, torch.Tensor)
                norms = torch.linalg.vector_norm(weight.detach().flatten(1), order, 1, dtype=torch.float64)
                scores.index_add_(0, torch.tensor(member.roots), norms[list(member.positions)])
        found[group.root] = scores[group.units()].sum(1)
    return found


def cut(
    model: nn.Module,
    architecture: Architecture,
    graph: Graph,
    groups: Sequence[Group],
    removed: Mapping[str, Sequence[int]],
) -> Architecture:
    """Remove units, in place; the architecture of what is left.

    Args:
        model: the network, of which `graph` is.
        architecture: its architecture; it may have been pruned before.
        graph: as `prunable` gave it.
        groups: likewise.
        removed: units to remove, by the group's root.

    Raises:
        UserError: torch-pruning refuses, the network cannot be built again from its sizes, or it does not compute what
            the dense one does without these channels; the message names the layer.
    """
    gone = {
        group.root: group.units()[torch.tensor(removed.get(group.root, ()), dtype=torch.long)].flatten().tolist()
        for group in groups
    }
    uncut = Uncut(architecture, model.state_dict(), groups, gone)  # cutting makes new tensors
    assert architecture.origin is not None
    before, layers = sizes(model), {name: dict(changed) for name, changed in architecture.layers.items()}
    for group in groups:
        if gone[group.root]:
            graph.cut(group, gone[group.root])
    kept = {group.root: group.channels - len(gone[group.root]) for group in groups}
    for name, changed in smaller(before, model).items():
        layers.setdefault(name, {}).update(changed)
    widths = {**architecture.widths, **kept}
    pruned = replace(architecture, widths=widths, layers=layers, parameters=None, activations=None)
    again = rebuilt(model, pruned, uncut)
    if not uncut.silenced_computes(again) and (culprits := uncut.culprits()):
        readers = dict.fromkeys(member.name for group in culprits for member in group.read())
        raise UserError(
            f"{architecture.origin.target}: without some channels of {_some(culprits)} it does not compute what it does"
            f" with them set to zero; keep channels in their order on the way to {', '.join([*readers][:3])} (no flip,"
            " roll, shuffle, index or sort), and do not count on their number or neighbours"
        )
    return replace(pruned, flops=count_flops(model, architecture.input_shape))


@torch.no_grad()
def rebuilt(model: nn.Module, architecture: Architecture, uncut: Uncut) -> nn.Module:
    """A pruned network, built again from its architecture; it gives the very same outputs.

    Raises:
        UserError: it does not; or its forward method fails, and the message names the layer where `uncut` finds one.
    """
    assert architecture.origin is not None
    images = torch.rand(2, *architecture.input_shape, generator=torch.Generator().manual_seed(0))
    was_training = model.training
    try:
        again = build(architecture).eval()
        again.load_state_dict(model.state_dict())
        same = torch.equal(again(images), model.eval()(images))
    except (RuntimeError, ValueError, IndexError) as error:
        words = " ".join(str(error).split())[:200]
        where = f" of {_some(culprits)}" if (culprits := uncut.culprits()) else ""
        raise UserError(
            f"{architecture.origin.target}: its forward method does not work with fewer channels{where} ({words}); take"
            " sizes from its layers there, not from numbers written out"
        ) from None
    finally:
        model.train(was_training)
    if not same:
        raise UserError(f"{architecture.origin.target}: built again, the pruned network gives other outputs")
    return again


def _some(groups: Sequence[Group]) -> str:
    return ", ".join(group.root for group in groups[:3])
