"""Networks of other widths, for tests."""

from collections.abc import Mapping

from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.pruning.graph import Graph


def cut_to(architecture: Architecture, widths: Mapping[str, int]) -> Architecture:
    """A network with so many channels in some of its groups, those by their first layer."""
    graph = Graph(build(architecture), architecture)
    removed = {group.root: range(group.channels - widths[group.root]) for group in graph.groups if group.root in widths}
    assert len(removed) == len(widths)
    return graph.cut(removed)
