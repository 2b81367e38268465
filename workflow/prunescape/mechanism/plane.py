"""The plane through three networks, and where others lie (utility paper, section 3, Fig. 6, 16).

The construction is that of Garipov et al., 2018 (Loss surfaces, mode connectivity, and fast ensembling of DNNs).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.lanes.vectors import Layout

PARALLEL = 1e-6  # part of W_r - W* that must be left beside the direction of W_p - W*


@dataclass(frozen=True)
class Plane:
    """Affine combinations of W*, W_p and W_r, in coordinates of equal length along orthonormal axes.

    The weight space is that of all parameters, P of them; batch norm's running statistics, which follow in the vectors,
    are no part of it and are combined along, with the same coefficients.

    Attributes:
        layout: of the architecture.
        corners: (3, S), float64; the vectors of W*, W_p and W_r.
        axes: (2, P), float64, orthonormal: the direction from W* to W_p, and what is left of that to W_r.
        marks: (3, 2), float64; the corners' coordinates, the first (0, 0), the second on the x axis.
    """

    layout: Layout
    corners: torch.Tensor
    axes: torch.Tensor
    marks: torch.Tensor

    @classmethod
    def through(cls, network: nn.Module, states: Sequence[Mapping[str, torch.Tensor]]) -> "Plane":
        """The plane through three networks.

        Args:
            network: a plain network of their architecture.
            states: the state dicts of W*, W_p and W_r.

        Raises:
            UserError: the three lie on a line, or are not finite.
        """
        layout = Layout.of(network)
        corners = torch.stack([layout.vector(state) for state in states])
        if not bool(corners.isfinite().all()):
            raise UserError("a network of the plane diverged; choose a smaller learning rate for retraining")
        first, second = (corners[1:] - corners[0])[:, : layout.parameters]
        length, reach = first.norm(), second.norm()
        x_axis = first / length
        beside = second - (second @ x_axis) * x_axis
        beside -= (beside @ x_axis) * x_axis  # what rounding left of it
        if not (length > 0 and beside.norm() > PARALLEL * reach):
            raise UserError("the pretrained, pruned and retrained networks lie on a line, and span no plane")
        axes = torch.stack([x_axis, beside / beside.norm()])
        marks = torch.stack([torch.zeros(2, dtype=torch.float64), axes @ first, axes @ second])
        marks[1, 1] = 0.0
        return cls(layout, corners, axes, marks)

    def project(self, states: Sequence[Mapping[str, torch.Tensor]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Coordinates of the nearest points of the plane, and their distances from it.

        Args:
            states: M state dicts of the architecture.

        Returns:
            Their coordinates, (M, 2), and the networks' distances from the plane, (M,); float64.
        """
        vectors = torch.stack([self.layout.vector(state) for state in states])[:, : self.layout.parameters]
        offsets = vectors - self.corners[0, : self.layout.parameters]
        coordinates = offsets @ self.axes.T
        return coordinates, (offsets - coordinates @ self.axes).norm(dim=1)

    def vectors(self, coordinates: torch.Tensor) -> torch.Tensor:
        """Points of the plane as vectors: (M, S) from (M, 2), float64.

        Each is the affine combination of the corners that lies there; their own coordinates give the corners.
        """
        sides = self.marks[1:] - self.marks[0]
        parts = torch.linalg.solve(sides.T, coordinates.T).T  # of W_p - W* and W_r - W*
        return self.corners[0] + parts @ (self.corners[1:] - self.corners[0])


def grid(coordinates: torch.Tensor, points: int = 21, margin: float = 0.2) -> torch.Tensor:
    """A square grid around points of a plane, rows from low y to high y.

    Args:
        coordinates: (M, 2), what it must hold, such as the projections of all networks.
        points: a side.
        margin: left around them on each side, as a part of the longer side of their bounding box.

    Returns:
        (points * points, 2), float64; the step is the same along both axes.
    """
    low, high = coordinates.min(0).values, coordinates.max(0).values
    reach = (high - low).max() * (0.5 + margin)
    steps = torch.linspace(-1.0, 1.0, points, dtype=torch.float64) * reach
    x, y = ((low + high) / 2)[:, None] + steps
    return torch.stack([x.repeat(points), y.repeat_interleave(points)], 1)


def marks_table(plane: Plane, states: Mapping[str, Mapping[str, torch.Tensor]]) -> pd.DataFrame:
    """Places of networks, to be marked on the surface (utility paper, Fig. 16).

    Args:
        plane: through three of them or others.
        states: state dicts by name, such as W*, Wp1, Wr1, ...

    Returns:
        One row a network: point (its name), x, y (of its projection), off_plane (its distance from the plane),
        distance (from W*, in the whole weight space), norm (of its weights).
    """
    coordinates, off_plane = plane.project(list(states.values()))
    size = plane.layout.parameters
    vectors = torch.stack([plane.layout.vector(state) for state in states.values()])[:, :size]
    return pd.DataFrame(
        {
            "point": list(states),
            "x": coordinates[:, 0].numpy(),
            "y": coordinates[:, 1].numpy(),
            "off_plane": off_plane.numpy(),
            "distance": (vectors - plane.corners[0, :size]).norm(dim=1).numpy(),
            "norm": vectors.norm(dim=1).numpy(),
        }
    )


def distances(network: nn.Module, states: Mapping[str, Mapping[str, torch.Tensor]]) -> pd.DataFrame:
    """The Euclidean distance of each pair of networks in the space of all parameters (printed on Fig. 16).

    Returns:
        One row a pair, in the order given: from, to, distance.
    """
    layout = Layout.of(network)
    vectors = {name: layout.vector(state)[: layout.parameters] for name, state in states.items()}
    names = list(states)
    pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    lengths = [float((vectors[one] - vectors[other]).norm()) for one, other in pairs]
    table = pd.DataFrame(pairs, columns=["from", "to"])
    return table.assign(distance=np.array(lengths, dtype=np.float64))
