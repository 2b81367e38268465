"""Arrays of networks with layers of any kind: one lane as the network itself, several by `torch.func.vmap`.

The layers of `prunescape.lanes.modules` know convolutions, batch norms and fully connected layers alone, and a forward
method that keeps channels apart. Here the network's own layers and forward method run, whatever they are: attention,
layer norms, embeddings, channels that are joined or split.

Networks that draw at random (dropout, stochastic depth) draw in all lanes what a lane alone draws from the same seed.
Activations are laid out channels first; with channels last a lane alone uses the same numbers in another order.

On a CPU a lane's bits depend neither on its place nor on its neighbours where every lane's numbers begin at the same
place of a vector register, because matrix products round by that. Features of fully connected layers and, where images
do not meet in a batch norm, the images of a batch are therefore filled up to multiples of 16, with zeros.
"""

import copy
from collections.abc import Iterator, Sequence
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, vmap
from torch.nn.modules.batchnorm import _NormBase

from prunescape.lanes import LANE_ALIGNMENT
from prunescape.models.attention import plain_attention, single_layers

_TORCH_LINEAR = F.linear


class Stacked(nn.Module):
    """K networks as a tree of modules with the plain network's names; every tensor has a leading dimension K.

    The tree holds the numbers, and the modes and momenta of its layers; a plain copy of the first network lends its
    forward method.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__()
        tree = copy.deepcopy(models[0])
        stacked: dict[int, nn.Parameter] = {}  # a parameter that stands in two places stays one
        for module, *alike in zip(tree.modules(), *(model.modules() for model in models), strict=True):
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = torch.stack([other._buffers[name].detach() for other in alike])
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    if id(parameter) not in stacked:
                        together = torch.stack([other._parameters[name].detach() for other in alike])
                        stacked[id(parameter)] = nn.Parameter(together, parameter.requires_grad)
                    module._parameters[name] = stacked[id(parameter)]
        for part in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
            setattr(self, part, getattr(tree, part))
        self.lanes = len(models)
        self.arbitrary = True
        # No submodule: it holds no numbers of its own, and is no part of the state.
        object.__setattr__(self, "_plain", copy.deepcopy(models[0]))

    @property
    def running(self) -> nn.Module:
        """The plain copy, whose layers are called."""
        plain = self._plain
        assert isinstance(plain, nn.Module)
        return plain

    def pairs(self) -> Iterator[tuple[nn.Module, nn.Module]]:
        """Modules of the tree, and those of the plain copy, which get their modes."""
        for stacked, single in zip(self.modules(), self.running.modules(), strict=True):
            single.training = stacked.training
            if isinstance(stacked, _NormBase):
                single.momentum = stacked.momentum  # type: ignore[assignment]
            yield stacked, single


class Alone(Stacked):
    """One network as an array of one lane.

    The plain copy's parameters and buffers are views of the numbers here. They stay so after the forward pass: what
    computes activations again in the backward pass (torch.utils.checkpoint) finds the same ones.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__([model])
        with torch.no_grad():
            self._lend()  # so that the copy holds no numbers of its own

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, classes)."""
        pairs, views = self._lend()
        with single_layers():
            logits: torch.Tensor = self.running(x)
        for stacked, single in pairs:  # a buffer that was assigned anew is kept here
            for name, tensor in stacked._buffers.items():
                if tensor is not None and single._buffers[name] is not views[id(tensor)]:
                    tensor[0].copy_(single._buffers[name].detach())  # type: ignore[union-attr]
        return logits

    def _lend(self) -> tuple[list[tuple[nn.Module, nn.Module]], dict[int, torch.Tensor]]:
        """Make the copy's numbers views of those here; modules here and there, and the views, by what they are of."""
        pairs = list(self.pairs())
        views: dict[int, torch.Tensor] = {}
        for stacked, single in pairs:
            for mine, its in ((stacked._parameters, single._parameters), (stacked._buffers, single._buffers)):
                for name, tensor in mine.items():
                    its[name] = None if tensor is None else views.setdefault(id(tensor), tensor[0])  # type: ignore[assignment]
            if isinstance(single, nn.RNNBase):  # it has them in a list besides
                single._flat_weights = [getattr(single, name) for name in single._flat_weights_names]
        return pairs, views


class Mapped(Stacked):
    """K networks side by side by `torch.func.vmap`."""

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__(models)
        # Names and shapes alone, the numbers are lent; with what they are of, because addresses are used again.
        empty: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        meet = False
        for _, single in self.pairs():
            for tensors in (single._parameters, single._buffers):
                for name, tensor in tensors.items():
                    if tensor is not None:
                        kept = empty.setdefault(id(tensor), (tensor, tensor.detach().to("meta")))
                        tensors[name] = kept[1]  # type: ignore[assignment]
            meet |= isinstance(single, _NormBase)
        # Images that meet in a batch norm cannot have others among them; nor may there be more random numbers.
        self._fills: bool | None = False if meet else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W), shared by all lanes, to (N, K * classes), lane after lane."""
        list(self.pairs())
        x = x.contiguous()  # some layers ask for the memory layout, of which vmap knows but this one
        tensors = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        if self._fills is None and self.training and x.device.type == "cpu":
            before = torch.get_rng_state()
            self._all(tensors, x[:1])
            self._fills = torch.equal(before, torch.get_rng_state())
            torch.set_rng_state(before)
        fills = self._fills is not False and x.device.type == "cpu"
        logits = self._all(tensors, _filled(x, 0) if fills else x)
        return logits[:, : len(x)].transpose(0, 1).flatten(1)

    def _all(self, tensors: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (K, N, classes)."""
        # In the place of torch's, because attention calls it by name.
        with plain_attention(), patch.object(F, "linear", _linear):
            logits: torch.Tensor = vmap(self._one, in_dims=(0, None), randomness="same")(tensors, x)
        return logits

    def _one(self, tensors: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = functional_call(self.running, tensors, (x,))
        return logits


def _linear(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """The result of `torch.nn.functional.linear`, by one product of two matrices a lane.

    vmap would else copy the weights for each image, where an image has several vectors (tokens). On a CPU the matrices
    are filled up with zeros.
    """
    flat = x.reshape(-1, x.shape[-1])
    if x.device.type != "cpu":
        return _TORCH_LINEAR(flat, weight, bias).view(*x.shape[:-1], -1)
    filled = _TORCH_LINEAR(
        _filled(flat, -1), _filled(_filled(weight, -1), 0), None if bias is None else _filled(bias, 0)
    )
    return filled[:, : len(weight)].reshape(*x.shape[:-1], -1)


def _filled(tensor: torch.Tensor, dimension: int) -> torch.Tensor:
    """A tensor with zeros behind its last entry along the first or the last dimension, up to a multiple of 16."""
    gap = -tensor.shape[dimension] % LANE_ALIGNMENT
    if not gap:
        return tensor
    return F.pad(tensor, (0, gap) if dimension == -1 else [0, 0] * (tensor.dim() - 1) + [0, gap])
