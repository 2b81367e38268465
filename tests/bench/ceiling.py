"""What a CPU core can do at the most: fused multiply-adds, and the convolutions of a network each by itself."""

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn

# Twelve chains of multiply-adds hide the latency of each; vectors are as wide as the processor's registers.
SOURCE = """
#if defined(__AVX512F__)
typedef float vector __attribute__((vector_size(64)));
#elif defined(__AVX2__)
typedef float vector __attribute__((vector_size(32)));
#else
typedef float vector __attribute__((vector_size(16)));
#endif
#define CHAINS 12
double flops(long rounds, float *out) {
  vector sum[CHAINS], factor = {0}, term = {0};
  for (int k = 0; k < CHAINS; k++) sum[k] = factor + (float)k;
  factor += 0.999f, term += 0.001f;
  for (long i = 0; i < rounds; i++)
    for (int k = 0; k < CHAINS; k++) sum[k] = sum[k] * factor + term;
  for (int k = 1; k < CHAINS; k++) sum[0] += sum[k];
  *out = sum[0][0];
  return 2.0 * rounds * CHAINS * (sizeof(vector) / sizeof(float));
}
"""
OPTIONS = ["-O3", "-march=native", "-ffp-contract=fast", "-funroll-loops", "-shared", "-fPIC"]


def multiply_adds() -> float | None:
    """GFLOP/s of fused multiply-adds in the registers of one core; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "peak.c", Path(folder) / "peak.so"
        source.write_text(SOURCE, encoding="utf-8")
        subprocess.run([compiler, *OPTIONS, str(source), "-o", str(library)], check=True)
        function = ctypes.CDLL(str(library)).flops
    function.restype = ctypes.c_double
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        done = function(ctypes.c_long(20_000_000), ctypes.byref(ctypes.c_float()))
        rates.append(done / (time.perf_counter() - start) / 1e9)
    return max(rates)


def alone(model: nn.Module, shape: tuple[int, ...]) -> float:
    """Seconds that the convolutions and fully connected layers of a training step take on this thread, each by itself.

    Each layer runs again and again on numbers that lie ready: forward, and backward to its weights and, but for the
    first, to its images; in the faster of both memory layouts. Nothing between layers is counted.

    Args:
        model: a plain network.
        shape: (N, C, H, W) of a batch of images.
    """
    shapes: Counter[tuple[nn.Module, tuple[int, ...], bool]] = Counter()
    seen: dict[tuple[str, tuple[int, ...], bool], nn.Module] = {}

    def note(layer: nn.Module, inputs: tuple[torch.Tensor, ...], _: object) -> None:
        key = (repr(layer), tuple(inputs[0].shape), not shapes)
        shapes[(seen.setdefault(key, layer), tuple(inputs[0].shape), not shapes)] += 1

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(note)
    with torch.no_grad():
        model.eval()(torch.zeros(shape))
    for layer in model.modules():
        layer._forward_hooks.clear()
    return sum(count * _best(layer, shape, first) for (layer, shape, first), count in shapes.items())


def _best(layer: nn.Module, shape: tuple[int, ...], first: bool) -> float:
    """Median seconds of a layer's passes in its faster layout."""
    layouts = [torch.contiguous_format, torch.channels_last] if len(shape) == 4 else [torch.contiguous_format]
    medians = []
    for layout in layouts:
        layer = layer.to(memory_format=layout)
        images = torch.rand(shape).to(memory_format=layout).requires_grad_(not first)
        gradient = torch.rand_like(layer(images))
        wanted = [*layer.parameters()] + [images] * (not first)
        times: list[float] = []
        while len(times) < 5 or (sum(times) < 0.1 and len(times) < 100):
            start = time.perf_counter()
            torch.autograd.grad(layer(images), wanted, gradient)
            times.append(time.perf_counter() - start)
        medians.append(statistics.median(times[1:]))
    return min(medians)
