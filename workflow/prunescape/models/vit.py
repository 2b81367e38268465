"""Vision transformers for small images, of torchvision's blocks (thesis on gradient coherence, section 2.1).

The thesis names a patch of 4 pixels, depth 6, 8 heads and a width of 512, without dropout; here that is the width of
the tokens and of the feedforward layers. `small_vit` is for images of 8 pixels.
"""

import math

import torch
from torch import nn

from prunescape.errors import UserError
from prunescape.runtime.torchvision_compat import torchvision

# name -> (patch in pixels, depth, heads, width)
SETTINGS = {"vit": (4, 6, 8, 512), "small_vit": (2, 2, 4, 32)}
EMBEDDING_STD = 0.02  # of class token and positions, as torchvision has it


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network called `name`.

    Raises:
        UserError: patches do not divide the image.
    """
    patch, depth, heads, width = SETTINGS[name]
    channels, side, _ = input_shape
    if side % patch:
        raise UserError(f"model {name}: patches of {patch} pixels do not divide images of {side}; choose another model")
    transformer = torchvision.models.vision_transformer.VisionTransformer
    model: nn.Module = transformer(side, patch, depth, heads, width, width, num_classes=classes)
    model.conv_proj = nn.Conv2d(channels, width, patch, patch)
    return model


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Uniform after Glorot and Bengio for all matrices, N(0, 0.02) for class token and positions, biases 0, in place.

    He's initialisation, which the other networks have, is for layers before a ReLU. Only `seed` decides the numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if name.endswith(("class_token", "pos_embedding")):
            parameter.normal_(0.0, EMBEDDING_STD, generator=generator)
        elif parameter.dim() > 1:
            outputs, inputs = parameter.shape[0], parameter[0].numel()
            if name.endswith("in_proj_weight"):  # three matrices, one below the other
                outputs //= 3
            limit = math.sqrt(6 / (inputs + outputs))
            parameter.uniform_(-limit, limit, generator=generator)
        elif name.endswith("bias"):
            parameter.zero_()
        else:  # a layer norm's scale
            parameter.fill_(1.0)
