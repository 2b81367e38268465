"""FLOPs of a network.

One definition everywhere: 2 x multiply-accumulates of convolutions and matrix products in one forward pass of one
image, as torch's own counter has it. The thesis, Table 3.2 agrees (ResNet-50: 8.2e9). Batch norm, activations, pooling
and additions are left out; ptflops and torch-pruning count some of these, and count a multiply-accumulate once.
"""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def count_flops(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """FLOPs of one forward pass of one image of `input_shape` (channels, height, width)."""
    was_training = model.training
    model.eval()
    parameter = next(model.parameters())
    image = torch.zeros(1, *input_shape, device=parameter.device, dtype=parameter.dtype)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(image)
    model.train(was_training)
    return int(counter.get_total_flops())


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
