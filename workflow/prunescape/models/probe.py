"""A test of an imported network before compute is spent: it takes the images, gives logits, and learns."""

import torch
import torch.nn.functional as F

from prunescape.errors import UserError, in_a_line
from prunescape.models.architecture import Architecture
from prunescape.models.build import build

IMAGES = 4


def probe(architecture: Architecture) -> None:
    """Run a network of another origin once in training and once in evaluation, with a gradient.

    Raises:
        UserError: it does not take such images, or changes them; gives no (images, classes) tensor of logits, others
            each time, NaNs or probabilities; or has weights that no gradient reaches; one line.
    """
    assert architecture.origin is not None
    target, shape = architecture.origin.target, architecture.input_shape
    images = torch.rand(IMAGES, *shape, generator=torch.Generator().manual_seed(0))
    model = build(architecture, 0)
    size = f"{shape[0]} x {shape[1]} x {shape[2]}"
    for training in (False, True):
        model.train(training)
        given = images.clone()
        try:
            logits = model(given)
        except Exception as error:  # whatever the user's forward method does
            hint = "; image_folder gives grey files three channels with data.color_mode: rgb" if shape[0] == 1 else ""
            raise UserError(f"{target}: does not take images of {size} ({in_a_line(error)}){hint}") from None
        if not isinstance(logits, torch.Tensor):
            aux = "; for this one write kwargs: {aux_logits: false}" if hasattr(model, "aux_logits") else ""
            mode = "training" if training else "evaluation"
            raise UserError(
                f"{target}: gives a {type(logits).__name__} in {mode}, and must give one tensor of logits{aux}"
            )
        if logits.shape != (IMAGES, architecture.classes):
            raise UserError(
                f"{target}: gives {tuple(logits.shape)} for {IMAGES} images, and must give logits of"
                f" {architecture.classes} classes, {(IMAGES, architecture.classes)}"
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
    F.cross_entropy(logits, torch.zeros(IMAGES, dtype=torch.long)).backward()
    dead = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    if dead:
        raise UserError(
            f"{target}: no gradient reaches {dead[0]}, so it cannot be trained; remove what the logits do not use"
            " (and frozen weights)"
        )
