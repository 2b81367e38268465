"""Stochastic gradient descent for lanes: each lane has its own learning rate and weight decay."""

from collections.abc import Iterable

import torch


class LaneSGD:
    """SGD with momentum and coupled weight decay, lane by lane (thesis, eq. 2.1; `torch.optim.SGD` for K = 1).

    V <- momentum * V + grad + weight_decay * W;  W <- W - learning_rate * V, for all parameters.

    Args:
        parameters: stacked parameters, (K, ...).
        learning_rate: (K,).
        weight_decay: (K,).
        momentum: shared by all lanes.
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        learning_rate: torch.Tensor,
        weight_decay: torch.Tensor,
        momentum: float,
    ) -> None:
        self.parameters = list(parameters)
        self.velocities = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.momentum = momentum
        self._weight_decay = [self._shaped(weight_decay, parameter) for parameter in self.parameters]
        self.set_learning_rate(learning_rate)

    def set_learning_rate(self, learning_rate: torch.Tensor) -> None:
        """Use these learning rates, (K,), from the next step on."""
        self._negative_rate = [self._shaped(-learning_rate, parameter) for parameter in self.parameters]

    @staticmethod
    def _shaped(values: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
        return values.to(parameter).view(-1, *[1] * (parameter.dim() - 1))

    @torch.no_grad()
    def step(self) -> None:
        """One update of every lane; gradients are used up and dropped."""
        for index, parameter in enumerate(self.parameters):
            gradient = parameter.grad
            assert gradient is not None
            velocity = self.velocities[index]
            gradient.addcmul_(parameter, self._weight_decay[index])
            velocity.mul_(self.momentum).add_(gradient)
            parameter.addcmul_(velocity, self._negative_rate[index])
            parameter.grad = None
