"""Networks that are not in the catalogue: the user's own, torchvision's and timm's.

The contract: `package.module:function` is called as `function(num_classes=N, in_channels=C, image_size=S, **kwargs)`,
with those of the three that its signature names (a class will do, too), and gives an `nn.Module` that makes one tensor
of logits, (images, N), from images, (images, C, S, S). torchvision's and timm's networks are called by name; where
theirs read three channels and the images have another number, the first convolution is replaced.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType
from typing import Any, get_type_hints

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from prunescape.errors import UserError, known
from prunescape.models.architecture import Origin
from prunescape.models.external_code import (
    NAMED_BY_LIBRARY,
    foreign,
    importable_files,
    in_own_code,
    is_installed,
    search_path,
    top_level,
)
from prunescape.runtime.torchvision_compat import torchvision

# Arguments by which torchvision's and timm's networks load weights; timm unpickles a file of `checkpoint_path`.
LOADS_WEIGHTS = (
    "weights",
    "weights_backbone",
    "pretrained",
    "pretrained_cfg",
    "pretrained_cfg_overlay",
    "checkpoint_path",
)


def build(origin: Origin, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network, in training mode, with the weights of its constructor.

    It carries the mark `arbitrary`, which tells lanes that its forward method may do anything.

    Raises:
        UserError: it cannot be imported or made, or is no network of images for these images and classes.
    """
    module, _, name = origin.target.partition(":")
    loading = [key for key in LOADS_WEIGHTS if origin.kwargs.get(key)]
    if top_level(module) in NAMED_BY_LIBRARY and loading:
        raise UserError(f"{origin.target}: {loading[0]} loads weights, and training starts anew; remove it from kwargs")
    if module == "torchvision":
        model = _torchvision(name, origin, input_shape, classes)
    elif module == "timm":
        model = _timm(name, origin, input_shape, classes)
    else:
        model = _imported(module, name, origin, input_shape, classes)
    if not isinstance(model, nn.Module):
        raise UserError(f"{origin.target}: gave a {type(model).__name__}, and must give a torch.nn.Module")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise UserError(
            f"{origin.target}: has parts of TorchScript, whose channels cannot be followed; give the network as it is"
            " before torch.jit.script or trace"
        )
    if any(type(module).__name__ == "OptimizedModule" for module in model.modules()):
        raise UserError(
            f"{origin.target}: is compiled; give the network as it is before torch.compile, and set engine.compile"
        )
    _fill_in(model, origin.target, input_shape)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise UserError(f"{origin.target}: this network has no weights to train")
    model.arbitrary = True  # type: ignore[assignment]
    return model.train()


def _fill_in(model: nn.Module, target: str, input_shape: tuple[int, int, int]) -> None:
    """Make the weights of lazy layers, which learn their sizes from the first images, in place.

    Raises:
        UserError: it does not take such images, or its forward method does not reach a lazy layer.
    """

    def lazy() -> list[str]:
        named = [*model.named_parameters(), *model.named_buffers()]
        return [name for name, tensor in named if isinstance(tensor, UninitializedBuffer | UninitializedParameter)]

    if not lazy():
        return
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, *input_shape))
    except Exception as error:  # whatever the user's forward method does
        size = " x ".join(map(str, input_shape))
        raise UserError(f"{target}: does not take images of {size} ({in_own_code(error)})") from None
    if left := lazy():
        raise UserError(f"{target}: its forward method does not reach {left[0]}, of a lazy layer; remove that layer")


