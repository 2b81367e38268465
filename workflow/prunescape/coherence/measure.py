"""Coherence of a network and the diffs of its weights, at frozen weights, in one pass over the images.

Coherence is alpha = |E g|^2 / E |g|^2 of the gradients g of the images' cross-entropy by all parameters (coherence
thesis, 1.2; in [0, 1], not scaled by the number of images, 2.1), exact over all images, and estimated, with its error,
from some; the diff of a weight is the mean sign of its gradient (3.1). Images are not augmented, and batch norm uses
its running statistics, because a batch's own would make the images' losses depend on each other.
"""

import copy
import math
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn
from torch.func import functional_call, jvp

from prunescape.coherence.samples import Tensors, Totals, floats_per_image, of_batch
from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed, random_order
from prunescape.models.attention import plain_attention
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches


def estimate(
    mean_square: float, squares: torch.Tensor, population: int, along: Callable[[], torch.Tensor]
) -> tuple[float, float]:
    """Coherence and its standard error.

    Of m out of M images, drawn without replacement, |mean g|^2 is too large by (1 - m / M) tr(S) / m, S the gradients'
    covariance, in the mean over all draws; numerator and denominator of the estimate have no bias. The error follows
    from the influence of each image on the ratio, to first order.

    Args:
        mean_square: |mean g|^2 of the m images.
        squares: (m,), float64; |g|^2 of each.
        population: M.
        along: gives g . mean g of each image, (m,); asked for only where m < M.

    Returns:
        alpha, NaN where all gradients are zero; and its standard error, 0 for m = M, NaN for m = 1.
    """
    count, size = len(squares), float(squares.mean())
    if count == population:
        return (mean_square / size if size > 0 else math.nan), 0.0
    alpha = unbiased_square(mean_square, squares, population) / size if size > 0 else math.nan
    if count < 2 or not size > 0:
        return alpha, math.nan
    others = (count * along() - squares) / (count - 1)  # g . the mean of the other images' gradients
    influence = (2 * (others - others.mean()) - alpha * (squares - size)) / size
    return alpha, float(influence.std() * math.sqrt((1 - count / population) / count))


def unbiased_square(mean_square: float, squares: torch.Tensor, population: int) -> float:
    """|E g|^2 of the population, without bias; see `estimate`. May be below 0. NaN for a single image."""
    count = len(squares)
    if count < 2:
        return math.nan
    trace = (float(squares.sum()) - count * mean_square) / (count - 1)
    return mean_square - (1 - count / population) * trace / count


# Of what is held for the images of a micro-batch: in float32 128 MiB, and 2 GiB on a GPU.
MICRO_BATCH_FLOATS, GPU_MICRO_BATCH_FLOATS = 1 << 25, 1 << 29
LARGEST_MICRO_BATCH = 512
HARDEST = 0.01  # of the images


@dataclass
class Measured:
    """Coherence, diffs, loss and accuracy of a network on a split's images.

    Attributes:
        coherence: alpha.
        standard_error: of alpha over the choice of images; 0 where all were measured.
        samples: images that were measured.
        loss: mean cross-entropy of these.
        top1: their accuracy in percent.
        diffs: of each parameter, float32, -1 to 1, on the CPU, by name; empty where not wanted.
        sizes: mean |diff| of each parameter, by name.
        chance: mean |diff| that random signs would give, by parameter name; see `size_by_chance`.
        layers: alpha of the gradients by each parameter alone, by name.
        hardest_share: the part of alpha's denominator that the hardest images have; see `hardest_share`.
        peak_bytes: most memory that was in use, of the GPU or of this process.
    """

    coherence: float
    standard_error: float
    samples: int
    loss: float
    top1: float
    diffs: Tensors = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    layers: dict[str, float] = field(default_factory=dict)
    hardest_share: float = math.nan
    peak_bytes: int = 0


def measure(
    network: nn.Module,
    data: PreparedData,
    engine: Engine,
    *,
    samples: int | None = None,
    seed: int = 0,
    micro_batch: int | None = None,
    diffs: bool = True,
) -> Measured:
    """Coherence and diffs over the training images.

    Args:
        network: a plain network; it is not changed.
        engine: where it runs, and how precisely.
        samples: how many images are measured, chosen at random; None takes all. Then alpha is an estimate without the
            bias of |mean g|^2, which needs a second pass for its standard error, and diffs are those of these images.
        seed: decides which.
        micro_batch: images at once, which bounds the memory; None takes as many as `MICRO_BATCH_FLOATS` allow.
        diffs: whether diffs are wanted.
    """
    engine.set_up()
    whole = data.sizes["train"]
    if engine.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    network = on_device(network, engine)
    batches = batches_of(network, chosen_images(data, samples, seed), engine, micro_batch)
    totals, squares, loss, correct = summed(network, batches, diffs)
    count = len(squares)
    mean = {name: total.div_(count) for name, total in totals.gradients.items()}
    lengths = {name: float(part.square().sum()) for name, part in mean.items()}
    size = float(sum(lengths.values()))
    estimated = estimate(size, squares, whole, partial(_along, network, batches, mean))
    totals.gradients, mean = {}, {}
    layers = {name: _of_layer(length, totals.lengths[name], count, whole) for name, length in lengths.items()}
    divided = {name: total.div_(count).float().cpu() for name, total in totals.signs.items()}
    sizes = {name: float(part.abs().mean()) for name, part in divided.items()}
    chance = {name: size_by_chance(counts, count) for name, counts in totals.moved.items()}
    share = hardest_share(squares)
    numbers = loss / count, 100 * correct / count
    return Measured(*estimated, count, *numbers, divided, sizes, chance, layers, share, _peak(engine))


