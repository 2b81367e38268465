"""Per-sample gradients of a batch in sums: their total, their squared norms, and how many are positive or negative.

`of_batch` has two ways to the same numbers. Networks of convolutions, fully connected layers and batch norm take one
forward and one backward pass for the whole batch, of which each layer's inputs A and the gradients D by its outputs are
kept, and then

- a fully connected layer needs no per-sample gradient at all: that of sample z is the outer product of D_z and A_z, so
  its norm is |D_z| |A_z|, its sign is the outer product of the signs, and the sums over z are two matrix products;
- a convolution's are a batched matrix product of D and the unfolded A, one layer at a time;
- in batch norm, which uses its running statistics, they are sums over pixels.

All other networks take torch.func (`prunescape.training.gradients`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.models.attention import plain_attention
from prunescape.training.gradients import per_sample_gradients

Tensors = dict[str, torch.Tensor]


@dataclass
class Sums:
    """Sums over the gradients of B samples.

    Attributes:
        gradients: their sum, by parameter name.
        signs: the sum of their signs, -B to B, by parameter name.
        moved: how many of them are not zero, 0 to B, by parameter name.
        squares: (B,), float64; the squared norm of each, over all parameters.
        losses: (B,); the cross-entropy of each sample.
        correct: (B,), bool; whether the network tells its class.
    """

    gradients: Tensors
    signs: Tensors
    moved: Tensors
    squares: torch.Tensor
    losses: torch.Tensor
    correct: torch.Tensor


@dataclass
class Totals:
    """Sums over the gradients of several batches, by parameter name.

    Attributes:
        gradients: of themselves, float64.
        signs: of their signs.
        moved: how many are not zero.
        energies: of their squares, float64; None where these are not wanted.
        lengths: of their squared norms.
    """

    gradients: Tensors = field(default_factory=dict)
    signs: Tensors = field(default_factory=dict)
    moved: Tensors = field(default_factory=dict)
    energies: Tensors | None = None
    lengths: dict[str, float] = field(default_factory=dict)


def of_batch(
    network: nn.Module, images: torch.Tensor, labels: torch.Tensor, signs: bool = True, totals: Totals | None = None
) -> Sums:
    """Sums over the per-sample gradients of a batch.

    Args:
        network: a plain network in evaluation mode, whose parameters need no gradient; it is not changed.
        images: (B, C, H, W), on its device.
        labels: (B,).
        signs: whether the sums of signs are wanted; else `signs` and `moved` are empty.
        totals: to which these sums are added, layer by layer, so that those of a batch are not held beside them; they
            are what `gradients`, `signs` and `moved` are then.
    """
    parts = _Parts(len(images), images.device, signs, totals)
    return (_by_layers if knows(network) else _by_functions)(network, images, labels, parts)


def knows(network: nn.Module) -> bool:
    """Whether every parameter belongs to a layer whose sums are known without the single gradients."""
    owners = [module for module in network.modules() if list(module.parameters(recurse=False))]
    return all(type(owner) in _RULES for owner in owners) and not any(_several_groups(owner) for owner in owners)


@torch.no_grad()
def floats_per_image(network: nn.Module, image: torch.Tensor) -> int:
    """About how many numbers `of_batch` holds for each image, beside the weights.

    Args:
        network: a plain network.
        image: (1, C, H, W).
    """
    if not knows(network):  # torch.func has the gradients of all layers at once
        return sum(parameter.numel() for parameter in network.parameters())
    kept, largest = 0, 0
    named = {name: module for name, module in network.named_modules() if type(module) in _RULES}

    def count(layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal kept, largest
        kept += given[0].numel() + output.numel()
        if isinstance(layer, nn.Conv2d):
            inner = layer.weight[0].numel()
            largest = max(largest, layer.weight.numel() + inner * output.shape[2] * output.shape[3])
        elif output.dim() > 2:
            largest = max(largest, sum(parameter.numel() for parameter in layer.parameters()))

    handles = [layer.register_forward_hook(count) for layer in named.values()]
    try:
        network(image)
    finally:
        for handle in handles:
            handle.remove()
    return kept + largest


def _several_groups(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.groups > 1


class _Parts:
    """Per-sample gradients as they come, parameter by parameter, added up."""

    def __init__(self, samples: int, device: torch.device, signs: bool, totals: Totals | None) -> None:
        self.totals = Totals() if totals is None else totals
        self.is_double = totals is not None
        self.wanted = signs
        self.squares = torch.zeros(samples, dtype=torch.float64, device=device)

    def add(self, name: str, each: torch.Tensor) -> None:
        """Take the gradients (B, ...) by one parameter."""
        self._take(name, each.sum(0))
        flat = each.flatten(1)
        self._measure(name, torch.linalg.vecdot(flat, flat).double())
        if self.totals.energies is not None:
            _add(self.totals.energies, name, each.square().sum(0).double())
        if self.wanted:
            _add(self.totals.signs, name, each.sign().sum(0))
            _add(self.totals.moved, name, each.ne(0).sum(0).to(each.dtype))

    def _measure(self, name: str, squares: torch.Tensor) -> None:
        self.squares += squares
        self.totals.lengths[name] = self.totals.lengths.get(name, 0.0) + float(squares.sum())

    def _take(self, name: str, gradients: torch.Tensor) -> None:
        known = name in self.totals.gradients or not self.is_double
        _add(self.totals.gradients, name, gradients if known else gradients.double())

    def add_products(self, name: str, left: torch.Tensor, right: torch.Tensor) -> None:
        """Take the gradients left_z right_z^T, by (B, O) and (B, I), without ever having them."""
        self._take(name, left.T @ right)
        self._measure(name, (torch.linalg.vecdot(left, left) * torch.linalg.vecdot(right, right)).double())
        if self.totals.energies is not None:
            _add(self.totals.energies, name, (left.square().T @ right.square()).double())
        if self.wanted:
            signs = left.sign(), right.sign()
            _add(self.totals.signs, name, signs[0].T @ signs[1])
            _add(self.totals.moved, name, signs[0].abs().T @ signs[1].abs())

    def sums(self, losses: torch.Tensor, correct: torch.Tensor) -> Sums:
        """What `of_batch` gives."""
        totals = self.totals
        return Sums(totals.gradients, totals.signs, totals.moved, self.squares, losses, correct)


def _add(totals: Tensors, name: str, part: torch.Tensor) -> None:
    if name in totals:
        totals[name].add_(part)
    else:
        totals[name] = part


def _linear(parts: _Parts, name: str, layer: nn.Module, inputs: torch.Tensor, outputs: torch.Tensor) -> None:
    assert isinstance(layer, nn.Linear)
    if inputs.dim() == 2:
        parts.add_products(f"{name}.weight", outputs, inputs)
        bias = outputs
    else:  # a sequence: what its places say is added up before anything is squared
        outputs, inputs = outputs.flatten(1, -2), inputs.flatten(1, -2)
        parts.add(f"{name}.weight", outputs.mT @ inputs)
        bias = outputs.sum(1)
    if layer.bias is not None:
        parts.add(f"{name}.bias", bias)


def _convolution(parts: _Parts, name: str, layer: nn.Module, inputs: torch.Tensor, outputs: torch.Tensor) -> None:
    assert isinstance(layer, nn.Conv2d)
    flat = outputs.flatten(2)
    parts.add(f"{name}.weight", (flat @ _unfolded(layer, inputs)).view(len(inputs), *layer.weight.shape))
    if layer.bias is not None:
        parts.add(f"{name}.bias", flat.sum(2))


def _unfolded(layer: nn.Conv2d, inputs: torch.Tensor) -> torch.Tensor:
    """The inputs that each output pixel of a convolution reads: (B, L, C * h * w)."""
    if layer.kernel_size == (1, 1) and layer.padding in (0, (0, 0)):
        return inputs[:, :, :: layer.stride[0], :: layer.stride[1]].flatten(2).mT
    assert not isinstance(layer.padding, str)
    return F.unfold(inputs, layer.kernel_size, layer.dilation, layer.padding, layer.stride).mT


def _batch_norm(parts: _Parts, name: str, layer: nn.Module, inputs: torch.Tensor, outputs: torch.Tensor) -> None:
    assert isinstance(layer, nn.BatchNorm2d)
    normalised = F.batch_norm(inputs, layer.running_mean, layer.running_var, eps=layer.eps)
    parts.add(f"{name}.weight", (outputs * normalised).sum((2, 3)))
    parts.add(f"{name}.bias", outputs.sum((2, 3)))


_Rule = Callable[[_Parts, str, nn.Module, torch.Tensor, torch.Tensor], None]
_RULES: Mapping[type[nn.Module], _Rule] = {
    nn.Linear: _linear,
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
}


def _by_layers(network: nn.Module, images: torch.Tensor, labels: torch.Tensor, parts: _Parts) -> Sums:
    named = {name: module for name, module in network.named_modules() if type(module) in _RULES}
    with torch.enable_grad(), _watched(named) as (inputs, gradients):
        logits = network(images)
        losses = F.cross_entropy(logits, labels, reduction="none")
        losses.sum().backward()
    with torch.no_grad():
        for name, layer in named.items():
            _RULES[type(layer)](parts, name, layer, inputs.pop(name), gradients.pop(name))
    return parts.sums(losses.detach(), logits.argmax(1) == labels)


@contextmanager
def _watched(layers: Mapping[str, nn.Module]) -> Iterator[tuple[Tensors, Tensors]]:
    """Keep, by name, what goes into layers in the passes inside, and the gradients by what comes out."""
    inputs: Tensors = {}
    gradients: Tensors = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], torch.Tensor]:
        def hook(_layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
            inputs[name] = given[0].detach()
            if not output.requires_grad:  # a first layer; a copy, because what follows may work in place
                output = output.requires_grad_().clone()
            output.register_hook(partial(gradients.__setitem__, name))
            return output

        return hook

    handles = [layer.register_forward_hook(watch(name)) for name, layer in layers.items()]
    try:
        yield inputs, gradients
    finally:
        for handle in handles:
            handle.remove()


def _by_functions(network: nn.Module, images: torch.Tensor, labels: torch.Tensor, parts: _Parts) -> Sums:
    with plain_attention():
        (gradients,) = per_sample_gradients([network], images, labels, len(images))
    with torch.no_grad():
        for name, each in gradients.items():
            parts.add(name, each[0].detach())
        logits = network(images)
    losses = F.cross_entropy(logits, labels, reduction="none")
    return parts.sums(losses, logits.argmax(1) == labels)
