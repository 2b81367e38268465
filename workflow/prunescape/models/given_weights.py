"""Weights that a user brings along: the state dict of a trained network, read without running any code."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from prunescape.errors import UserError, in_a_line

State = dict[str, torch.Tensor]
# Under what names trainers save a state dict beside other things.
WITHIN = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights")
BATCHES = "num_batches_tracked"  # which no network here reads
_OBJECT = re.compile(r"GLOBAL (\S+) was not an allowed")  # as torch refuses what is no tensor


def given_weights(path: str | os.PathLike[str], model: nn.Module, classes: int) -> State:
    """The state dict of `model` in a file: safetensors, or what torch.save made of a state dict.

    It may lie inside what a trainer saved (`state_dict`, `model`, ...), and its names may have one prefix in common, as
    wrappers of a network leave it (`module.`). Numbers get the type that the network has.

    Args:
        path: the file.
        model: the network; it is not changed.
        classes: of the data.

    Raises:
        UserError: the file cannot be read so, or has the weights of another network; one line.
    """
    expected = model.state_dict()
    found = _named(_read(Path(path)), expected, path)
    for names in _shared(model):  # safetensors keeps one of several names
        kept = next((found[name] for name in names if name in found), None)
        found |= {} if kept is None else {name: found.get(name, kept) for name in names}
    lacking = [name for name in expected if name not in found and not name.endswith(BATCHES)]
    if lacking:
        raise UserError(f"{path}: has no {lacking[0]}, which the network has; give the network that was trained")
    more = [name for name in found if name not in expected]
    if more:
        raise UserError(f"{path}: has {more[0]}, which the network has not; give the network that was trained")
    state = {name: found.get(name, tensor) for name, tensor in expected.items()}
    for name, tensor in expected.items():
        if state[name].shape != tensor.shape:
            raise UserError(f"{path}: {_misfit(name, tuple(state[name].shape), tuple(tensor.shape), classes)}")
        if not state[name].isfinite().all():
            raise UserError(f"{path}: {name} has numbers that are not finite; give a network that did not diverge")
    return {name: state[name].detach().to(tensor.dtype).clone() for name, tensor in expected.items()}


def _shared(model: nn.Module) -> list[list[str]]:
    """Names of each parameter that has several."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [several for several in names.values() if len(several) > 1]


def _misfit(name: str, theirs: tuple[int, ...], ours: tuple[int, ...], classes: int) -> str:
    if theirs[1:] == ours[1:] and ours[:1] == (classes,):
        return (
            f"its head does not fit: {name} is for {theirs[0]} classes, and the data have {classes}; train the network"
            " with a head for these first"
        )
    return f"{name} is {theirs}, and the network's is {ours}; give the network that was trained"


def _read(path: Path) -> Any:
    """Whatever is in a file of tensors."""
    if not path.is_file():
        raise UserError(f"{path}: no such file; it is looked for from {Path.cwd()}")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch takes whatever bytes come for a pickle, and fails in many ways
        if match := _OBJECT.search(str(error)):
            raise UserError(
                f"{path}: no state dict of tensors alone: it holds an object, {match.group(1)}, and reading objects may"
                " run code; where you trust it, open it with torch.load(file, weights_only=False), and torch.save its"
                " state_dict() to another file"
            ) from None
        raise UserError(
            f"{path}: no state dict of tensors ({_kind(path) or in_a_line(error)}); save model.state_dict() by"
            " torch.save, or as safetensors"
        ) from None


def _kind(path: Path) -> str:
    """The kind of a file that nothing could be read from, in words; empty if it may be one of tensors, and damaged."""
    with path.open("rb") as file:
        start = file.read(512)
    if not start:
        return "it is empty, as after a copy that failed"
    if start.startswith(b"version https://git-lfs"):
        return "it is a pointer of git-lfs; git lfs pull brings the file"
    return "it is text" if b"\0" not in start and start.isascii() else ""


def _named(content: Any, names: Iterable[str], path: str | os.PathLike[str]) -> State:
    """The tensors in what was read, by the names that the network has for them."""
    inside: State = next(filter(None, map(_state, [*_within(content), content])), {})
    if not inside:
        raise UserError(f"{path}: no state dict of tensors; save model.state_dict() by torch.save, or as safetensors")
    names = [name for name in names if not name.endswith(BATCHES)]
    prefixes = {name.removesuffix(names[0]) for name in inside if name.endswith(f".{names[0]}")}
    whole = [prefix for prefix in sorted(prefixes) if all(prefix + name in inside for name in names)]
    if names[0] in inside or not whole:
        return inside
    if len(whole) > 1:
        raise UserError(f"{path}: has several networks ({', '.join(whole)}); save the state dict of one alone")
    return {name.removeprefix(whole[0]): tensor for name, tensor in inside.items() if name.startswith(whole[0])}


def _within(content: Any) -> list[Any]:
    """The parts of what a trainer saved that may be a state dict."""
    return [content[key] for key in WITHIN if key in content] if isinstance(content, Mapping) else []


def _state(content: Any) -> State:
    """A state dict of tensors; empty if it is none."""
    is_state = isinstance(content, Mapping) and all(isinstance(tensor, torch.Tensor) for tensor in content.values())
    return dict(content) if is_state else {}
