"""Attention: of single operations, in place of torch's fused kernels; and of heads that can be pruned."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def single_layers() -> Iterator[None]:
    """Inside, nn.MultiheadAttention and nn.TransformerEncoderLayer call their layers, as they do in training.

    Without gradients torch else runs each as one fused kernel (its fast path), in which neither a counter of FLOPs
    nor a hook sees a layer, and which takes each number in a mask that is not zero for "do not look".
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def plain_attention() -> Iterator[None]:
    """Attention of plain operations, which torch.func can differentiate; its fused kernels cannot be."""
    with single_layers(), sdpa_kernel(SDPBackend.MATH):
        yield


class HeadedAttention(nn.Module):
    """Self-attention of so many heads as its layers have room for, so that heads can be removed from it.

    A feature of all heads comes after the other: channel c of queries, keys and values is of head c mod heads.

    Attributes:
        features: of a head, which pruning leaves.
        query, key, value, output: its layers.
    """

    def __init__(self, width: int, heads: int, features: int) -> None:
        super().__init__()
        self.features = features
        self.query, self.key, self.value = (nn.Linear(width, heads * features) for _ in range(3))
        self.output = nn.Linear(heads * features, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(images, tokens, width) of the same."""
        # (images, heads, tokens, features)
        parts = [layer(x).unflatten(2, (self.features, -1)).transpose(1, 3).transpose(2, 3) for layer in self.makers]
        seen = F.scaled_dot_product_attention(*parts)
        mixed: torch.Tensor = self.output(seen.transpose(2, 3).transpose(1, 3).flatten(2))
        return mixed

    @property
    def makers(self) -> tuple[nn.Linear, nn.Linear, nn.Linear]:
        """The layers that make queries, keys and values."""
        return self.query, self.key, self.value


class FewerHeads(nn.MultiheadAttention):
    """torch's attention without some of its heads, which torch's own forward method does not do.

    An attention becomes one by `of`. Width and features of a head stay; `in_proj_weight` has the rows of the heads that
    are left, and `out_proj` their columns.
    """

    @classmethod
    def of(cls, attention: nn.MultiheadAttention) -> "FewerHeads":
        """An attention as one of this class, in place."""
        attention.__class__ = cls
        attention._qkv_same_embed_dim = False  # so nn.TransformerEncoderLayer leaves its fast path, which has all heads
        assert isinstance(attention, cls)
        return attention

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        key_padding_mask: torch.Tensor | None = None,
        need_weights: bool = True,
        attn_mask: torch.Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,  # noqa: ARG002 - a hint at what stands in `attn_mask`
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Outputs and, if asked for, weights, as nn.MultiheadAttention gives them."""
        batched, dropout = query.dim() == 3, self.dropout if self.training else 0.0
        parts = []
        for part, given in enumerate((query, key, value)):
            rows = slice(part * self.num_heads * self.head_dim, (part + 1) * self.num_heads * self.head_dim)
            tokens = given if batched and self.batch_first else given.transpose(0, 1) if batched else given[None]
            bias = None if self.in_proj_bias is None else self.in_proj_bias[rows]
            made = F.linear(tokens, self.in_proj_weight[rows], bias)
            parts.append(made.unflatten(2, (self.num_heads, self.head_dim)).transpose(1, 2))
        queries, keys, values = parts  # (images, heads, tokens, features)
        mask = _added(attn_mask, query.dtype)
        if mask is not None and mask.dim() == 3:
            mask = mask.unflatten(0, (-1, self.num_heads))
        if key_padding_mask is not None:
            padding = _added(key_padding_mask, query.dtype).view(len(queries), 1, 1, -1)  # type: ignore[union-attr]
            mask = padding if mask is None else mask + padding
        weights = None
        if need_weights:
            products = queries @ keys.transpose(2, 3) / self.head_dim**0.5
            weights = F.dropout((products if mask is None else products + mask).softmax(3), dropout)
            mixed = weights @ values
            weights = weights.mean(1) if average_attn_weights else weights
            weights = weights if batched else weights[0]
        else:
            mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, dropout_p=dropout)
        # As torch's own, it calls no layer.
        outputs = F.linear(mixed.transpose(1, 2).flatten(2), self.out_proj.weight, self.out_proj.bias)
        if batched and not self.batch_first:
            # Laid out as torch's own, so that dropout draws the same numbers for each.
            outputs = outputs.transpose(0, 1).contiguous()
        return outputs if batched else outputs[0], weights


def _added(mask: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor | None:
    """A mask as what is added to products of tokens."""
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask, -torch.inf)


def projection(attention: nn.MultiheadAttention) -> nn.Linear:
    """The layer of queries, keys and values of torch's attention, which calls none, with the very same tensors."""
    outputs, inputs = attention.in_proj_weight.shape
    layer = nn.Linear(inputs, outputs, bias=attention.in_proj_bias is not None, device="meta")
    layer.weight, layer.bias = attention.in_proj_weight, attention.in_proj_bias
    return layer


@dataclass(frozen=True)
class Heads:
    """The heads of an attention: where the channels of each are in its layers; channel c is of head c mod heads.

    Attributes:
        features: channels of a head.
        makers: the layer that makes queries, the one of keys, and the one of values (it may be the same, or torch's
            attention itself), each with the positions of all channels among its outputs.
        output: the layer that reads them, with their positions among its inputs.
    """

    features: int
    makers: tuple[tuple[nn.Module, Sequence[int]], ...]
    output: tuple[nn.Module, Sequence[int]]


def is_timms(module: nn.Module) -> bool:
    """Whether a module is timm's plain attention, whose number of heads may change."""
    kind = type(module)
    return (
        (kind.__module__, kind.__name__) == ("timm.layers.attention", "Attention")
        and hasattr(module, "attn_dim")  # which its older versions have not
        and getattr(module, "gate", None) is None
        and isinstance(getattr(module, "norm", nn.Identity()), nn.Identity)  # or one over all heads
    )


def is_torchs(module: nn.Module) -> bool:
    """Whether a module is torch's attention of one width, nothing beside its keys, and weights of its own."""
    return (
        type(module) in (nn.MultiheadAttention, FewerHeads)
        and module._parameters.get("in_proj_weight") is not None
        and module.bias_k is None
        and not module.add_zero_attn
    )


def heads_of(module: nn.Module) -> Heads | None:
    """The heads of an attention that can be pruned by them; None of any other module."""
    if isinstance(module, HeadedAttention):
        whole = range(module.query.out_features)
        return Heads(module.features, tuple((layer, whole) for layer in module.makers), (module.output, whole))
    if is_timms(module):
        maker, output = module.get_submodule("qkv"), module.get_submodule("proj")
    elif is_torchs(module):
        maker, output = module, module.get_submodule("out_proj")
    else:
        return None
    number: Any = module.num_heads
    features: Any = module.head_dim
    own = [head * features + feature for feature in range(features) for head in range(number)]
    parts = tuple((maker, [part * len(own) + at for at in own]) for part in range(3))
    return Heads(features, parts, (output, own))
