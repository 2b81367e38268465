"""FLOPs of a network.

One definition everywhere: 2 x multiply-accumulates of convolutions and matrix products, those of attention among them,
in one forward pass of one image, as torch's own counter has it. Batch norm, activations, pooling and additions are left
out; ptflops and torch-pruning count some of these, and count a multiply-accumulate once.

Table 3.2 of the thesis agrees within 3 %. With 2 FLOPs for each element that batch norm gives and 1 for each that a
rectifier gives, as `count_flops_with_norms` counts, it agrees to the digits printed: 2.53e8 for ResNet-56, 6.08e8 for
MobileNetV2 and 8.21e9 for ResNet-50. So the thesis' tool most likely counts these. Pruning ratios are by our count.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from prunescape.models.attention import single_layers

Shape = Sequence[int]


def _attention(queries: Shape, keys: Shape, values: Shape, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(queries, keys, values))


def _matrix_vector(matrix: Shape, *_: Any, **__: Any) -> int:
    return 2 * math.prod(matrix)


def _recurrent(inputs: Shape, of_inputs: Shape, of_states: Shape, *_: Any, **__: Any) -> int:
    steps, images, _features = inputs
    return 2 * steps * images * (math.prod(of_inputs) + math.prod(of_states))


def _normed(images: Shape, *_: Any, **__: Any) -> int:
    return 2 * math.prod(images)


def _rectified(images: Shape, *_: Any, **__: Any) -> int:
    return math.prod(images)


# Matrix products that torch's counter leaves out: kernels of CPUs, and a vector in a matrix' place.
LEFT_OUT: dict[Any, Callable[..., int]] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten.mkldnn_rnn_layer: _recurrent,
    torch.ops.aten.mv: _matrix_vector,
}
_NORMS = (torch.ops.aten.native_batch_norm, torch.ops.aten._native_batch_norm_legit_no_training)  # one is the other
_RECTIFIERS = (torch.ops.aten.relu, torch.ops.aten.relu_, torch.ops.aten.hardtanh, torch.ops.aten.hardtanh_)
NORMS: dict[Any, Callable[..., int]] = {
    **dict.fromkeys(_NORMS, _normed),
    **dict.fromkeys(_RECTIFIERS, _rectified),
}


def count_flops(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """FLOPs of one forward pass of one image of `input_shape` (channels, height, width)."""
    return _count(model, input_shape, LEFT_OUT)


def count_flops_with_norms(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """FLOPs as Table 3.2 of the thesis seems to count them: with 2 an element of batch norm, 1 of ReLU and ReLU6."""
    return _count(model, input_shape, LEFT_OUT | NORMS)


def _count(model: nn.Module, input_shape: tuple[int, int, int], beside: dict[Any, Callable[..., int]]) -> int:
    """FLOPs of one forward pass of one image: what torch counts, and operations beside by functions of their shapes."""
    was_training = model.training
    model.eval()
    parameter = next(model.parameters())
    image = torch.zeros(1, *input_shape, device=parameter.device, dtype=parameter.dtype)
    counter = FlopCounterMode(display=False, custom_mapping=beside)
    with single_layers(), _constant(model), counter, torch.no_grad():
        model(image)
    model.train(was_training)
    return int(counter.get_total_flops())


@contextmanager
def _constant(model: nn.Module) -> Iterator[None]:
    """Inside, no parameter asks for a gradient: torch's counter fails on views of those that do."""
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        for parameter in learnt:
            parameter.requires_grad = False
        yield
    finally:
        for parameter in learnt:
            parameter.requires_grad = True


def count_activations(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Numbers that the layers of a network give for one image, which training keeps for its backward pass.

    Layers are modules without modules inside; what functions give beside them (additions, rectifiers) is left out.
    """
    count = 0

    def add(layer: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG001 - a hook of torch's
        nonlocal count
        given = output if isinstance(output, tuple | list) else (output,)
        count += sum(part.numel() for part in given if isinstance(part, torch.Tensor))

    hooks = [layer.register_forward_hook(add) for layer in model.modules() if not any(layer.children())]
    try:
        count_flops(model, input_shape)
    finally:
        for hook in hooks:
            hook.remove()
    return count


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
