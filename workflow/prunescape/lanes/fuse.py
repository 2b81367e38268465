"""Make one network of K networks of the same architecture, and take single lanes out again."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from prunescape.lanes.modules import LaneBatchNorm2d, LaneConv2d, LaneLinear

_FUSED: dict[type[nn.Module], Callable[[list[Any]], nn.Module]] = {
    nn.Conv2d: LaneConv2d,
    nn.BatchNorm2d: LaneBatchNorm2d,
    nn.Linear: LaneLinear,
}


def fuse(models: Sequence[nn.Module]) -> nn.Module:
    """A network that runs `models` side by side on the same images.

    It keeps their forward method and their parameters' names; parameters and buffers gain a leading dimension K, and
    the output is (N, K * classes), lane after lane. The given networks are not changed and share no memory with it.
    """
    fused = copy.deepcopy(models[0])
    for name, module in list(fused.named_modules()):
        make = _FUSED.get(type(module))
        if make is not None:
            fused.set_submodule(name, make([model.get_submodule(name) for model in models]))
        elif hasattr(module, "lanes"):  # a layer of ours that knows lanes
            module.lanes = len(models)
        elif any(True for _ in module.parameters(recurse=False)):
            raise TypeError(f"{name}: no lane version of {type(module).__name__}")
    return fused


def lane_state(fused: nn.Module, lane: int) -> dict[str, torch.Tensor]:
    """The state dict of one lane, as the plain network has it (a copy, on the CPU)."""
    state = {name: tensor[lane].detach().clone().cpu() for name, tensor in fused.state_dict().items()}
    for name in [name for name in state if name.endswith("running_mean")]:
        state[name.replace("running_mean", "num_batches_tracked")] = torch.tensor(0)
    return state
