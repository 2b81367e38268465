"""Memory that a training takes on a GPU, known before anything runs there; and what a GPU's refusals mean."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.strategy import training_bytes


def kept_bytes(model: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Bytes that autograd keeps of one image for the backward pass in float32, beside the weights.

    Args:
        model: a plain network on the CPU; its running statistics change.
        input_shape: (C, H, W) of an image, in pixels.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    totals = []
    for images in (2, 4):  # what is kept whatever the images falls out of the difference
        kept: dict[int, torch.UntypedStorage] = {}

        def keep(tensor: torch.Tensor, kept: dict[int, torch.UntypedStorage] = kept) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                kept[storage.data_ptr()] = storage  # held, so that no address is used twice
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            model.train()(torch.zeros(images, *input_shape)).sum()
        totals.append(sum(storage.nbytes() for storage in kept.values()))
    return (totals[1] - totals[0]) // 2


@dataclass(frozen=True)
class Needs:
    """The memory that the training of one network needs.

    Attributes:
        weights: numbers that it learns.
        kept_bytes: see the function of that name.
    """

    weights: int
    kept_bytes: int

    @classmethod
    def of(cls, architecture: Architecture) -> "Needs":
        """The needs of an architecture's networks, by a forward pass on the CPU."""
        model = build(architecture)
        return cls(
            sum(parameter.numel() for parameter in model.parameters()), kept_bytes(model, architecture.input_shape)
        )

    def foreseen_bytes(self, engine: Engine, batch_size: int) -> int:
        """Bytes that a training step of one array takes on a GPU at least."""
        kept = self.kept_bytes // 4
        return training_bytes(engine.lanes, self.weights, kept, batch_size, engine.precision, engine.micro_batch)


def refusal(error: BaseException) -> str | None:
    """The words of a GPU's error after which a smaller array or another layout may help; None for all other errors.

    Full memory is told in several ways, and while a graph is captured by an error of the capture, of which the first
    one is the context. cuDNN's "unable to find an engine" means either full memory or no deterministic kernel.
    """
    for one in _chain(error):
        text = str(one)
        if isinstance(one, torch.OutOfMemoryError) or "out of memory" in text or "ALLOC_FAILED" in text:
            return "too little memory"
        if "unable to find an engine" in text:
            return "cuDNN has no kernel, for lack of memory or of a deterministic one"
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
