"""Optimisers for lanes: all parameters as one long vector, and a value of its own for each lane."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

NORM, VALUE = "norm", "value"  # what of a gradient is limited
BLOCK = 16  # floats; each parameter starts at a multiple, because kernels may round by how memory is aligned


class LaneOptimiser(ABC):
    """Updates K networks at once, each with its own learning rate and weight decay.

    All parameters are moved into one long vector, of which they become views, so that a step is a handful of large
    operations, however many layers there are. No operation waits for the device, so a step can be captured as a graph.

    Args:
        network: made by `fuse`; its parameters are stacked, (K, ...).
        learning_rate: (K,).
        weight_decay: (K,).
        masks: for each lane the weights to keep, by parameter name, boolean and shaped as the plain network's; what is
            masked is zero from now on. A parameter that is not named is kept whole; None keeps everything.
        clip: largest norm of a lane's gradient before weight decay, over the weights that are kept; a longer one is
            shortened to it, as `torch.nn.utils.clip_grad_norm_` does. None leaves all.
        clip_by: "norm"; or "value": `clip` is then the largest absolute value of each entry, as
            `torch.nn.utils.clip_grad_value_` has it.
        channels_last: whether convolutions' weights are stored channels last, as convolutions of such images want them;
            else each step converts the weights there, and the gradients back.
    """

    def __init__(
        self,
        network: nn.Module,
        learning_rate: torch.Tensor,
        weight_decay: torch.Tensor,
        masks: Sequence[Mapping[str, torch.Tensor] | None] | None = None,
        clip: float | None = None,
        channels_last: bool = False,
        clip_by: str = NORM,
    ) -> None:
        named = dict(network.named_parameters())
        self.parameters = list(named.values())
        self._channels_last = channels_last
        self._clip, self._clip_by = clip, clip_by
        self._held = [parameter for parameter in self.parameters if not parameter.requires_grad]
        self._weights = self._vector([parameter.detach() for parameter in self.parameters])
        for parameter, view in zip(self.parameters, self._views(self._weights), strict=True):
            parameter.data = view
        self._weight_decay = self._spread(weight_decay)
        self._rate = self._spread(learning_rate)
        self._mask: torch.Tensor | None = None
        if masks is not None and any(masks):
            kept = [torch.ones_like(parameter) for parameter in self.parameters]
            for name, whole in zip(named, kept, strict=True):
                for lane, mask in zip(whole, masks, strict=True):
                    if mask is not None and name in mask:
                        lane.copy_(mask[name])
            self._mask = self._vector(kept)
            self._weights.mul_(self._mask)

    @abstractmethod
    def state(self) -> dict[str, torch.Tensor]:
        """The tensors beside the weights that a step changes, by name."""

    @torch.no_grad()
    def take(self, other: "LaneOptimiser", lanes: Sequence[int]) -> None:
        """Go on from lanes of another array, weights included; the lanes here are those, in their order."""
        theirs = {"weights": other._weights, **other.state()}
        for name, tensor in {"weights": self._weights, **self.state()}.items():
            if tensor.dim() == 0:  # all lanes share it
                tensor.copy_(theirs[name])
                continue
            for mine, before in zip(self._views(tensor), other._views(theirs[name]), strict=True):
                mine.copy_(before[list(lanes)])

    def _decay(self, gradient: torch.Tensor) -> None:
        """Add coupled weight decay to the gradient of all parameters."""
        gradient.addcmul_(self._weights, self._weight_decay)

    @abstractmethod
    def _update(self, gradient: torch.Tensor) -> None:
        """Move the weights by the gradient of all parameters in one vector, coupled weight decay included."""

    def set_learning_rate(self, learning_rate: torch.Tensor) -> None:
        """Use these learning rates, (K,), from the next step on."""
        self._rate.copy_(self._spread(learning_rate))

    @torch.no_grad()
    def step(self) -> None:
        """Update every lane once; gradients are used up and dropped.

        A parameter that this step's forward pass did not use, as with blocks that are skipped at random, has the
        gradient zero: weight decay and momentum go on. One that requires no gradient stays as it is.
        """
        gradient = self._vector(
            [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in self.parameters]
        )
        for parameter in self.parameters:
            parameter.grad = None
        if self._clip is not None and self._clip_by == VALUE:
            gradient.clamp_(-self._clip, self._clip)
        elif self._clip is not None:
            self._shorten(gradient, self._clip)
        held = [parameter.clone() for parameter in self._held]
        self._decay(gradient)
        self._update(gradient)
        for parameter, before in zip(self._held, held, strict=True):
            parameter.copy_(before)
        if self._mask is not None:
            self._weights.mul_(self._mask)

    def _shorten(self, gradient: torch.Tensor, longest: float) -> None:
        """Scale each lane's part of a gradient, so that its norm is at most `longest`; no lane waits for another."""
        if self._mask is not None:
            gradient.mul_(self._mask)
        squares = [view.flatten(1).square().sum(1) for view in self._views(gradient)]
        norms = torch.stack(squares).sum(0).sqrt()
        factors = (longest / (norms + 1e-6)).clamp(max=1.0)
        for view in self._views(gradient):
            view.mul_(factors.view(-1, *[1] * (view.dim() - 1)))

    def _vector(self, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """Tensors shaped as the parameters, one after the other, each filled up to whole blocks."""
        pieces: list[torch.Tensor] = []
        for tensor in tensors:
            pieces.append(self._stored(tensor).flatten())
            if gap := -tensor.numel() % BLOCK:
                pieces.append(tensor.new_zeros(gap))
        return torch.cat(pieces)

    def _stored(self, tensor: torch.Tensor) -> torch.Tensor:
        """A parameter's tensor with its dimensions in the order in which they are stored."""
        convolution = tensor.dim() == 5  # (K, C', C, h, w)
        return tensor.movedim(2, 4) if convolution and self._channels_last else tensor

    def _views(self, vector: torch.Tensor) -> list[torch.Tensor]:
        """The inverse of `_vector`, without a copy."""
        views, start = [], 0
        for parameter in self.parameters:
            stored = self._stored(parameter)
            view = vector[start : start + parameter.numel()].view_as(stored)
            views.append(view if stored is parameter else view.movedim(4, 2))
            start += -(-parameter.numel() // BLOCK) * BLOCK
        return views

    def _spread_shared(self, values: torch.Tensor) -> torch.Tensor:
        """Values a lane, (K,), spread as `_spread` does; one number where all lanes share it, which is read faster."""
        return self._spread(values[:1] if bool((values == values[0]).all()) else values)

    def _spread(self, values: torch.Tensor) -> torch.Tensor:
        """A value a lane, (K,), repeated for each weight; one number is enough for a single lane."""
        if len(values) == 1:
            return values.to(self._weights, copy=True)
        shaped = [values.to(p).view(-1, *[1] * (p.dim() - 1)).expand_as(p) for p in self.parameters]
        return self._vector(shaped)


class Apart:
    """An optimiser for each of K networks that run beside each other, as `LaneOptimiser` is one for all of them.

    Args:
        parts: each of one lane.
    """

    def __init__(self, parts: Sequence[LaneOptimiser]) -> None:
        self.parts = parts

    def state(self) -> dict[str, torch.Tensor]:
        """The tensors beside the weights that a step changes, by the number of the lane and name."""
        return {
            f"{lane}.{name}": tensor for lane, part in enumerate(self.parts) for name, tensor in part.state().items()
        }

    def set_learning_rate(self, learning_rate: torch.Tensor) -> None:
        """Use these learning rates, (K,), from the next step on."""
        for lane, part in enumerate(self.parts):
            part.set_learning_rate(learning_rate[lane : lane + 1])


class LaneSGD(LaneOptimiser):
    """SGD with momentum and coupled weight decay, lane by lane (thesis, eq. 2.1; `torch.optim.SGD` for K = 1).

    V <- momentum * V + grad + weight_decay * W;  W <- mask * (W - learning_rate * V), for all parameters.

    Args:
        momentum: (K,), or one number for all lanes.
        network, learning_rate, weight_decay, masks, clip, channels_last, clip_by: see `LaneOptimiser`.

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
        clip_by: str = NORM,
    ) -> None:
        super().__init__(network, learning_rate, weight_decay, masks, clip, channels_last, clip_by)
        self.momentum = self._spread_shared(torch.as_tensor(momentum, dtype=torch.float64).reshape(-1))
        self.velocity = torch.zeros_like(self._weights)

    def state(self) -> dict[str, torch.Tensor]:
        """The velocity V that a step changes, by name."""
        return {"velocity": self.velocity}

    def _update(self, gradient: torch.Tensor) -> None:
        """Update the velocity V and the weights once."""
        self.velocity.mul_(self.momentum).add_(gradient)
        self._weights.addcmul_(self.velocity, self._rate, value=-1.0)


BETAS, EPSILON = (0.9, 0.999), 1e-8  # as Kingma and Ba, 2015, and torch have them


class LaneAdam(LaneOptimiser):
    """Adam (Kingma and Ba, 2015) with coupled weight decay, lane by lane (`torch.optim.Adam` for K = 1).

    G = grad + weight_decay * W;  M <- b1 M + (1 - b1) G;  V <- b2 V + (1 - b2) G^2;
    W <- mask * (W - learning_rate * (M / (1 - b1^t)) / (sqrt(V / (1 - b2^t)) + eps)) at step t, for all parameters.

    Args:
        momentum: of SGD, not used here.
        network, learning_rate, weight_decay, masks, clip, channels_last, clip_by: see `LaneOptimiser`.
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
        clip_by: str = NORM,
    ) -> None:
        del momentum
        super().__init__(network, learning_rate, weight_decay, masks, clip, channels_last, clip_by)
        self._mean, self._square = torch.zeros_like(self._weights), torch.zeros_like(self._weights)
        # On the device, so that a captured step counts too; in float64, because b2^t is close to 1.
        self._steps = torch.zeros((), dtype=torch.float64, device=self._weights.device)
        self._rates = learning_rate.to(self._steps, copy=True)
        lanes = torch.arange(len(learning_rate), dtype=torch.int32, device=self._weights.device)
        self._lane_of = self._spread(lanes).int() if len(lanes) > 1 else None  # of each weight

    def set_learning_rate(self, learning_rate: torch.Tensor) -> None:
        """Use these learning rates, (K,), from the next step on."""
        super().set_learning_rate(learning_rate)
        self._rates.copy_(learning_rate)

    def state(self) -> dict[str, torch.Tensor]:
        """The tensors M, V and t that a step changes, by name."""
        return {"mean": self._mean, "square": self._square, "steps": self._steps}

    def _update(self, gradient: torch.Tensor) -> None:
        first, second = BETAS
        self._steps += 1
        self._mean.lerp_(gradient, 1 - first)
        self._square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        scale = (1 - second**self._steps).sqrt().to(gradient)
        sizes = (self._rates / (1 - first**self._steps)).to(gradient)  # in the order in which torch rounds
        sizes = sizes if self._lane_of is None else sizes.index_select(0, self._lane_of)
        denominator = self._square.sqrt().div_(scale).add_(EPSILON)
        self._weights.sub_((sizes * self._mean).div_(denominator))


class LaneAdamW(LaneAdam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), lane by lane (`torch.optim.AdamW` for K = 1).

    W <- (1 - learning_rate * weight_decay) * W before each step of Adam by the gradient alone.
    """

    def __init__(
        self, network: nn.Module, learning_rate: torch.Tensor, weight_decay: torch.Tensor, *more: Any, **others: Any
    ) -> None:
        super().__init__(network, learning_rate, weight_decay, *more, **others)
        self._decays = weight_decay.to(self._rates, copy=True)
        self._shrinking = self._spread(self._shares())

    def set_learning_rate(self, learning_rate: torch.Tensor) -> None:
        """Use these learning rates, (K,), from the next step on."""
        super().set_learning_rate(learning_rate)
        self._shrinking.copy_(self._spread(self._shares()))

    def _shares(self) -> torch.Tensor:
        """The part of its weights that each lane keeps in a step, (K,)."""
        return 1 - self._rates * self._decays

    def _decay(self, gradient: torch.Tensor) -> None:  # noqa: ARG002 - decoupled: the weights alone
        self._weights.mul_(self._shrinking)
