"""FLOPs of attention and its like, against counts by hand: 2 a multiply-accumulate, whatever kernel torch takes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from prunescape.models.architecture import Architecture, Origin
from prunescape.models.build import build
from prunescape.models.flops import count_activations, count_flops
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import prune
from prunescape.runtime.torchvision_compat import torchvision

TOKENS, WIDTH = 8, 16
SHAPE = (1, TOKENS, WIDTH)  # an image whose rows are the tokens


def attention(tokens: int, width: int) -> int:
    """Queries, keys, values and the outputs' projection, and the two products of tokens with tokens."""
    return 2 * (4 * tokens * width**2 + 2 * tokens**2 * width)


def block(tokens: int, width: int, hidden: int) -> int:
    """Attention, and the two layers after it."""
    return attention(tokens, width) + 2 * 2 * tokens * width * hidden


def transformer(side: int, patch: int, depth: int, width: int, hidden: int, classes: int, channels: int = 3) -> int:
    """A vision transformer with a class token."""
    patches = (side // patch) ** 2
    embedding, head = 2 * patches * channels * patch**2 * width, 2 * width * classes
    return embedding + depth * block(patches + 1, width, hidden) + head


class Rows(nn.Module):
    """A layer on the rows of an image of one channel."""

    def __init__(self, layer: nn.Module, first: bool = True) -> None:
        super().__init__()
        self.layer, self.first = layer, first

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """What the layer makes of (images, rows, columns), or (rows, images, columns)."""
        rows = images[:, 0] if self.first else images[:, 0].transpose(0, 1)
        if isinstance(self.layer, nn.MultiheadAttention):
            return self.layer(rows, rows, rows, need_weights=not self.first)[0]
        return self.layer(rows)


class Products(nn.Module):
    """Attention of one head without projections, and a product with a vector."""

    def __init__(self, masked: bool) -> None:
        super().__init__()
        self.query, self.masked = nn.Parameter(torch.rand(WIDTH)), masked

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(images, rows)."""
        mask = torch.zeros(TOKENS, TOKENS) if self.masked else None
        return F.scaled_dot_product_attention(images, images, images, attn_mask=mask)[:, 0] @ self.query


def encoder_layer(**words: bool) -> nn.Module:
    """A layer of a transformer, 4 heads and 24 hidden units."""
    return nn.TransformerEncoderLayer(WIDTH, 4, 24, 0.0, **words)


@pytest.mark.parametrize(
    ("model", "by_hand"),
    [
        (Rows(nn.MultiheadAttention(WIDTH, 4, batch_first=True)), attention(TOKENS, WIDTH)),
        (Rows(nn.MultiheadAttention(WIDTH, 4, batch_first=False), first=False), attention(TOKENS, WIDTH)),
        (Rows(encoder_layer(batch_first=True)), block(TOKENS, WIDTH, 24)),
        (Rows(encoder_layer(batch_first=True, norm_first=True)), block(TOKENS, WIDTH, 24)),
        (Rows(encoder_layer(batch_first=False), first=False), block(TOKENS, WIDTH, 24)),
        (Rows(nn.TransformerEncoder(encoder_layer(batch_first=True), 3)), 3 * block(TOKENS, WIDTH, 24)),
        (Products(masked=False), 4 * TOKENS**2 * WIDTH + 2 * TOKENS * WIDTH),
        (Products(masked=True), 4 * TOKENS**2 * WIDTH + 2 * TOKENS * WIDTH),
        (Rows(nn.LSTM(WIDTH, 4, batch_first=True)), 2 * TOKENS * 4 * 4 * (WIDTH + 4)),
        (Rows(nn.GRU(WIDTH, 4, batch_first=True)), 2 * TOKENS * 3 * 4 * (WIDTH + 4)),
    ],
    ids=lambda value: "" if isinstance(value, int) else type(getattr(value, "layer", value)).__name__,
)
def test_attention_is_counted(model: nn.Module, by_hand: int) -> None:
    assert count_flops(model, SHAPE) == by_hand
    assert model.training
    assert count_flops(model.eval(), SHAPE) == by_hand
    assert torch.backends.mha.get_fastpath_enabled()


def test_activations_are_what_the_layers_give() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))
    assert count_activations(model, (3, 8, 8)) == 3 * 4 * 8 * 8 + 256 + 10
    assert not any(layer._forward_hooks for layer in model.modules())


def test_vision_transformers_are_counted() -> None:
    model = torchvision.models.vit_b_16(image_size=32)
    assert count_flops(model, (3, 32, 32)) == transformer(32, 16, 12, 768, 3072, 1000) == 856_522_752
    # With three classes: projections, MLPs, patches and head; and both products of attention, 12 layers and 5 tokens.
    model = torchvision.models.vit_b_16(image_size=32, num_classes=3)
    assert count_flops(model, (3, 32, 32)) == 854_069_760 + 12 * 2 * 2 * 5 * 5 * 768
    assert count_flops(build(Architecture("vit", (3, 32, 32), 10)), (3, 32, 32)) == transformer(32, 4, 6, 512, 512, 10)
    small = build(Architecture("small_vit", (1, 8, 8), 10))
    assert count_flops(small, (1, 8, 8)) == transformer(8, 2, 2, 32, 32, 10, channels=1)


@pytest.mark.full
def test_vision_transformers_of_timm_are_counted() -> None:
    """By one kernel of attention, by its products, and once heads and hidden layers are pruned."""
    architecture = Architecture("own", (3, 32, 32), 10, origin=Origin("timm:vit_tiny_patch16_224", {"img_size": 32}))
    model, whole = build(architecture, 0), transformer(32, 16, 12, 192, 768, 10)
    assert count_flops(model, (3, 32, 32)) == whole
    pruned = prune(model, architecture, "uniform", 0.7, PruningSettings())
    left = 2 * 4 * 3 * 16**2 * 192 + 2 * 192 * 10
    for number in range(12):
        hidden, inside = (pruned.widths[f"blocks.{number}.{layer}"] for layer in ("mlp.fc1", "attn.qkv"))
        assert inside == 2 * 64  # two of three heads
        left += 2 * 4 * 5 * 192 * inside + 2 * 2 * 5**2 * inside + 2 * 2 * 5 * 192 * hidden
    assert pruned.flops == left
    assert 0.695 <= left / whole == pruned.ratio <= 0.7
    by_products = build(architecture, 0)
    for layer in by_products.blocks:
        layer.attn.fused_attn = False
    assert count_flops(by_products, (3, 32, 32)) == whole


def test_windows_of_attention_are_counted() -> None:
    """Swin-T, whose windows of 7 x 7 reach over the border where they do not divide the image."""
    by_hand = 2 * 16**2 * 3 * 4**2 * 96 + 2 * 768 * 1000
    for stage, depth in enumerate((2, 2, 6, 2)):
        side, width = 16 >> stage, 96 << stage
        windows = (-(-side // 7)) ** 2
        by_hand += depth * (windows * attention(49, width) + 2 * 2 * side**2 * width * 4 * width)
        if stage < 3:  # four tokens become one of twice the width
            by_hand += 2 * (side // 2) ** 2 * 4 * width * 2 * width
    assert count_flops(torchvision.models.swin_t(), (3, 64, 64)) == by_hand


def test_the_fast_path_is_back_after_an_error() -> None:
    with pytest.raises(RuntimeError):
        count_flops(Rows(nn.Linear(3, 4)), SHAPE)
    assert torch.backends.mha.get_fastpath_enabled()


def encoder(num_classes: int, in_channels: int) -> nn.Module:
    """Patches of 2 x 2 pixels, and two layers of 64 hidden units."""
    layer = nn.TransformerEncoderLayer(WIDTH, 4, 64, 0.0, batch_first=True)
    patches = [nn.Conv2d(in_channels, WIDTH, 2, 2), nn.Flatten(2), Turned()]
    return nn.Sequential(*patches, nn.TransformerEncoder(layer, 2), Turned(), Mean(), nn.Linear(WIDTH, num_classes))


class Turned(nn.Module):
    """The last two dimensions change places."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(images, width, tokens) of (images, tokens, width), or the other way round."""
        return x.transpose(1, 2)


class Mean(nn.Module):
    """The mean over tokens."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(images, width) of (images, width, tokens)."""
        return x.mean(2)


def written_out(num_classes: int, in_channels: int, fused: bool) -> nn.Module:
    """As `encoder`, one layer without its last addition, with attention of 4 heads from its parts."""
    patches = [nn.Conv2d(in_channels, WIDTH, 2, 2), nn.Flatten(2), Turned()]
    hidden = [nn.Linear(WIDTH, 64), nn.GELU(), nn.Linear(64, WIDTH)]
    return nn.Sequential(*patches, Heads(fused), *hidden, Turned(), Mean(), nn.Linear(WIDTH, num_classes))


class Heads(nn.Module):
    """Attention of 4 heads, with a layer each for queries, keys, values and outputs."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.layers, self.fused = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4)), fused

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(images, tokens, width) of the same."""
        queries, keys, values = (layer(x).unflatten(2, (4, -1)).transpose(1, 2) for layer in self.layers[:3])
        if self.fused:
            mixed = F.scaled_dot_product_attention(queries, keys, values)
        else:
            mixed = (queries @ keys.transpose(2, 3) / 2).softmax(-1) @ values
        return x + self.layers[3](mixed.transpose(1, 2).flatten(2))


@pytest.mark.parametrize("fused", [True, False])
def test_attention_from_its_parts_is_counted_and_its_channels_are_spared(fused: bool) -> None:
    architecture = Architecture("own", (1, 8, 8), 10, origin=Origin("test_flops:written_out", {"fused": fused}))

    def by_hand(hidden: int, outputs: int) -> int:
        spared = 2 * 16 * 4 * WIDTH + attention(16, WIDTH)
        return spared + 2 * 16 * (WIDTH + outputs) * hidden + 2 * outputs * 10

    whole = by_hand(64, WIDTH)
    assert count_flops(build(architecture), (1, 8, 8)) == whole
    pruned = prune(build(architecture, 0), architecture, "uniform", 0.75, PruningSettings())
    assert set(pruned.widths) == {"4", "6"}
    assert pruned.flops == by_hand(*pruned.widths.values()) == round(pruned.ratio * whole)


@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
def test_transformers_are_pruned_to_the_counted_ratio(method: str) -> None:
    """Of torchvision and of torch's own layers: what is left, counted by hand, is the ratio that was asked for."""
    own = Architecture("own", (1, 8, 8), 10, origin=Origin("test_flops:encoder"))
    kwargs = {"patch_size": 8, "num_layers": 2, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 128}
    vit = Architecture(
        "own", (3, 32, 32), 10, origin=Origin("torchvision.models.vision_transformer:VisionTransformer", kwargs)
    )
    for architecture, rest, tokens, width, features, layers in (
        (own, 2 * 16 * 4 * WIDTH + 2 * WIDTH * 10, 16, WIDTH, 4, ("self_attn", "linear1")),
        (vit, 2 * 16 * 3 * 8**2 * 32 + 2 * 32 * 10, 17, 32, 8, ("self_attention", "mlp.0")),
    ):
        dense = build(architecture, 0)
        pruned = prune(dense, architecture, method, 0.7, PruningSettings(tolerance_points=2))
        inside, hidden = ([pruned.widths[name] for name in pruned.widths if name.endswith(layer)] for layer in layers)
        by_hand = rest
        for of_heads, wide in zip(inside, hidden, strict=True):
            assert of_heads % features == 0
            by_hand += 2 * 4 * tokens * width * of_heads + 2 * 2 * tokens**2 * of_heads + 2 * 2 * tokens * width * wide
        assert sum(inside) < 2 * width
        assert pruned.flops == by_hand
        whole = rest + 2 * block(tokens, width, 64 if architecture is own else 128)
        assert 0.68 <= by_hand / whole == pruned.ratio <= 0.7
