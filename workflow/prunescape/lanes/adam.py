"""Adam for lanes: each lane has its own learning rate and weight decay."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from prunescape.lanes.optimiser import LaneOptimiser

BETAS, EPSILON = (0.9, 0.999), 1e-8  # as Kingma and Ba, 2015, and torch have them


class LaneAdam(LaneOptimiser):
    """Adam (Kingma and Ba, 2015) with coupled weight decay, lane by lane (`torch.optim.Adam` for K = 1).

    G = grad + weight_decay * W;  M <- b1 M + (1 - b1) G;  V <- b2 V + (1 - b2) G^2;
    W <- mask * (W - learning_rate * (M / (1 - b1^t)) / (sqrt(V / (1 - b2^t)) + eps)) at step t, for all parameters.

    Args:
        momentum: of SGD, not used here.
        network, learning_rate, weight_decay, masks, clip, channels_last: see `LaneOptimiser`.
    """

    def __init__(
        self,
        network: nn.Module,
        learning_rate: torch.Tensor,
        weight_decay: torch.Tensor,
        momentum: torch.Tensor | float = BETAS[0],
        masks: Sequence[Mapping[str, torch.Tensor] | None] | None = None,
        clip: float | None = None,
        channels_last: bool = False,
    ) -> None:
        del momentum
        super().__init__(network, learning_rate, weight_decay, masks, clip, channels_last)
        self._mean, self._square = torch.zeros_like(self._weights), torch.zeros_like(self._weights)
        # On the device, so that a captured step counts too; in float64, because b2^t is close to 1.
        self._steps = torch.zeros((), dtype=torch.float64, device=self._weights.device)

    def state(self) -> dict[str, torch.Tensor]:
        """The tensors M, V and t that a step changes, by name."""
        return {"mean": self._mean, "square": self._square, "steps": self._steps}

    def _update(self, gradient: torch.Tensor) -> None:
        first, second = BETAS
        self._steps += 1
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        scale = (1 - second**self._steps).sqrt().to(gradient)
        size = (1 - first**self._steps).to(gradient)
        denominator = self._square.sqrt().div_(scale).add_(EPSILON)
        self._weights.sub_(self._rate * (self._mean / size) / denominator)