def _torchvision(name: str, origin: Origin, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    names = torchvision.models.list_models(torchvision.models)  # of classification only
    known(dict.fromkeys(names, True), "torchvision model", name)
    model = _called(getattr(torchvision.models, name), origin, {"num_classes": classes})
    return _reading(model, input_shape[0], origin)


def _timm(name: str, origin: Origin, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    try:
        timm = importlib.import_module("timm")
    except ImportError:
        raise UserError(f"{origin.target}: timm is not installed; `pip install timm`, or use another network") from None
    if not timm.is_model(name):
        known(dict.fromkeys(timm.list_models(), True), "timm model", name)
    return _called(timm.create_model, origin, {"model_name": name, "num_classes": classes, "in_chans": input_shape[0]})


def _imported(module: str, name: str, origin: Origin, input_shape: tuple[int, int, int], classes: int) -> Any:
    importable_files(module)  # says where it was looked for, if it is not there
    sys.path[:] = search_path()
    try:
        maker: Any = importlib.import_module(module)
        for part in name.split("."):
            maker = getattr(maker, part)
    except (Exception, SystemExit) as error:  # whatever the user's module does
        raise UserError(
            f"{origin.target}: cannot be imported ({in_own_code(error)}); mend it, or name another"
        ) from None
    _check(maker, origin.target)
    return _called(maker, origin, _wanted(maker, input_shape, classes))


def _check(maker: Any, target: str) -> None:
    """Make sure, before it is called, that something makes networks, and is not merely within reach of a module.

    A config names it and its arguments, and would otherwise call anything: what is called is a network's class or a
    function, written in the package that the config names; and where that package is no code of the user's own, a
    function that says that it gives a network. torch has functions that say so and run code out of their arguments.

    Raises:
        UserError: it is something else; one line.
    """
    module = target.partition(":")[0]
    package = top_level(module)
    if isinstance(maker, type):
        if not issubclass(maker, nn.Module):
            raise UserError(f"{target}: is a class, but of no torch.nn.Module; name a network's class, or a function")
        home = str(maker.__module__)
    else:
        is_class_method = isinstance(maker, MethodType) and isinstance(maker.__self__, type)
        function = maker.__func__ if is_class_method else maker
        if not isinstance(function, FunctionType):
            raise UserError(f"{target}: is a {type(maker).__name__}, and must be a function or a class")
        home = str(function.__globals__.get("__name__"))  # `__module__` is what a decorator writes there
    if top_level(home) != package:
        raise foreign(target, home)
    if not isinstance(maker, type) and is_installed(module) and (package == "torch" or not _says_network(function)):
        raise UserError(
            f"{target}: is a function of an installed package that is not declared to return a torch.nn.Module; name a"
            " network's class, or call it in a function of your own"
        )


def _says_network(function: FunctionType) -> bool:
    try:
        given = get_type_hints(function).get("return")
    except Exception:  # names that exist for type checkers only, and whatever else an annotation does
        return False
    return isinstance(given, type) and issubclass(given, nn.Module)


def _wanted(function: Callable[..., Any], input_shape: tuple[int, int, int], classes: int) -> dict[str, int]:
    """Arguments that the function takes, of classes, channels and image size."""
    offered = {"num_classes": classes, "in_channels": input_shape[0], "image_size": input_shape[1]}
    try:
        names = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {"num_classes": classes}
    return {name: value for name, value in offered.items() if name in names}


def _called(function: Callable[..., Any], origin: Origin, given: Mapping[str, Any]) -> Any:
    twice = sorted(set(given) & set(origin.kwargs))
    if twice:
        raise UserError(f"{origin.target}: {twice[0]} follows from the data; remove it from kwargs")
    try:
        return function(**given, **origin.kwargs)
    except (Exception, SystemExit) as error:  # whatever the user's function does
        given_words = ", ".join(f"{name}={value!r:.60}" for name, value in {**given, **origin.kwargs}.items())
        how = "; mend it"
        if not _takes(function, {**given, **origin.kwargs}):
            how = "; give what its signature names by kwargs"
            given_words = given_words or (
                "no arguments, as its signature names none of num_classes, in_channels, image_size"
            )
        given_words = f" with {given_words}" if given_words else ""
        raise UserError(f"{origin.target}: cannot be made{given_words} ({in_own_code(error)}){how}") from None


def _takes(function: Callable[..., Any], given: Mapping[str, Any]) -> bool:
    """Whether arguments fit a signature; what has none takes all."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(**given)
    except TypeError:
        return False
    return True


def _reading(model: nn.Module, channels: int, origin: Origin) -> nn.Module:
    """The network with a first convolution that reads so many channels."""
    if channels == 3:
        return model
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d):
            if layer.in_channels != 3 or layer.groups != 1:
                break
            words = {key: getattr(layer, key) for key in ("kernel_size", "stride", "padding", "dilation")}
            model.set_submodule(name, nn.Conv2d(channels, layer.out_channels, bias=layer.bias is not None, **words))
            return model
    raise UserError(f"{origin.target}: reads images of 3 channels, and these have {channels}; use another network")
