"""Batch norm folded into the convolutions before it, for networks that are only evaluated.

With running statistics batch norm is linear, so that a convolution with other weights and a bias gives the same: one
layer less to run for each pair. An ablated network keeps the statistics of the whole one, and a weight that is zero
stays zero, so utility is the same but for rounding.
"""

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from prunescape.lanes.vectors import Layout

AGREE = 1e-9  # in parts of the largest output, in float64: what folding may change, which is rounding


@dataclass(frozen=True)
class Folding:
    """A network without the batch norms that could be folded, and how the vectors of others become its own.

    Attributes:
        network: the plain network, folded.
        layout: of its vectors.
        whole: of the vectors of the network that was folded.
        pairs: names of convolutions, each with that of its batch norm.
        epsilons: of the batch norms, by their names.
    """

    network: nn.Module
    layout: Layout
    whole: Layout
    pairs: dict[str, str]
    epsilons: dict[str, float]

    @classmethod
    def of(cls, network: nn.Module, images: torch.Tensor) -> "Folding":
        """Fold each batch norm that reads a convolution's outputs, which nothing else reads.

        Nothing is folded where outputs would be others, as where something between layers reads what a convolution
        makes, nor in networks of another origin than the catalogue's, whose code may ask for its batch norms.

        Args:
            network: a plain network; it is not changed.
            images: a few images, (N, C, H, W).
        """
        exact, images = copy.deepcopy(network).cpu().double().eval(), images.cpu().double()
        whole, pairs, outputs = Layout.of(network), dict[str, str](), torch.empty(0)
        if not getattr(network, "arbitrary", False):
            pairs, outputs = _pairs(exact, images)
        epsilons = {norm: float(_norm(exact, norm).eps) for norm in pairs.values()}
        if pairs:
            without = _without(exact, pairs)
            folded = cls(without, Layout.of(without), whole, pairs, epsilons)
            vector = folded.vectors(whole.vector(exact.state_dict())[None])[0]
            state = {name: vector[place].view(folded.layout.shapes[name]) for name, place in folded.layout.slices()}
            folded.network.load_state_dict(state, strict=False)  # but for what counts batches
            with torch.no_grad():
                same = folded.network(images)
            if bool((same - outputs).abs().max() <= AGREE * outputs.abs().max()):  # never, where something is NaN
                return folded
        return cls(copy.deepcopy(network).cpu(), whole, whole, {}, {})

    def vectors(self, vectors: torch.Tensor) -> torch.Tensor:
        """The vectors of the folded networks, (K, S'), of networks given as vectors (K, S)."""
        if not self.pairs:
            return vectors
        tensors = {name: vectors[:, place] for name, place in self.whole.slices()}
        for conv, norm in self.pairs.items():
            own = {name: tensors.pop(f"{norm}.{name}") for name in ("weight", "bias", "running_mean", "running_var")}
            scale = own["weight"] / (own["running_var"].clamp(min=0) + self.epsilons[norm]).sqrt()
            weight = tensors[f"{conv}.weight"].view(len(vectors), scale.shape[1], -1)
            tensors[f"{conv}.weight"] = (weight * scale[:, :, None]).flatten(1)
            before = tensors.get(f"{conv}.bias", torch.zeros_like(scale))
            tensors[f"{conv}.bias"] = own["bias"] + (before - own["running_mean"]) * scale
        return torch.cat([tensors[name] for name in self.layout.shapes], 1)


def _norm(network: nn.Module, name: str) -> nn.BatchNorm2d:
    module = network.get_submodule(name)
    assert isinstance(module, nn.BatchNorm2d)
    return module


def _pairs(network: nn.Module, images: torch.Tensor) -> tuple[dict[str, str], torch.Tensor]:
    """The convolutions whose outputs a batch norm reads as they are, each with that batch norm; and the outputs."""
    runs: dict[str, int] = {}
    made: dict[int, tuple[str, torch.Tensor]] = {}  # the tensors are kept, so that no other one takes their place
    pairs, handles = dict[str, str](), []

    def noted(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
            runs[name] = runs.get(name, 0) + 1
            if type(module) is nn.Conv2d:
                made[id(output)] = name, output
            elif id(inputs[0]) in made:
                pairs[made[id(inputs[0])][0]] = name

        return hook

    for name, module in network.named_modules():
        plain = type(module) is nn.BatchNorm2d and module.affine and module.track_running_stats
        if plain or type(module) is nn.Conv2d:
            handles.append(module.register_forward_hook(noted(name)))
    with torch.no_grad():
        outputs = network(images)
    for handle in handles:
        handle.remove()
    return {conv: norm for conv, norm in pairs.items() if runs[conv] == runs[norm] == 1}, outputs


def _without(network: nn.Module, pairs: dict[str, str]) -> nn.Module:
    """A copy whose convolutions have a bias, and whose batch norms pass on what they get."""
    network = copy.deepcopy(network)
    for conv, norm in pairs.items():
        layer = network.get_submodule(conv)
        assert isinstance(layer, nn.Conv2d)
        if layer.bias is None:
            layer.bias = nn.Parameter(torch.zeros(layer.out_channels, dtype=layer.weight.dtype))
        network.set_submodule(norm, nn.Identity())
    return network
