"""Fusing K networks of one architecture into one network, and taking single lanes out again."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.modules.dropout import _DropoutNd

from prunescape.errors import UserError
from prunescape.lanes.modules import LaneBatchNorm2d, LaneConv2d, LaneLinear


class Alone(nn.Module):
    """A network whose parameters and buffers have a leading dimension of 1, as an array of lanes has them.

    Their names are the plain network's. The forward method is the plain network's too, on views of the numbers here, so
    running statistics are kept here.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        tree = copy.deepcopy(model)
        for module in tree.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = buffer.detach().clone()[None]
        stacked: dict[int, nn.Parameter] = {}  # a parameter that stands in two places stays one
        for module in tree.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    if id(parameter) not in stacked:
                        stacked[id(parameter)] = nn.Parameter(parameter.detach().clone()[None])
                    module._parameters[name] = stacked[id(parameter)]
        for part in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"):
            setattr(self, part, getattr(tree, part))
        self.lanes = 1
        self.arbitrary = True
        # No submodule: it holds no numbers of its own, and is no part of the state.
        object.__setattr__(self, "_plain", copy.deepcopy(model).to("meta"))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, classes)."""
        numbers = {name: tensor[0] for name, tensor in [*self.named_parameters(), *self.named_buffers()]}
        plain = self._plain
        assert isinstance(plain, nn.Module)
        plain.train(self.training)
        logits: torch.Tensor = functional_call(plain, numbers, (x,))
        return logits


_FUSED: dict[type[nn.Module], Callable[[list[Any]], nn.Module]] = {
    nn.Conv2d: LaneConv2d,
    nn.BatchNorm2d: LaneBatchNorm2d,
    nn.Linear: LaneLinear,
}


def fuse(models: Sequence[nn.Module]) -> nn.Module:
    """A network that runs `models` side by side on the same images.

    It keeps their forward method and their parameters' names; parameters and buffers gain a leading dimension K, and
    the output is (N, K * classes), lane after lane. The given networks are not changed and share no memory with it. A
    single network may have layers of any kind, and one of another origin than the catalogue's runs as it is.

    Raises:
        UserError: there are several, with a layer that has no version for lanes.
    """
    arbitrary = getattr(models[0], "arbitrary", False)
    if len(models) == 1 and (arbitrary or any(_unknown(module) for module in models[0].modules())):
        return Alone(models[0])
    fused = copy.deepcopy(models[0])
    for name, module in list(fused.named_modules()):
        make = _FUSED.get(type(module))
        if make is not None and _plain(module):
            fused.set_submodule(name, make([model.get_submodule(name) for model in models]))
        elif hasattr(module, "lanes"):  # a layer of ours that knows lanes
            module.lanes = len(models)
        elif _unknown(module):
            raise UserError(
                f"{name}: {type(module).__name__} cannot be trained in lanes; set engine.strategy to 'serial'"
            )
    return fused


def _unknown(module: nn.Module) -> bool:
    """Whether a module has tensors of its own and no version for lanes."""
    own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
    return bool(own) and not (type(module) in _FUSED and _plain(module)) and not hasattr(module, "lanes")


def _plain(layer: nn.Module) -> bool:
    """Whether a layer uses only options that its version for lanes has."""
    if isinstance(layer, nn.Conv2d):
        return layer.padding_mode == "zeros"
    if isinstance(layer, nn.Linear):
        return layer.bias is not None
    return not isinstance(layer, nn.BatchNorm2d) or (layer.affine and layer.track_running_stats)


def lane_states(fused: nn.Module, count: int) -> list[dict[str, torch.Tensor]]:
    """The state dicts of the first `count` lanes, as the plain network has them (copies, on the CPU).

    Batches are not counted while lanes train, so `num_batches_tracked` is 0.
    """
    stacked = {name: tensor.detach().cpu() for name, tensor in fused.state_dict().items()}
    counters = [name.replace("running_mean", "num_batches_tracked") for name in stacked if "running_mean" in name]
    return [
        {name: tensor[lane].clone() for name, tensor in stacked.items()} | {name: torch.tensor(0) for name in counters}
        for lane in range(count)
    ]


def lane_state(fused: nn.Module, lane: int) -> dict[str, torch.Tensor]:
    """The state dict of one lane; see `lane_states`."""
    return lane_states(fused, lane + 1)[lane]


@torch.no_grad()
def check_lanes(models: Sequence[nn.Module], images: torch.Tensor) -> None:
    """Make sure that a network's forward method keeps lanes apart, by its outputs for `images`, (N, C, H, W).

    Args:
        models: two networks of one architecture with different weights.
        images: a few images.

    Raises:
        UserError: the fused network gives other outputs than the plain ones.
    """
    try:
        together = fuse(models)(images).view(len(images), len(models), -1)
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
        text = " ".join(str(error).split())[:120]
        raise UserError(
            f"this network's forward method does not run in lanes ({text}); set engine.strategy to 'serial'"
        ) from None
    if any(isinstance(module, _DropoutNd) and module.p > 0 for module in models[0].modules()):
        raise UserError("this network drops at random, which lanes would share; set engine.strategy to 'serial'")
    for lane, model in enumerate(models):
        alone = copy.deepcopy(model)(images)
        if not torch.allclose(together[:, lane], alone, rtol=1e-3, atol=1e-3 * float(alone.abs().max())):
            raise UserError(
                "this network's forward method mixes the channels of lanes, as joining or splitting channels does; set"
                " engine.strategy to 'serial'"
            )
