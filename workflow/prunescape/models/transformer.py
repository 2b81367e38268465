"""Vision transformers whose heads of attention can be pruned, and so can the hidden layers of their blocks.

After Dosovitskiy et al., 2021 (An Image is Worth 16x16 Words), with norms before each part of a block and a class
token, as torchvision has them. `vit_small` is for small images: 6 blocks, 6 heads of 32 features, hidden layers of
twice the width, and patches of an eighth of the side, or 2 pixels at least.
"""

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.errors import UserError
from prunescape.models.attention import HeadedAttention
from prunescape.models.vit import initialise as initialise

# name -> (depth, heads, features of a head, hidden layer over width)
SETTINGS = {"vit_small": (6, 6, 32, 2)}
PATCHES, SMALLEST_PATCH = 8, 2  # along a side; pixels


def build(name: str, input_shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The dense network called `name`.

    Raises:
        UserError: patches do not divide the image.
    """
    channels, side, _ = input_shape
    patch = max(SMALLEST_PATCH, side // PATCHES)
    if side % patch:
        raise UserError(f"model {name}: patches of {patch} pixels do not divide images of {side}; choose another model")
    return VisionTransformer(channels, side // patch, patch, classes, *SETTINGS[name])


class Block(nn.Module):
    """Attention, and a hidden layer; each is added to what it reads, normalised."""

    def __init__(self, heads: int, features: int, hidden: int) -> None:
        super().__init__()
        width = heads * features
        self.norm1, self.attention = nn.LayerNorm(width), HeadedAttention(width, heads, features)
        self.norm2, self.expand, self.reduce = nn.LayerNorm(width), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(images, tokens, width) of the same."""
        x = x + self.attention(self.norm1(x))
        reduced: torch.Tensor = self.reduce(F.gelu(self.expand(self.norm2(x))))
        return x + reduced


class VisionTransformer(nn.Module):
    """Patches as tokens, blocks, and a classifier that reads the class token."""

    def __init__(
        self, channels: int, patches: int, patch: int, classes: int, depth: int, heads: int, features: int, times: int
    ) -> None:
        super().__init__()
        width = heads * features
        self.embed = nn.Conv2d(channels, width, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embedding = nn.Parameter(torch.zeros(1, patches**2 + 1, width))
        self.blocks = nn.Sequential(*(Block(heads, features, times * width) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(images, channels, side, side) to (images, classes)."""
        patches = self.embed(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), patches], 1)
        logits: torch.Tensor = self.head(self.norm(self.blocks(tokens + self.pos_embedding))[:, 0])
        return logits
