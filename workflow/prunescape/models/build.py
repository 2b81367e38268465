"""Networks, dense or pruned, made from an `Architecture`, and the sizes of layers in which the two differ."""

import importlib
import math
from collections.abc import Callable, Mapping
from types import ModuleType

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.attention import FewerHeads, is_timms, is_torchs
from prunescape.models.catalogue import lookup

# A layer's sizes that pruning may change, by its type; the layers for which networks are cut and built again.
SIZES: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: ("in_channels", "out_channels", "groups"),
    nn.Linear: ("in_features", "out_features"),
    nn.BatchNorm1d: ("num_features",),
    nn.BatchNorm2d: ("num_features",),
    nn.PReLU: ("num_parameters",),
}
# Of attention, around the layers whose sizes follow from them.
TIMMS_HEADS, TORCHS_HEADS = ("num_heads", "attn_dim"), ("num_heads",)


def build(architecture: Architecture, seed: int | None = None) -> nn.Module:
    """The network that `architecture` describes, in training mode, on the CPU.

    Args:
        architecture: what to build.
        seed: of the initialisation, He's unless the model's module has one of its own; None leaves weights of a fixed
            seed, to be overwritten.

    Raises:
        UserError: the model is unknown, the images are too small for it, or it lacks a layer that pruning has changed;
            or a network of another origin cannot be made.
    """
    with torch.random.fork_rng(devices=[]):  # what He initialisation leaves alone is the constructor's, by this seed
        torch.manual_seed(0 if seed is None else seed)
        model, initialise = _dense(architecture)
        resize(model, architecture.layers)
    if seed is not None:
        initialise(model, seed)
    return model


def _dense(architecture: Architecture) -> tuple[nn.Module, Callable[[nn.Module, int], None]]:
    """The network before it was pruned, and what initialises it."""
    shape, classes = architecture.input_shape, architecture.classes
    if architecture.origin is not None:
        model: nn.Module = _module("external").build(architecture.origin, shape, classes)
        return model, he_initialise
    info = lookup(architecture.name)
    if min(shape[1:]) < info.smallest_image:
        raise UserError(
            f"model {info.name}: images of {shape[1]} pixels are too small, it needs at least"
            f" {info.smallest_image}; choose a smaller model or a larger image size"
        )
    module = _module(info.module)
    width = {} if architecture.width is None else {"width": architecture.width}
    return module.build(info.name, shape, classes, **width), getattr(module, "initialise", he_initialise)


def sizes(model: nn.Module) -> dict[str, dict[str, int]]:
    """The sizes of every layer that has some, by its name."""
    by_layer: dict[str, dict[str, int]] = {}
    for name, module in model.named_modules():
        for kind, attributes in SIZES.items():
            if isinstance(module, kind):
                by_layer[name] = {attribute: getattr(module, attribute) for attribute in attributes}
        heads = TIMMS_HEADS if is_timms(module) else TORCHS_HEADS if is_torchs(module) else ()
        if heads:
            by_layer[name] = {attribute: getattr(module, attribute) for attribute in heads}
    return by_layer


def smaller(dense: Mapping[str, Mapping[str, int]], pruned: nn.Module) -> dict[str, dict[str, int]]:
    """Sizes of layers that pruning has changed: of each layer, those that differ from the sizes in `dense`."""
    changed = {
        name: {attribute: size for attribute, size in after.items() if size != dense[name][attribute]}
        for name, after in sizes(pruned).items()
    }
    return {name: difference for name, difference in changed.items() if difference}


def resize(model: nn.Module, layers: Mapping[str, Mapping[str, int]]) -> None:
    """Give layers other sizes, in place; their weights are fresh.

    Raises:
        UserError: the network has no such layers; it has changed since it was pruned.
    """
    here = sizes(model)
    for name, changed in layers.items():
        if name not in here or not set(changed) <= set(here[name]):
            raise UserError(f"the network has no layer {name!r} with {', '.join(changed)} any more; prune it again")
        layer = model.get_submodule(name)
        for attribute, size in changed.items():
            setattr(layer, attribute, size)
        if is_timms(layer):
            continue
        for tensor, shape in _shapes(layer).items():
            old = getattr(layer, tensor)
            if isinstance(old, nn.Parameter):
                setattr(layer, tensor, nn.Parameter(old.new_zeros(shape), requires_grad=old.requires_grad))
            elif old is not None:
                setattr(layer, tensor, old.new_zeros(shape))
        if isinstance(layer, nn.MultiheadAttention):
            nn.init.xavier_uniform_(FewerHeads.of(layer).in_proj_weight)  # as its constructor; its bias is zero there
        else:
            layer.reset_parameters()  # type: ignore[operator]


def _shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    if isinstance(layer, nn.Conv2d):
        weight = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
        return {"weight": weight, "bias": (layer.out_channels,)}
    if isinstance(layer, nn.Linear):
        return {"weight": (layer.out_features, layer.in_features), "bias": (layer.out_features,)}
    if isinstance(layer, nn.MultiheadAttention):
        inside = 3 * layer.num_heads * layer.head_dim
        return {"in_proj_weight": (inside, layer.embed_dim), "in_proj_bias": (inside,)}
    if isinstance(layer, nn.PReLU):
        return {"weight": (layer.num_parameters,)}
    assert isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
    return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (layer.num_features,))


def he_initialise(model: nn.Module, seed: int) -> None:
    """He initialisation (K. He et al., 2015a), in place: N(0, 2 / fan_in) for convolutions and classifiers.

    Biases are 0, batch norms are the identity. Only `seed` decides the numbers, whatever torch's global state. Layers
    whose weights are computed from others (weight norm) are left alone.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and "weight" in module._parameters:
                fan_in = module.weight[0].numel()
                module.weight.normal_(0.0, math.sqrt(2.0 / fan_in), generator=generator)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.BatchNorm2d) and not is_parametrized(module):
                module.reset_parameters()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"prunescape.models.{name}")
