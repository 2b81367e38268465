"""Networks of the shapes that people write; each is valid, and trains in plain PyTorch."""

import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune
from torch.utils.checkpoint import checkpoint

from prunescape.models.architecture import Architecture, Origin
from prunescape.runtime.torchvision_compat import torchvision

WIDTH = 16


def block(inputs: int, outputs: int) -> nn.Sequential:
    """A convolution with batch norm and a rectifier."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def head(width: int, classes: int) -> nn.Sequential:
    """The mean over pixels, and a classifier."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


class Plain(nn.Module):
    """Four convolutions, one after the other; the others change what is between the second and the third."""

    def __init__(self, num_classes: int, in_channels: int, width: int = WIDTH) -> None:
        super().__init__()
        self.a, self.e = block(in_channels, width), block(width, width)
        self.b, self.c = block(width, width), block(width, width)
        self.head = head(width, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, (images, classes)."""
        return self.head(self.c(self.b(self.between(self.a(x)))))

    def between(self, x: torch.Tensor) -> torch.Tensor:
        """What the third convolution reads."""
        return self.e(x)


class Flipped(Plain):
    """The order of channels changes on the way."""

    def between(self, x):
        return self.e(x).flip(1)


class DroppedAlways(Plain):
    """F.dropout without training=self.training."""

    def between(self, x):
        return F.dropout(self.e(x), 0.5)


class InPlace(Plain):
    """It normalises the images that it is given, in place."""

    def forward(self, x):
        x -= 0.5
        return super().forward(x)


class RandomDepth(Plain):
    """Stochastic depth that skips the whole block while it trains."""

    def between(self, x):
        return x + self.e(x) if not self.training or torch.rand(()) > 0.5 else x


class PythonsDepth(Plain):
    """The same, drawn by Python's own generator."""

    def between(self, x):
        return x + self.e(x) if not self.training or random.random() > 0.5 else x


class StochasticDepth(Plain):
    """torchvision's, which drops the block of single images."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.drop = torchvision.ops.StochasticDepth(0.3, "row")

    def between(self, x):
        return x + self.drop(self.e(x))


class Lazy(nn.Module):
    """Layers that learn how much they read from the first images."""

    def __init__(self, num_classes, width=WIDTH):
        super().__init__()
        self.a, self.b, self.norm = nn.LazyConv2d(width, 3), nn.LazyConv2d(width, 3), nn.LazyBatchNorm2d()
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LazyLinear(num_classes))

    def forward(self, x):
        return self.head(F.relu(self.norm(self.b(F.relu(self.a(x))))))


class NeverReached(Plain):
    """A lazy layer that the forward method does not reach."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.unused = nn.LazyLinear(3)


def spectral(num_classes: int, in_channels: int) -> nn.Module:
    """A convolution of spectral norm 1, which has buffers that change as it trains."""
    model = Plain(num_classes, in_channels)
    model.e[0] = parametrizations.spectral_norm(model.e[0])
    return model


def weight_norm(num_classes: int, in_channels: int) -> nn.Module:
    """Convolutions as direction and length."""
    model = Plain(num_classes, in_channels)
    model.e[0] = parametrizations.weight_norm(model.e[0])
    return model


def old_weight_norm(num_classes: int, in_channels: int) -> nn.Module:
    """The same by a hook, as torch had it before."""
    model = Plain(num_classes, in_channels)
    model.e[0] = torch.nn.utils.weight_norm(model.e[0])
    return model


class Gain(nn.Conv2d):
    """Weights of unit length, times a gain for each channel."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 3, padding=1)
        self.gain = nn.Parameter(torch.ones(outputs, 1, 1, 1))

    def forward(self, x):
        return F.conv2d(x, self.gain * F.normalize(self.weight, dim=(1, 2, 3)), self.bias, padding=1)


def gained(num_classes: int, in_channels: int) -> nn.Module:
    """A convolution of the user's own class."""
    model = Plain(num_classes, in_channels)
    model.e[0] = Gain(WIDTH, WIDTH)
    return model


class Centred(nn.Module):
    """Weights whose mean is zero."""

    def forward(self, weight):
        return weight - weight.mean((1, 2, 3), keepdim=True)


def centred(num_classes: int, in_channels: int) -> nn.Module:
    """A parametrisation of the user's own."""
    model = Plain(num_classes, in_channels)
    parametrize.register_parametrization(model.e[0], "weight", Centred())
    return model


class Pixels(Plain):
    """16 channels become 4 of twice the size."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.b, self.shuffle = block(WIDTH // 4, WIDTH), nn.PixelShuffle(2)

    def between(self, x):
        return self.shuffle(self.e(x))


class Unshuffled(Plain):
    """Pixels become channels."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.b, self.shuffle = block(4 * WIDTH, WIDTH), nn.PixelUnshuffle(2)

    def between(self, x):
        return self.shuffle(self.e(x))


class Gated(Plain):
    """Half of the channels decide what passes of the other half."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.e = block(WIDTH, 2 * WIDTH)

    def between(self, x):
        return F.glu(self.e(x), 1)


class Queried(Plain):
    """A learned query, projected, as in attention pooling."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.query, self.project = nn.Parameter(torch.zeros(1, width)), nn.Linear(width, width)

    def forward(self, x):
        x = self.c(self.b(self.e(self.a(x))))
        gate = self.project(self.query.expand(len(x), -1))
        return self.head(x * torch.sigmoid(gate)[:, :, None, None])


class Pooled(Plain):
    """Attention pooling: a learned query looks at all pixels."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.query = nn.Parameter(torch.randn(1, 1, width))
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        pixels = self.c(self.b(self.e(self.a(x)))).flatten(2).transpose(1, 2)
        query = self.query.expand(len(x), -1, -1)
        return self.head(self.attention(query, pixels, pixels, need_weights=False)[0][:, 0])


class Tied(Plain):
    """Two convolutions with one weight."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.b[0].weight = self.e[0].weight


class TiedTurned(Plain):
    """Code and decode by one matrix and its transpose."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.code = nn.Linear(width, width)

    def between(self, x):
        pixels = self.e(x).movedim(1, -1)
        return F.linear(torch.relu(self.code(pixels)), self.code.weight.t()).movedim(-1, 1)


class Functional(Plain):
    """Its second convolution is a bare parameter."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.kernel = nn.Parameter(torch.randn(width, width, 3, 3) / 12)

    def between(self, x):
        return F.conv2d(self.e(x), self.kernel, padding=1).relu()


class Recurrent(Plain):
    """One block three times."""

    def between(self, x):
        for _ in range(3):
            x = self.e(x)
        return x


class RecurrentResidual(Plain):
    """One block three times, with a shortcut."""

    def between(self, x):
        for _ in range(3):
            x = x + self.e(x)
        return x


class TwoNames(Plain):
    """One block under two names."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.b = self.e


class Reused(Plain):
    """One batch norm after two convolutions."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.b[1] = self.e[1]


class Checkpointed(Plain):
    """Activations are computed again in the backward pass."""

    reentrant = False

    def between(self, x):
        return checkpoint(self.e, x, use_reentrant=self.reentrant)


class CheckpointedReentrant(Checkpointed):
    """The same in torch's older way."""

    reentrant = True


class CheckpointedRandom(Checkpointed):
    """What is computed again drops at random."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.e.append(nn.Dropout(0.3))


class PartlyGrouped(Plain):
    """A convolution of groups, and one of single channels."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.e[0] = nn.Conv2d(width, width, 3, padding=1, groups=4)
        self.b[0] = nn.Conv2d(width, width, 3, padding=1, groups=width)


class Scaled(Plain):
    """A scale for each channel, a bare parameter."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.scale = nn.Parameter(torch.ones(width, 1, 1))

    def between(self, x):
        return self.scale * self.e(x)


class Counting(Plain):
    """It counts its batches, in a buffer that it changes in place."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))
        self.register_buffer("average", torch.zeros(WIDTH))

    def between(self, x):
        x = self.e(x)
        if self.training:
            self.batches += 1
            self.average.lerp_(x.detach().mean((0, 2, 3)), 0.1)
        return x - self.average[:, None, None]


class Reassigned(Counting):
    """The same by assignment, which makes a new buffer each time."""

    def between(self, x):
        x = self.e(x)
        if self.training:
            self.average = 0.9 * self.average + 0.1 * x.detach().mean((0, 2, 3))
        return x - self.average[:, None, None]


class Normed(Plain):
    """Norms of groups of channels, of pixels and of images."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.e[1], self.b[1] = nn.GroupNorm(4, WIDTH), nn.InstanceNorm2d(WIDTH, affine=True)


class OneDimension(nn.Module):
    """Rows as sequences."""

    def __init__(self, num_classes, image_size, width=WIDTH):
        super().__init__()
        self.a, self.e = nn.Conv1d(image_size, width, 3), nn.Conv1d(width, width, 3)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(self.e(self.a(x.mean(1)).relu()).relu().mean(2))


class Rows(nn.Module):
    """A recurrent network over the rows of an image."""

    def __init__(self, num_classes, image_size, width=WIDTH):
        super().__init__()
        self.rows, self.hidden = nn.LSTM(image_size, width, batch_first=True), nn.Linear(width, width)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.head(self.hidden(self.rows(x.mean(1))[0][:, -1]).relu())


class Up(Plain):
    """A transposed convolution, and one that reads what it makes."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.up = nn.ConvTranspose2d(width, width, 2, 2)

    def between(self, x):
        return self.up(self.e(x))


class Frozen(Plain):
    """A layer that is not to be trained."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.e[0].weight.requires_grad_(False)


class Hidden(Plain):
    """A function that holds a layer, of which a copy of the network knows nothing."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        layer = self.e
        self.apply_it = lambda x: layer(x)

    def between(self, x):
        return self.apply_it(x)


class Conditional(Plain):
    """What it computes depends on the images."""

    def between(self, x):
        y = self.e(x)
        return y if y.mean() > 0.4 else y + 1


class Dynamic(Plain):
    """A layer whose weights another layer makes for each image."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.maker = nn.Linear(width, width * width)

    def between(self, x):
        x = self.e(x)
        kernels = self.maker(x.mean((2, 3))).view(len(x), x.shape[1], x.shape[1])
        return torch.einsum("bchw,bdc->bdhw", x, kernels)


class Experts(Plain):
    """Two blocks, weighted by a gate of the pixels' mean."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.other, self.gate = block(width, width), nn.Linear(width, 2)

    def between(self, x):
        gates = self.gate(x.mean((2, 3))).softmax(1)
        return gates[:, :1, None, None] * self.e(x) + gates[:, 1:, None, None] * self.other(x)


class BilinearHead(Plain):
    """Products of all pairs of channels."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels, width)
        self.head = nn.Linear(width * width, num_classes)

    def forward(self, x):
        x = self.c(self.b(self.e(self.a(x)))).flatten(2)
        return self.head((x @ x.transpose(1, 2) / x.shape[2]).flatten(1))


class HalfPrecision(Plain):
    """A part of it rounds to bfloat16."""

    def between(self, x):
        return self.e(x).to(torch.bfloat16).to(x.dtype)


class Windows(Plain):
    """Channels of windows, folded and back."""

    def between(self, x):
        x = self.e(x)
        images, channels, side, _ = x.shape
        parts = F.unfold(x, 2, stride=2)
        return F.fold(parts, (side, side), 2, stride=2).reshape(images, channels, side, side)


class CopiedOften(Plain):
    """Each channel four times, one copy after the other."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.b = block(4 * width, width)

    def between(self, x):
        return self.e(x).repeat_interleave(4, 1)


class Repeated(CopiedOften):
    """All channels four times."""

    def between(self, x):
        return self.e(x).repeat(1, 4, 1, 1)


class Halves(Plain):
    """Only the first half of the channels goes through a layer."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.first = block(width // 2, width // 2)

    def between(self, x):
        first, second = self.e(x).chunk(2, 1)
        return torch.cat([self.first(first), second], 1)


class Maxout(Plain):
    """The larger one of two channels."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.b = block(width // 2, width)

    def between(self, x):
        return self.e(x).unflatten(1, (-1, 2)).amax(2)


class Product(Plain):
    """Two branches, multiplied."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.other = block(width, width)

    def between(self, x):
        return self.e(x) * self.other(x)


class Named(Plain):
    """It gives its logits by name."""

    def forward(self, x):
        return {"logits": super().forward(x)}


class Auxiliary(Plain):
    """It gives two heads' logits while it trains."""

    def forward(self, x):
        logits = super().forward(x)
        return (logits, logits) if self.training else logits


class OtherSize(nn.Module):
    """It is for images of 28 x 28 pixels."""

    def __init__(self, num_classes, in_channels, width=4):
        super().__init__()
        self.a, self.head = block(in_channels, width), nn.Linear(width * 28 * 28, num_classes)

    def forward(self, x):
        return self.head(self.a(x).flatten(1))


class OtherSizeAndColour(OtherSize):
    """It is for colour images of 28 x 28 pixels."""

    def __init__(self, num_classes):
        super().__init__(num_classes, 3)


class Colour(Plain):
    """It is for colour images."""

    def __init__(self, num_classes):
        super().__init__(num_classes, 3)


class Steps(Plain):
    """A recurrent network over the pixels' columns."""

    kind = nn.LSTM

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.steps, self.head = self.kind(width, width, batch_first=True), nn.Linear(width, num_classes)

    def forward(self, x):
        columns = self.c(self.b(self.e(self.a(x)))).mean(2).transpose(1, 2)
        return self.head(self.steps(columns)[0][:, -1])


class GatedSteps(Steps):
    """The same, which torch-pruning does not know."""

    kind = nn.GRU


class CellSteps(Plain):
    """The same, step by step, on which torch-pruning fails."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.cell, self.head = nn.GRUCell(width, width), nn.Linear(width, num_classes)

    def forward(self, x):
        state = x.new_zeros(len(x), WIDTH)
        for column in self.c(self.b(self.e(self.a(x)))).mean(2).unbind(2):
            state = self.cell(column, state)
        return self.head(state)


class ManySteps(Plain):
    """A recurrent network in both directions over all pixels."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.steps = nn.GRU(width, width, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(2 * width, num_classes)

    def forward(self, x):
        pixels = self.c(self.b(self.e(self.a(x)))).flatten(2).transpose(1, 2)
        return self.head(self.steps(pixels)[0][:, -1])


class ConvolutionalSteps(Plain):
    """Gated convolutions over the same image, three times: recurrent over depth."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.gates, self.new = (nn.Conv2d(2 * width, times * width, 1) for times in (2, 1))

    def between(self, x):
        state = self.e(x)
        for _ in range(3):
            keep, forget = self.gates(torch.cat([x, state], 1)).sigmoid().chunk(2, 1)
            state = (1 - keep) * state + keep * self.new(torch.cat([x, forget * state], 1)).tanh()
        return state


class Remembering(Plain):
    """It keeps what its layers made of the last images, as pictures of attention need it."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.seen = {}
        self.c.register_forward_hook(lambda layer, given, output: self.seen.update(c=output))

    def between(self, x):
        self.features = self.e(x)
        return self.features


class _Turned(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.flip(1)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.flip(1)


class FlippedByFunction(Plain):
    """The order of channels changes inside a function of the user's own."""

    def between(self, x):
        return _Turned.apply(self.e(x))


class _Signs(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.sign()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


class Signs(Plain):
    """Activations of -1 and 1, with the gradient of what is not rounded."""

    def between(self, x):
        return _Signs.apply(self.e[:2](x))


class Noisy(Plain):
    """Noise on what its layers make, while it trains."""

    def between(self, x):
        x = self.e(x)
        return x + 0.1 * torch.randn_like(x) if self.training else x


class Routed(Plain):
    """Of three blocks each image goes through the one that a gate chooses, and one is never chosen."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.experts, self.gate = nn.ModuleList(block(width, width) for _ in range(3)), nn.Linear(width, 3)

    def between(self, x):
        gates = self.gate(x.mean((2, 3))).softmax(1)
        chosen, made = gates[:, :2].argmax(1), torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            here = (chosen == number).nonzero().flatten()
            if len(here):
                made = made.index_add(0, here, gates[here, number, None, None, None] * expert(x[here]))
        return self.e(made)


def compiled(num_classes: int, in_channels: int) -> nn.Module:
    """A network that torch compiles when it is first called."""
    return torch.compile(Plain(num_classes, in_channels))


def parallel(num_classes: int, in_channels: int) -> nn.Module:
    """A network in torch's wrapper for several GPUs."""
    return nn.DataParallel(Plain(num_classes, in_channels))


def orthogonal(num_classes: int, in_channels: int) -> nn.Module:
    """A convolution whose filters are at right angles to each other."""
    model = Plain(num_classes, in_channels)
    parametrizations.orthogonal(model.e[0])
    return model


def masked(num_classes: int, in_channels: int) -> nn.Module:
    """A network that torch's own pruning has given masks."""
    model = Plain(num_classes, in_channels)
    prune.l1_unstructured(model.e[0], "weight", 0.3)
    return model


class AddedInPlace(Plain):
    """It adds in place to what a gradient needs."""

    def between(self, x):
        y = self.e(x)
        y += x
        return y


class MakesLayers(Plain):
    """It makes a layer when it first sees images."""

    def between(self, x):
        if not hasattr(self, "late"):
            self.late = nn.Conv2d(x.shape[1], x.shape[1], 1)
        return self.late(self.e(x))


class Exits(Plain):
    """It ends the program."""

    def forward(self, x):
        raise SystemExit(3)


def scripted(num_classes: int, in_channels: int) -> nn.Module:
    """A network of TorchScript."""
    return torch.jit.script(nn.Sequential(block(in_channels, WIDTH), block(WIDTH, WIDTH), head(WIDTH, num_classes)))


class Shuffled(Plain):
    """Channels of groups are shuffled after a grouped convolution."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.e[0], self.shuffle = nn.Conv2d(width, width, 3, padding=1, groups=4), nn.ChannelShuffle(4)

    def between(self, x):
        return self.shuffle(self.e(x))


class Rolled(Plain):
    """Each channel takes its neighbour's place."""

    def between(self, x):
        return self.e(x).roll(1, 1)


class Interleaved(Plain):
    """Channels of two branches take turns."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.other, self.b = block(width, width), block(2 * width, width)

    def between(self, x):
        return torch.stack([self.e(x), self.other(x)], 2).flatten(1, 2)


class PixelsFirst(Plain):
    """A classifier that reads pixel after pixel, and not channel after channel."""

    def __init__(self, num_classes, in_channels, image_size, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.head = nn.Linear(width * image_size**2, num_classes)

    def forward(self, x):
        return self.head(self.c(self.b(self.e(self.a(x)))).movedim(1, -1).flatten(1))


class _Standardised(nn.Conv2d):
    def forward(self, x):
        mean, deviation = (how(self.weight, (1, 2, 3), keepdim=True) for how in (torch.mean, torch.std))
        return F.conv2d(x, (self.weight - mean) / deviation, self.bias, padding=1)


class Standardised(Plain):
    """Filters of mean 0 and deviation 1; one of zeros has none."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.e[0], self.b[0] = _Standardised(width, width, 3), _Standardised(width, width, 3)


class Generated(Plain):
    """A convolution whose weights a layer makes of a few numbers, the same for all images."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.numbers, self.maker = nn.Parameter(torch.randn(4)), nn.Linear(4, width * width)

    def between(self, x):
        return F.conv2d(self.e(x), self.maker(self.numbers).view(WIDTH, WIDTH, 1, 1)).relu()


class Tokens(nn.Module):
    """A transformer over patches, of one layer that is made of parts."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__()
        self.embed, self.head = nn.Conv2d(in_channels, width, 2, 2), nn.Linear(width, num_classes)
        self.up, self.gate, self.down = nn.Linear(width, 64), nn.Linear(width, 64), nn.Linear(64, width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = x + self.attend(x)
        return self.head((x + self.down(F.silu(self.gate(x)) * self.up(x))).mean(1))

    def attend(self, x):
        """Attention of tokens, (images, tokens, width)."""
        return self.attention(x, x, x, need_weights=False)[0]


class GroupedQueries(Tokens):
    """Two heads of queries share keys and values; beside them, a gated hidden layer."""

    def __init__(self, num_classes, in_channels, width=WIDTH):
        super().__init__(num_classes, in_channels)
        self.queries, self.keys, self.values = (nn.Linear(width, width // part) for part in (1, 2, 2))
        self.attention = nn.Linear(width, width)

    def attend(self, x):
        parts = (layer(x).unflatten(2, (-1, 4)).transpose(1, 2) for layer in (self.queries, self.keys, self.values))
        return self.attention(F.scaled_dot_product_attention(*parts, enable_gqa=True).transpose(1, 2).flatten(2))


class RecurrentTokens(Tokens):
    """One attention three times."""

    def attend(self, x):
        for _ in range(3):
            x = x + super().attend(x)
        return x


class TiedHeads(Tokens):
    """Two attentions with one weight for queries, keys and values."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.other = nn.MultiheadAttention(WIDTH, 4, batch_first=True)
        self.other.in_proj_weight = self.attention.in_proj_weight

    def attend(self, x):
        return super().attend(x) + self.other(x, x, x, need_weights=False)[0]


class LentHeads(Tokens):
    """Values are made once more, outside of the attention."""

    def attend(self, x):
        return super().attend(x) + F.linear(x, self.attention.in_proj_weight[-WIDTH:])


class _OwnAttention(nn.MultiheadAttention):
    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


class OwnAttention(Tokens):
    """torch's attention, called in another way by a class of the user's own."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.attention = _OwnAttention(WIDTH, 4, batch_first=True)

    def attend(self, x):
        return self.attention(x)


class WeightedHeads(Tokens):
    """The head of the network has a number for each head of its attention."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.numbers = nn.Parameter(torch.rand(4, 1, 1))

    def attend(self, x):
        mixed, weights = self.attention(x, x, x, average_attn_weights=False)
        return mixed + (self.numbers * weights).sum(1) @ x


class LowRank(Tokens):
    """A weight and a product of two thin ones, added up before they are used."""

    def __init__(self, num_classes, in_channels):
        super().__init__(num_classes, in_channels)
        self.left, self.right = nn.Parameter(torch.rand(64, 2)), nn.Parameter(torch.rand(2, WIDTH))

    def attend(self, x):
        return super().attend(x) + F.linear(x, self.up.weight + self.left @ self.right).unflatten(2, (4, -1)).mean(2)


def field(name: str, mode: str = "inside-blocks", **kwargs) -> Architecture:
    """The architecture of one of these networks, for images of 8 x 8 pixels."""
    return Architecture("own", (1, 8, 8), 10, origin=Origin(f"field_samples:{name}", kwargs, mode))
