"""FLOPs of a network.

One definition everywhere: 2 x multiply-accumulates of convolutions and matrix products, those of attention among them,
in one forward pass of one image, as torch's own counter has it. The thesis, Table 3.2 agrees (ResNet-50: 8.2e9). Batch
norm, activations, pooling and additions are left out; ptflops and torch-pruning count some of these, and count a
multiply-accumulate once.
"""

import math
from collections.abc import Callable, Sequence
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


# Matrix products that torch's counter leaves out: kernels of CPUs, and a vector in a matrix' place.
LEFT_OUT: dict[Any, Callable[..., int]] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    torch.ops.aten.mkldnn_rnn_layer: _recurrent,
    torch.ops.aten.mv: _matrix_vector,
}


def count_flops(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """FLOPs of one forward pass of one image of `input_shape` (channels, height, width)."""
    was_training = model.training
    model.eval()
    parameter = next(model.parameters())
    image = torch.zeros(1, *input_shape, device=parameter.device, dtype=parameter.dtype)
    with single_layers(), FlopCounterMode(display=False, custom_mapping=LEFT_OUT) as counter, torch.no_grad():
        model(image)
    model.train(was_training)
    return int(counter.get_total_flops())


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
