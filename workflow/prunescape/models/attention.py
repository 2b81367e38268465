"""Attention of single operations, in place of the fused kernels by which torch runs its layers in evaluation."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def single_layers() -> Iterator[None]:
    """Inside, nn.MultiheadAttention and nn.TransformerEncoderLayer call their layers, as they do in training.

    Without gradients torch else runs each as one fused kernel (its fast path), in which neither a counter of FLOPs
    nor a hook sees a layer.
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
