"""`build` makes any network, dense or pruned, from an `Architecture`."""

import importlib
import math
from types import ModuleType

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture, Origin
from prunescape.models.catalog import lookup
from prunescape.models.channel_groups import ChannelGroup, resize


def build(architecture: Architecture, seed: int | None = None) -> nn.Module:
    """The network that `architecture` describes, in training mode, on the CPU.

    Args:
        architecture: what to build.
        seed: of the initialisation, He's unless the model's module has one of its own; None leaves torch's own random
            weights, to be overwritten.

    Raises:
        UserError: the model is unknown, the images are too small for it, or a width names no group of channels; or a
            network of another origin cannot be made.
    """
    if architecture.origin is not None:
        return _own(architecture, architecture.origin, seed)
    info = lookup(architecture.name)
    if min(architecture.input_shape[1:]) < info.smallest_image:
        raise UserError(
            f"model {info.name}: images of {architecture.input_shape[1]} pixels are too small, it needs at least"
            f" {info.smallest_image}; choose a smaller model or a larger image size"
        )
    module = _module(info.module)
    width = {} if architecture.width is None else {"width": architecture.width}
    model: nn.Module = module.build(info.name, architecture.input_shape, architecture.classes, **width)
    groups = {group.producer: group for group in module.channel_groups(model)}
    for producer, channels in architecture.widths.items():
        if producer not in groups:
            raise UserError(f"model {info.name}: widths name {producer!r}, which is no group of channels")
        resize(model, groups[producer], channels)
    if seed is not None:
        getattr(module, "initialise", he_initialise)(model, seed)
    return model


def _own(architecture: Architecture, origin: Origin, seed: int | None) -> nn.Module:
    own = _module("own")
    with torch.random.fork_rng(devices=[]):  # what He initialisation leaves alone is the constructor's, by this seed
        torch.manual_seed(0 if seed is None else seed)
        model: nn.Module = own.build(origin, architecture.input_shape, architecture.classes)
        own.resize(model, architecture.layers)
    if seed is not None:
        he_initialise(model, seed)
    return model


def channel_groups(name: str, model: nn.Module) -> list[ChannelGroup]:
    """The prunable channel groups of a network that `build` made of the model called `name`."""
    groups: list[ChannelGroup] = _module(lookup(name).module).channel_groups(model)
    return groups


def he_initialise(model: nn.Module, seed: int) -> None:
    """He initialisation (K. He et al., 2015a), in place: N(0, 2 / fan_in) for convolutions and classifiers.

    Biases are 0, batch norms are the identity. Only `seed` decides the numbers, whatever torch's global state.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0.0, math.sqrt(2.0 / fan_in), generator=generator)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"prunescape.models.{name}")
