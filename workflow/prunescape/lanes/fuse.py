"""Fusing K networks of one architecture into one network, and taking single lanes out again."""

import copy
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from prunescape.errors import UserError
from prunescape.lanes.any_network import Alone, Mapped
from prunescape.lanes.modules import LaneBatchNorm2d, LaneConv2d, LaneLinear
from prunescape.lanes.vectors import COUNTER

_FUSED: dict[type[nn.Module], Callable[[list[Any]], nn.Module]] = {
    nn.Conv2d: LaneConv2d,
    nn.BatchNorm2d: LaneBatchNorm2d,
    nn.Linear: LaneLinear,
}


def fuse(models: Sequence[nn.Module], by_vmap: bool = False) -> nn.Module:
    """A network that runs `models` side by side on the same images.

    It keeps their forward method and their parameters' names; parameters and buffers gain a leading dimension K, and
    the output is (N, K * classes), lane after lane. The given networks are not changed and share no memory with it. A
    single network may have layers of any kind, and one of another origin than the catalogue's runs as it is.

    Args:
        models: K plain networks of one architecture.
        by_vmap: whether several run by `torch.func.vmap`, which any layers can, instead of by layers for lanes.

    Raises:
        UserError: there are several, with a layer that has no version for lanes.
    """
    if by_vmap and len(models) > 1:
        return Mapped(models)
    arbitrary = getattr(models[0], "arbitrary", False)
    if len(models) == 1 and (arbitrary or not has_lane_layers(models[0])):
        return Alone(models[0])
    fused = copy.deepcopy(models[0])
    for name, module in list(fused.named_modules()):
        make = _FUSED.get(type(module))
        if make is not None and _plain(module):
            fused.set_submodule(name, make([model.get_submodule(name) for model in models]))
        elif hasattr(module, "lanes"):  # a layer of ours that knows lanes
            module.lanes = len(models)
        elif _unknown(module):
            layer = f"{name}: {type(module).__name__}".removeprefix(": ")
            raise UserError(f"{layer} has no version for lanes; set engine.strategy to 'vmap'")
    return fused


class Branches(nn.Module):
    """K networks of one architecture beside each other, each an array of one lane with tensors of its own.

    Args:
        models: plain networks; they are not changed.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        super().__init__()
        self.arrays = nn.ModuleList(fuse([model]) for model in models)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W), shared by all lanes, to (N, K * classes), lane after lane."""
        return torch.cat([array(x) for array in self.arrays], 1)


def by_themselves(fused: nn.Module, lanes: int) -> list[tuple[nn.Module, slice]]:
    """The networks of an array that run by themselves, each with its places among so many lanes."""
    if isinstance(fused, Branches):
        return [(array, slice(lane, lane + 1)) for lane, array in enumerate(fused.arrays)]
    return [(fused, slice(0, lanes))]


def has_lane_layers(model: nn.Module) -> bool:
    """Whether all layers of a network have a version for lanes."""
    return not any(_unknown(module) for module in model.modules())


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
    if isinstance(fused, Branches):
        return [lane_state(array, 0) for array in fused.arrays[:count]]
    stacked = {name: tensor.detach().cpu() for name, tensor in fused.state_dict().items()}
    counters = [name.replace("running_mean", "num_batches_tracked") for name in stacked if "running_mean" in name]
    return [
        {name: tensor[lane].clone() for name, tensor in stacked.items()} | {name: torch.tensor(0) for name in counters}
        for lane in range(count)
    ]


def finite(fused: nn.Module) -> torch.Tensor:
    """Whether all numbers of each lane are finite, (K,) booleans on the network's device."""
    if isinstance(fused, Branches):
        return torch.cat([finite(array) for array in fused.arrays])
    tensors = fused.state_dict().values()
    return torch.stack([torch.isfinite(tensor).reshape(len(tensor), -1).all(1) for tensor in tensors]).all(0)


def lane_state(fused: nn.Module, lane: int) -> dict[str, torch.Tensor]:
    """The state dict of one lane; see `lane_states`."""
    return lane_states(fused, lane + 1)[lane]


def check_vmap(models: Sequence[nn.Module], images: torch.Tensor) -> None:
    """Make sure that networks train by vmap as they do alone: outputs, gradients, and what batch norm keeps.

    Args:
        models: plain networks of one architecture with different weights; their gradients are lost.
        images: a few images, (N, C, H, W).

    Raises:
        UserError: vmap cannot run them, or they compute or learn something else.
    """
    try:
        array = fuse(models, by_vmap=True).train()
        torch.manual_seed(0)
        together = array(images).view(len(images), len(models), -1)
        together.square().mean((0, 2)).sum().backward()
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError, KeyError, AssertionError) as error:
        text = " ".join(str(error).split())[:120]
        raise UserError(f"vmap does not run this network ({text}); set engine.strategy to 'serial'") from None
    gradients = {name: parameter.grad for name, parameter in array.named_parameters()}
    for lane, (model, state) in enumerate(zip(models, lane_states(array, len(models)), strict=True)):
        alone = copy.deepcopy(model).train()
        torch.manual_seed(0)
        logits = alone(images)
        logits.square().mean().backward()
        if not _near(together[:, lane].detach(), logits.detach()):
            raise UserError("vmap computes something else than this network alone; set engine.strategy to 'serial'")
        own = {name: parameter.grad for name, parameter in alone.named_parameters() if parameter.grad is not None}
        # What is zero but for rounding, as the gradient of keys' biases is, is compared on the scale of the others.
        floor = 1e-4 * max((float(gradient.abs().max()) for gradient in own.values()), default=0.0)
        for name, gradient in own.items():
            mine = gradients[name]
            if mine is None or not _near(mine[lane], gradient, floor):
                raise UserError(
                    f"vmap learns {name} otherwise than this network alone; set engine.strategy to 'serial'"
                )
        kept = {name: buffer.double() for name, buffer in alone.named_buffers() if not name.endswith(COUNTER)}
        floor = 1e-4 * max((float(buffer.abs().max()) for buffer in kept.values()), default=0.0)
        for name, buffer in kept.items():
            if name in state and not _near(state[name].double(), buffer, floor):
                raise UserError(f"vmap keeps {name} otherwise than this network alone; set engine.strategy to 'serial'")


