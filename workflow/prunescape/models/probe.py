"""A test of an imported network before compute is spent: it takes the images, gives logits, and learns."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.errors import UserError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.external_code import in_own_code

IMAGES = 4
DRAWS = 8  # of so many images, until all weights have had a gradient
USUAL_SIDES, USUAL_CHANNELS = (28, 32, 64, 96, 128, 224, 256), (1, 3)


def _other_generators() -> list[str]:
    """States of the generators of random numbers beside torch's."""
    return [str(random.getstate()), *map(str, np.random.get_state())]


def probe(architecture: Architecture) -> None:
    """Run a network of another origin once in training and once in evaluation, with a gradient.

    Raises:
        UserError: it does not take such images, or changes them, or makes layers of them; gives no (images, classes)
            tensor of logits, others each time, NaNs or probabilities; or has weights that no gradient reaches; one
            line.
    """
    assert architecture.origin is not None
    target, shape = architecture.origin.target, architecture.input_shape
    others = _other_generators()
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(IMAGES, *shape, generator=generator)
    model = build(architecture, 0)
    layers = {name for name, _ in model.named_modules()}
    for training in (False, True):
        model.train(training)
        given = images.clone()
        try:
            logits = model(given)
        except (Exception, SystemExit) as error:  # whatever the user's forward method does
            raise UserError(
                f"{target}: does not take images of {_by(shape)} ({in_own_code(error)}){_remedy(model, shape)}"
            ) from None
        if more := [name for name, _ in model.named_modules() if name not in layers]:
            raise UserError(
                f"{target}: its forward method makes the layer {more[0]}; make all layers in __init__, or lazy ones"
            )
        if not isinstance(logits, torch.Tensor):
            kind, mode = type(logits).__name__, "training" if training else "evaluation"
            how = "for this one write kwargs: {aux_logits: false}"
            if not hasattr(model, "aux_logits"):
                how = "name a network of your own whose forward method returns the logits alone"
            raise UserError(f"{target}: gives a {kind} in {mode}, and must give one tensor of logits; {how}")
        if logits.shape != (IMAGES, architecture.classes):
            raise UserError(
                f"{target}: gives {tuple(logits.shape)} for {IMAGES} images, and must give logits of"
                f" {architecture.classes} classes, {(IMAGES, architecture.classes)}; {_to_logits(logits)}"
            )
        if not torch.equal(given, images):
            raise UserError(
                f"{target}: its forward method changes the images that it is given, which others read too; write"
                " x = x - 0.5 for x -= 0.5, and so on"
            )
        if not training and not torch.equal(logits, model(given)) and logits.isfinite().all():
            raise UserError(
                f"{target}: gives other logits for the same images each time, in evaluation too; write"
                " F.dropout(x, p, self.training), or nn.Dropout, and draw nothing at random in evaluation"
            )
    if not logits.isfinite().all():
        raise UserError(f"{target}: gives numbers that are not finite for images between 0 and 1; check its layers")
    if (logits >= 0).all() and torch.allclose(logits.sum(1), torch.ones(IMAGES), atol=1e-5):
        raise UserError(f"{target}: gives probabilities, and must give logits; remove its last softmax")
    if not logits.requires_grad:
        raise UserError(f"{target}: its logits have no gradient, so it cannot be trained; remove detach and no_grad")
    if _other_generators() != others:
        raise UserError(
            f"{target}: draws random numbers by Python's random or numpy, which no seed of a run decides; draw them by"
            " torch"
        )
    if dead := _unlearnt(model, images, generator, target):
        raise UserError(
            f"{target}: no gradient reaches {dead[0]}, so it cannot be trained; remove what the logits do not use"
            " (and frozen weights), and let layers among which numbers choose, such as experts, all take part"
        )


def _unlearnt(model: nn.Module, images: torch.Tensor, generator: torch.Generator, target: str) -> list[str]:
    """Parameters that no gradient reaches, with the images nor with others of their shape.

    Raises:
        UserError: there are no gradients; one line.
    """
    dead: list[str] = []
    for _ in range(DRAWS):
        for training in (True, False):  # which uses blocks that training may skip
            model.train(training)
            try:
                F.cross_entropy(model(images.clone()), torch.zeros(IMAGES, dtype=torch.long)).backward()
            except Exception as error:  # whatever the user's functions do with gradients
                how = "write x = x + y for x += y, and so on" if "inplace" in str(error) else "mend its forward method"
                raise UserError(
                    f"{target}: has no gradient, so it cannot be trained ({in_own_code(error)}); {how}"
                ) from None
        dead = [name for name, parameter in model.named_parameters() if parameter.grad is None]
        if not dead:
            break
        images = torch.randn(images.shape, generator=generator)
    return dead


def _to_logits(given: torch.Tensor) -> str:
    """The remedy for an output that is no (images, classes)."""
    if given.dim() > 2:
        return "pool and flatten what its last layer reads"
    return "give its last layer an output a class: let the function take num_classes, which it is then given"


def _remedy(model: nn.Module, shape: tuple[int, int, int]) -> str:
    """The remedy for a network that does not take images of a shape, as the end of a line; empty if unknown."""
    channels = dict.fromkeys((shape[0], *USUAL_CHANNELS))
    tried = [(number, side, side) for side in (shape[1], *USUAL_SIDES) for number in channels]
    taken = next((one for one in tried if one != shape and _takes(model, one)), None)
    if taken is None:
        return ""
    if taken[1:] != shape[1:]:
        return (
            f"; it takes images of {_by(taken)}: choose data or data.image_size so, or a network for these (some are "
            f"made by kwargs: {{image_size: {shape[1]}}})"
        )
    if shape[0] == 1:
        return "; it takes images of three channels, which image_folder gives grey files with data.color_mode: rgb"
    return f"; it takes images of {_by(taken)}: choose data so, or a network for these"


@torch.no_grad()
def _takes(model: nn.Module, shape: tuple[int, int, int]) -> bool:
    try:
        model.eval()(torch.zeros(1, *shape))
    except (Exception, SystemExit):
        return False
    return True


def _by(shape: tuple[int, int, int]) -> str:
    return " x ".join(map(str, shape))
