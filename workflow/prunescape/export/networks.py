"""A trained network in formats that need nothing of ours: ONNX and `torch.export`, each compared with the original."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from prunescape.data.augmentation import centre_crop
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.io.files import atomic
from prunescape.models.attention import single_layers

BATCH = 256  # images run at once
TOLERANCE = 1e-3  # largest difference of outputs, as a part of the largest output; float32 sums in another order
AGREEMENT = 0.99  # part of the images at least that must get the same class
IMAGES, LOGITS = "images", "logits"

Network = Callable[[torch.Tensor], torch.Tensor]


class WithNormalisation(nn.Module):
    """A network that takes images of values 0 to 1, float32 (N, C, H, W), and normalises them itself."""

    def __init__(self, network: nn.Module, data: PreparedData) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.network = network
        self.register_buffer("mean", torch.tensor(data.mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(data.std).view(1, -1, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, float32 (N, classes)."""
        logits: torch.Tensor = self.network((images - self.mean) / self.std)
        return logits


def export(network: nn.Module, data: PreparedData, onnx: Path | str, program: Path | str) -> dict[str, Any]:
    """Write a trained network as ONNX and as a program of `torch.export`, and compare both with it.

    Both take any number of images, and run on a CPU or elsewhere; the same network gives the same bytes.

    Args:
        network: plain, with its weights, on the CPU.
        data: prepared data, whose validation images are compared.
        onnx, program: the files.

    Returns:
        For `torch`, `torch_export` and `onnx`: top1, in percent; for the latter two also largest_difference of a logit,
        and same_class, the part of the images that get the same class.

    Raises:
        UserError: a file's outputs are not those of the network.
    """
    original = WithNormalisation(network, data).eval()
    exported = _exported(original, data.input_shape)
    _write_program(exported, program)
    _write_onnx(exported, onnx)
    reference = _outputs(original, data)
    labels = np.asarray(data.labels("validation"))
    checks: dict[str, Any] = {"torch": {"top1": _top1(reference, labels)}}
    for name, path, opened in (("torch_export", program, open_program), ("onnx", onnx, open_onnx)):
        outputs = _outputs(opened(path), data)
        checks[name] = {"top1": _top1(outputs, labels), **compared(reference, outputs, str(path))}
    return {**checks, "images": len(labels)}


def compared(reference: np.ndarray, outputs: np.ndarray, name: str) -> dict[str, float]:
    """Largest difference of outputs from the original network's, and the part of equal classes; both (N, classes).

    Raises:
        UserError: further than rounding can explain.
    """
    difference = float(np.abs(outputs - reference).max())
    same = float((outputs.argmax(1) == reference.argmax(1)).mean())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(reference).max())) or same < AGREEMENT:
        raise UserError(
            f"{name}: its outputs differ from the network's by up to {difference:.2g}, and {100 * same:.1f} % of the"
            " images get the same class; leave this network out of the export"
        )
    return {"largest_difference": difference, "same_class": same}


def open_program(path: Path | str) -> Network:
    """A program of `torch.export`, from images to logits."""
    run: Network = torch.export.load(str(path)).module()
    return run


def open_onnx(path: Path | str) -> Network:
    """A network in ONNX as ONNX Runtime runs it, on one core, from images to logits."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run([LOGITS], {IMAGES: images.numpy()})[0])


def _exported(network: nn.Module, shape: tuple[int, int, int]) -> torch.export.ExportedProgram:
    example = torch.zeros(2, *shape)
    with torch.no_grad(), single_layers():
        exported = torch.export.export(
            network, (example,), dynamic_shapes={IMAGES: {0: torch.export.Dim("batch", min=1)}}
        )
    for module in exported.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", []):
            node.meta.pop("stack_trace", None)  # paths of this machine
    return exported


def _write_program(exported: torch.export.ExportedProgram, path: Path | str) -> None:
    content = io.BytesIO()  # a file's name would get into it
    torch.export.save(exported, content)
    with atomic(path) as temporary:
        temporary.write_bytes(content.getvalue())


def _write_onnx(exported: torch.export.ExportedProgram, path: Path | str) -> None:
    converted = torch.onnx.export(
        exported,
        input_names=[IMAGES],
        output_names=[LOGITS],
        dynamic_shapes={IMAGES: {0: "batch"}},
        dynamo=True,
        optimize=True,
        verbose=False,
    )
    assert converted is not None
    with atomic(path) as temporary:
        converted.save(str(temporary), external_data=False)


@torch.no_grad()
def _outputs(network: Network, data: PreparedData) -> np.ndarray:
    """Logits of all validation images, float32 (N, classes)."""
    stored = data.images("validation")
    parts = []
    for start in range(0, len(stored), BATCH):
        pixels = torch.from_numpy(np.array(stored[start : start + BATCH]))
        with single_layers():
            parts.append(network(centre_crop(pixels, data.crop).float().contiguous() / 255).numpy())
    return np.concatenate(parts)


def _top1(outputs: np.ndarray, labels: np.ndarray) -> float:
    return 100.0 * float((outputs.argmax(1) == labels).mean())
