"""Stochastic gradient descent for lanes: each lane has its own learning rate, weight decay and momentum."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from prunescape.lanes.optimiser import LaneOptimiser


class LaneSGD(LaneOptimiser):
    """SGD with momentum and coupled weight decay, lane by lane (thesis, eq. 2.1; `torch.optim.SGD` for K = 1).

    V <- momentum * V + grad + weight_decay * W;  W <- mask * (W - learning_rate * V), for all parameters.

    Args:
        momentum: (K,), or one number for all lanes.
        network, learning_rate, weight_decay, masks, clip, channels_last: see `LaneOptimiser`.

    Attributes:
        velocity: V of all parameters in one vector.
    """

    def __init__(
        self,
        network: nn.Module,
        learning_rate: torch.Tensor,
        weight_decay: torch.Tensor,
        momentum: torch.Tensor | float,
        masks: Sequence[Mapping[str, torch.Tensor] | None] | None = None,
        clip: float | None = None,
        channels_last: bool = False,
    ) -> None:
        super().__init__(network, learning_rate, weight_decay, masks, clip, channels_last)
        self.momentum = self._spread_shared(torch.as_tensor(momentum, dtype=torch.float64).reshape(-1))
        self.velocity = torch.zeros_like(self._weights)

    def state(self) -> dict[str, torch.Tensor]:
        """The velocity V that a step changes, by name."""
        return {"velocity": self.velocity}

    def _update(self, gradient: torch.Tensor) -> None:
        """Update the velocity V and the weights once."""
        self.velocity.mul_(self.momentum).add_(gradient)
        self._weights.addcmul_(self.velocity, self._rate, value=-1.0)