def _of_layer(mean_square: float, squares: float, count: int, population: int) -> float:
    """The coherence of the gradients by one parameter, without bias; see `estimate`."""
    if not squares > 0:
        return math.nan
    if count < population:
        if count < 2:
            return math.nan
        mean_square -= (1 - count / population) * (squares - count * mean_square) / (count - 1) / count
    return mean_square / (squares / count)


def hardest_share(squares: torch.Tensor) -> float:
    """The part of the sum of squared norms, coherence's denominator, that the largest 1 % of them have.

    Images of equal norms have 0.01, but for rounding up to whole images. NaN where all are zero.
    """
    total = float(squares.sum())
    return float(squares.topk(math.ceil(HARDEST * len(squares))).values.sum()) / total if total > 0 else math.nan


def chosen_images(data: PreparedData, samples: int | None, seed: int) -> PreparedData:
    """The training images that are measured; see `measure`."""
    whole = data.sizes["train"]
    if samples is None or samples >= whole:
        return data
    chosen = random_order(whole, derive_seed(seed, "measured gradients"))[:samples]
    chosen.sort()
    return data.only("train", chosen)


def on_device(network: nn.Module, engine: Engine) -> nn.Module:
    """A copy of a network where it is measured, in evaluation mode, whose parameters need no gradient."""
    network = copy.deepcopy(network).requires_grad_(False).to(engine.device, engine.dtype).eval()
    if engine.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def batches_of(network: nn.Module, data: PreparedData, engine: Engine, micro_batch: int | None = None) -> Batches:
    """The training images in their order, as they are validated, but in batches that fit; see `measure`."""
    batches = validation_batches(data, engine, "train")
    batches.batch_size = micro_batch or affordable(network, data.input_shape)
    return batches


def size_by_chance(moved: torch.Tensor, images: int) -> float:
    """The mean |diff| of weights whose gradients have random signs: E |S_m| / n, S_m a sum of m fair signs.

    Where an image's gradient is exactly zero, as behind a ReLU, it has no sign: m is less than n. For large m this is
    about sqrt(2 m / pi) / n.

    Args:
        moved: m of each weight, 0 to n.
        images: n.
    """
    # E |S_1| = 1, it grows by (m + 2) / (m + 1) from odd m to m + 2, and is the same for m and m + 1.
    odd = torch.arange(1, images + 1, 2, dtype=torch.float64)
    grown = torch.cat([odd.new_ones(1), ((odd + 2) / (odd + 1))[:-1]]).cumprod(0)
    expected = torch.cat([odd.new_zeros(1), grown.repeat_interleave(2)[:images]])
    weights = torch.bincount(moved.flatten().int().cpu(), minlength=images + 1)
    return float(weights.double() @ expected) / (moved.numel() * images)


def affordable(network: nn.Module, input_shape: tuple[int, int, int]) -> int:
    """Number of images at once that keep within `MICRO_BATCH_FLOATS`, between 1 and `LARGEST_MICRO_BATCH`."""
    parameter = next(network.parameters())
    image = torch.zeros(1, *input_shape, dtype=parameter.dtype, device=parameter.device)
    most = GPU_MICRO_BATCH_FLOATS if parameter.is_cuda else MICRO_BATCH_FLOATS
    return max(1, min(LARGEST_MICRO_BATCH, most // floats_per_image(network, image)))


def summed(network: nn.Module, batches: Batches, wanted: bool = True) -> tuple[Totals, torch.Tensor, float, int]:
    """Over all images: sums of gradients, and of their signs where `wanted`; squared norms; loss; hits."""
    totals = Totals()  # sums of signs are whole numbers, exact in float32 up to 16 million images
    squares, losses, correct = [], [], []
    for images, labels in batches:
        sums = of_batch(network, images, labels, wanted, totals)
        squares.append(sums.squares)
        losses.append(sums.losses.double().sum())
        correct.append(sums.correct.sum())
    total = float(torch.stack(losses).sum()), int(torch.stack(correct).sum())
    return totals, torch.cat(squares).cpu(), *total


def _along(network: nn.Module, batches: Batches, direction: Tensors) -> torch.Tensor:
    """Slope of each image's loss along a direction in weight space, float64, by forward-mode differentiation."""
    weights = {name: parameter.detach() for name, parameter in network.named_parameters()}
    tangents = {name: direction[name].to(weight) for name, weight in weights.items()}

    def losses(images: torch.Tensor, labels: torch.Tensor, given: Tensors) -> torch.Tensor:
        logits = functional_call(network, given, (images,))
        return nn.functional.cross_entropy(logits, labels, reduction="none")

    slopes = []
    with plain_attention():
        for images, labels in batches:
            slopes.append(jvp(partial(losses, images, labels), (weights,), (tangents,))[1].double())
    return torch.cat(slopes).cpu()


def _peak(engine: Engine) -> int:
    if engine.device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
