"""Networks whose channels meet an operation on their way from one convolution to the next, for tests.

`REORDERED` change their order, or take them by numbers written out: torch-pruning's graph then has wrong channels.
`KEPT` leave each where it is, and `MIXED` compute each from all of them, or from its neighbours.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from prunescape.models.architecture import Architecture, Origin

WIDTH = 16
PERMUTATION = torch.randperm(WIDTH, generator=torch.Generator().manual_seed(5))

Way = Callable[[torch.Tensor], torch.Tensor]


def _shuffled(x: torch.Tensor, groups: int = 2) -> torch.Tensor:
    images, channels, height, width = x.shape
    halves = x.view(images, groups, channels // groups, height * width).transpose(1, 2)
    return halves.reshape(images, channels, height, width)


def _gathered(x: torch.Tensor) -> torch.Tensor:
    backwards = torch.arange(x.shape[1] - 1, -1, -1)[None, :, None, None]
    return x.gather(1, backwards.expand_as(x))


def _halves_changed_round(x: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, 1)
    return torch.cat([second, first], 1)


def _local(x: torch.Tensor) -> torch.Tensor:
    return F.local_response_norm(x, 5, alpha=1.0)


def _standardised(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + 1e-3).sqrt()


REORDERED: dict[str, Way] = {
    "flip": lambda x: x.flip(1),
    "flip_twice_around_nothing": lambda x: x.flip(1).relu().flip(1).flip(1),
    "roll": lambda x: x.roll(3, 1),
    "shuffle": _shuffled,
    "five_dimensions": lambda x: x.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2),
    "permute_and_back": lambda x: x.permute(0, 2, 3, 1).flip(-1).permute(0, 3, 1, 2),
    "index": lambda x: x[:, PERMUTATION],
    "index_by_count": lambda x: x[:, torch.arange(x.shape[1]).roll(1)],
    "index_select": lambda x: x.index_select(1, torch.arange(x.shape[1]).flip(0)),
    "gather": _gathered,
    "take_along_dim": lambda x: x.take_along_dim(torch.arange(x.shape[1]).flip(0)[None, :, None, None], 1),
    "even_then_odd": lambda x: torch.cat([x[:, ::2], x[:, 1::2]], 1),
    "sorted": lambda x: x.sort(1).values,
    "matrix": lambda x: torch.einsum("bchw,cd->bdhw", x, torch.eye(x.shape[1], dtype=x.dtype).flip(0)),
}
KEPT: dict[str, Way] = {
    "nothing": lambda x: x,
    "flip_of_rows": lambda x: x.flip(2),
    "flip_and_back": lambda x: x.flip(1).flip(1),
    "sigmoid": torch.sigmoid,
    "plus_one": lambda x: x + 1,
    "pixels_last_and_back": lambda x: x.permute(0, 2, 3, 1).exp().permute(0, 3, 1, 2),
    "chunk_and_cat": lambda x: torch.cat(x.chunk(2, 1), 1),
    "halves_changed_round": _halves_changed_round,
    "concatenated_relu": lambda x: torch.cat([x, -x], 1).relu(),
    "unit_length": lambda x: F.normalize(x, dim=1),
    "gated_by_mean": lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(),
}
MIXED: dict[str, Way] = {
    "softmax": lambda x: x.softmax(1),
    "standardised": _standardised,
    "layer_norm": lambda x: F.layer_norm(x.permute(0, 2, 3, 1), x.shape[1:2]).permute(0, 3, 1, 2),
    "group_norm": lambda x: F.group_norm(x, 1),
    "group_norm_of_two": lambda x: F.group_norm(x, 2),
    "instance_norm": F.instance_norm,
    "local_response_norm": _local,
    "gated_by_all": lambda x: x * x.mean(1, keepdim=True).sigmoid(),
    "minus_max": lambda x: x - x.amax(1, keepdim=True),
}
WAYS = {**REORDERED, **KEPT, **MIXED}


class Between(nn.Module):
    """Three convolutions with batch norm; the channels of the second, `e`, go to the third by a way."""

    def __init__(self, num_classes: int, in_channels: int, way: str) -> None:
        super().__init__()
        read = 2 * WIDTH if way == "concatenated_relu" else WIDTH
        self.way = way
        self.a, self.e = _block(in_channels, WIDTH), _block(WIDTH, WIDTH)
        self.b, self.c = _block(read, WIDTH), _block(WIDTH, WIDTH)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, (images, classes)."""
        return self.head(self.c(self.b(WAYS[self.way](self.e(self.a(x))))))


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def between(way: str, mode: str = "inside-blocks") -> Architecture:
    """The architecture of a `Between`."""
    return Architecture("own", (1, 8, 8), 10, origin=Origin("order_samples:Between", {"way": way}, mode))