def check_places(model: nn.Module, images: torch.Tensor, lanes: int) -> None:
    """Make sure that by vmap a lane's outputs and gradients do not depend on its place, bit for bit, on this machine.

    Args:
        model: a plain network.
        images: a batch of the size that is trained on.
        lanes: K.

    Raises:
        UserError: equal lanes differ.
    """
    array = fuse([model] * lanes, by_vmap=True).to(images.dtype).train()
    logits = array(images)
    logits.square().mean().backward()
    found = [logits.detach().view(len(images), lanes, -1).transpose(0, 1)]
    found += [parameter.grad for parameter in array.parameters() if parameter.grad is not None]
    if not all(torch.equal(tensor, tensor[:1].expand_as(tensor)) for tensor in found):
        raise UserError(
            f"by vmap on batches of {len(images)} images a cell's neighbours would change its last bits here; make"
            " recipe.batch_size a multiple of 16 and set recipe.drop_last: true, or set engine.strategy to 'serial'"
        )


def check_alone(model: nn.Module, images: torch.Tensor) -> None:
    """Make sure that a network alone in an array is the network itself, by its outputs and gradients.

    Args:
        model: a plain network; its gradients are lost.
        images: a few images, (N, C, H, W).

    Raises:
        UserError: it computes something else, or learns other weights.
    """
    found = []
    for network in (model, fuse([model])):
        torch.manual_seed(0)
        logits = network.train()(images)
        logits.square().mean().backward()
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        found.append((logits.detach(), gradients))
    model.zero_grad()
    (logits, gradients), (others, theirs) = found
    if not _near(others, logits):
        raise UserError("computes something else once it is copied; keep layers in modules, not in functions or lists")
    for name, gradient in gradients.items():
        other = theirs[name]
        if (gradient is None) != (other is None) or not (
            gradient is None or other is None or _near(other[0], gradient)
        ):
            raise UserError(
                f"learns {name} otherwise once it is copied; keep layers in modules, not in functions or lists"
            )


class _Looked(TorchFunctionMode):
    """Inside, it is noted whether Python reads the numbers of a tensor, as `if x.mean() > 0` does."""

    at = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in (
            "__bool__",
            "__float__",
            "__int__",
            "__index__",
            "item",
            "tolist",
            "numpy",
        ):
            self.at = True
        return func(*args, **(kwargs or {}))


def _near(one: torch.Tensor, other: torch.Tensor, floor: float = 0.0) -> bool:
    tolerance = max(1e-3 * float(other.abs().max()), floor) if other.numel() else 0.0
    return torch.allclose(one, other, rtol=1e-3, atol=tolerance, equal_nan=True)


@torch.no_grad()
def check_lanes(models: Sequence[nn.Module], images: torch.Tensor) -> None:
    """Make sure that a network's forward method keeps lanes apart, by its outputs for `images`, (N, C, H, W).

    Args:
        models: two networks of one architecture with different weights.
        images: a few images.

    Raises:
        UserError: the fused network gives other outputs than the plain ones, or several of its layers share a weight.
    """
    everywhere = [id(parameter) for _, parameter in models[0].named_parameters(remove_duplicate=False)]
    if len(set(everywhere)) < len(everywhere):
        raise UserError("layers of this network share weights, which lanes would part; set engine.strategy to 'vmap'")
    before, looked = torch.get_rng_state(), _Looked()
    try:
        with looked if getattr(models[0], "arbitrary", False) else nullcontext():
            together = fuse(models)(images).view(len(images), len(models), -1)
    except (RuntimeError, ValueError, TypeError, AttributeError, IndexError) as error:
        text = " ".join(str(error).split())[:120]
        raise UserError(
            f"this network's forward method does not run in lanes ({text}); set engine.strategy to 'vmap'"
        ) from None
    if not torch.equal(torch.get_rng_state(), before):
        raise UserError("this network drops at random, which lanes would share; set engine.strategy to 'vmap'")
    if looked.at:
        raise UserError(
            "this network's forward method decides by numbers, which are others in each lane; set engine.strategy to"
            " 'serial'"
        )
    for lane, model in enumerate(models):
        alone = copy.deepcopy(model)(images)
        if not _near(together[:, lane], alone):
            raise UserError(
                "this network's forward method mixes the channels of lanes, as joining or splitting channels does; set"
                " engine.strategy to 'vmap'"
            )
