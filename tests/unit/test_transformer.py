"""Vision transformers whose heads are pruned: their attention against torch's, their FLOPs against closed forms."""

import copy
import dataclasses

import pytest
import torch
import yaml
from torch import nn

from data_samples import tiny_data
from project_copy import PROJECT
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.export.networks import export
from prunescape.lanes.fuse import check_vmap, fuse
from prunescape.models.architecture import Architecture, Origin, load_architecture
from prunescape.models.attention import FewerHeads, HeadedAttention
from prunescape.models.build import build, resize
from prunescape.models.flops import count_flops
from prunescape.pruning.graph import Graph
from prunescape.pruning.settings import PARAMETERS, PruningSettings
from prunescape.pruning.silenced import silence, vary
from prunescape.pruning.structured import prune
from prunescape.training.engine import Engine
from prunescape.training.preflight import preflight
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

ARCHITECTURE = Architecture("vit_small", (1, 8, 8), 10)
TOKENS, WIDTH, FEATURES, DEPTH, PATCH = 17, 192, 32, 6, 2


def by_hand(heads: list[int], hidden: list[int]) -> int:
    """FLOPs of one image: patches, head, and of each block four layers of attention, two products, two layers."""
    inside = 0
    for number, wide in zip(heads, hidden, strict=True):
        layers = 4 * TOKENS * WIDTH * number * FEATURES + 2 * TOKENS * WIDTH * wide
        inside += 2 * layers + 2 * 2 * TOKENS**2 * number * FEATURES
    return 2 * 16 * PATCH**2 * WIDTH + 2 * WIDTH * 10 + inside


def test_attention_is_torchs() -> None:
    """With torch's order of channels, head after head; and so it stays without some heads."""
    attention, reference = HeadedAttention(48, 4, 12).double(), nn.MultiheadAttention(48, 4, batch_first=True).double()
    order = torch.arange(48).view(12, 4).T.flatten()  # torch's channel, by ours
    tokens = torch.rand(2, 5, 48, generator=torch.Generator().manual_seed(0)).double()
    with torch.no_grad():
        for place, layer in enumerate(attention.makers):
            reference.in_proj_weight[48 * place : 48 * (place + 1)] = layer.weight[order]
            reference.in_proj_bias[48 * place : 48 * (place + 1)] = layer.bias[order]
        reference.out_proj.weight.copy_(attention.output.weight[:, order])
        reference.out_proj.bias.copy_(attention.output.bias)
        expected = reference(tokens, tokens, tokens, need_weights=False)[0]
        torch.testing.assert_close(attention(tokens), expected)


@torch.no_grad()
@pytest.mark.parametrize("weights", ["none", "mean", "each"])
@pytest.mark.parametrize("shape", ["images first", "tokens first", "one image", "other keys"])
@pytest.mark.parametrize("masks", ["", "padding", "causal", "each head", "numbers"])
def test_torchs_attention_with_fewer_heads_is_itself_with_silenced_ones(weights: str, shape: str, masks: str) -> None:
    """Of heads 0 to 3 the first and third go: torch's own with what reads them zero; also with all heads left."""
    generator = torch.Generator().manual_seed(0)
    first = shape != "tokens first"
    full = nn.MultiheadAttention(24, 4, batch_first=first, bias=shape != "tokens first").double().eval()
    for tensor in full.parameters():
        tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)
    queries, keys, values = (torch.rand(2, tokens, 24, generator=generator).double() for tokens in (5, 7, 7))
    given = (queries, keys, values) if shape == "other keys" else (queries,) * 3
    if shape in ("tokens first", "one image"):
        given = tuple(tokens.transpose(0, 1) if shape == "tokens first" else tokens[0] for tokens in given)
    images, read = 1 if shape == "one image" else 2, 7 if shape == "other keys" else 5
    words: dict = {"need_weights": weights != "none", "average_attn_weights": weights == "mean"}
    if masks == "padding":
        words["key_padding_mask"] = torch.rand(images, read, generator=generator) > 0.7
        words["key_padding_mask"] = words["key_padding_mask"][0] if shape == "one image" else words["key_padding_mask"]
    elif masks == "causal":
        words |= {"attn_mask": torch.ones(5, read, dtype=torch.bool).triu(1), "is_causal": True}
    elif masks:
        of_heads = torch.rand(images, 4, 5, read, generator=generator).double()
        words["attn_mask"] = of_heads.flatten(0, 1) if masks == "each head" else of_heads[0, 0]
    left = [[0, 1, 2, 3], [1, 3]]
    for kept in left:
        at = [head * 6 + feature for head in kept for feature in range(6)]
        fewer, silent = (copy.deepcopy(full) for _ in range(2))
        silent.out_proj.weight[:, [i for i in range(24) if i not in at]] = 0
        fewer = FewerHeads.of(fewer)
        fewer.num_heads = len(kept)
        rows = [part * 24 + i for part in range(3) for i in at]
        fewer.in_proj_weight = nn.Parameter(full.in_proj_weight[rows])
        if full.in_proj_bias is not None:
            fewer.in_proj_bias = nn.Parameter(full.in_proj_bias[rows])
        fewer.out_proj.weight = nn.Parameter(full.out_proj.weight[:, at])
        expected, seen = silent(*given, **words)
        if masks == "each head":
            words = words | {"attn_mask": of_heads[:, kept].flatten(0, 1)}
        outputs, weights_of = fewer(*given, **words)
        torch.testing.assert_close(outputs, expected)
        if weights == "mean" and len(kept) == 4:
            torch.testing.assert_close(weights_of, seen)
        elif weights == "each":
            torch.testing.assert_close(weights_of, seen[..., kept, :, :])
        assert (weights_of is None) == (weights == "none")


def test_flops_are_those_of_a_count_by_hand() -> None:
    assert count_flops(build(ARCHITECTURE), (1, 8, 8)) == by_hand([6] * DEPTH, [384] * DEPTH)


@pytest.mark.parametrize("method", ["uniform", "non_uniform"])
@pytest.mark.parametrize("criterion", ["norm", "lamp", "random"])
def test_heads_and_hidden_layers_are_pruned_to_the_ratio(method: str, criterion: str) -> None:
    pruned = prune(build(ARCHITECTURE, 0), ARCHITECTURE, method, 0.5, PruningSettings(criterion=criterion))
    heads = [pruned.widths[f"blocks.{block}.attention.query"] // FEATURES for block in range(DEPTH)]
    hidden = [pruned.widths[f"blocks.{block}.expand"] for block in range(DEPTH)]
    assert pruned.flops == by_hand(heads, hidden)
    assert 0.495 <= pruned.flops / by_hand([6] * DEPTH, [384] * DEPTH) == pruned.ratio <= 0.5
    if method == "uniform":
        assert heads == [3] * DEPTH


def test_parameters_are_a_target_too() -> None:
    dense = sum(parameter.numel() for parameter in build(ARCHITECTURE).parameters())
    pruned = prune(build(ARCHITECTURE, 0), ARCHITECTURE, "uniform", 0.5, PruningSettings(target=PARAMETERS))
    assert sum(parameter.numel() for parameter in pruned.model.parameters()) / dense == pruned.ratio
    assert 0.45 < pruned.ratio <= 0.5


@torch.no_grad()
def test_the_heads_that_are_named_go(tmp_path) -> None:
    """Without them the network computes what it does with them silenced; and it is built again from its sizes."""
    model = vary(build(ARCHITECTURE, 3)).double().eval()
    silent = copy.deepcopy(model)
    with torch.enable_grad():
        graph = Graph(model.float(), ARCHITECTURE)
    groups = [group for group in graph.groups if group.heads]
    assert [group.root for group in groups] == [f"blocks.{block}.attention.query" for block in range(DEPTH)]
    removed = {group.root: [block % 5, 5] for block, group in enumerate(groups)}
    for group in groups:
        silence(silent, group, group.of_units(removed[group.root]))
    pruned = graph.cut(removed)
    images = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    torch.testing.assert_close(model.double()(images), silent(images))
    assert not torch.allclose(silent(images), vary(build(ARCHITECTURE, 3)).double().eval()(images))
    pruned.save(tmp_path / "architecture.json")
    again = build(load_architecture(tmp_path / "architecture.json")).double().eval()
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(images), model(images))


VITS = {"patch_size": 8, "num_layers": 2, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 64}
TORCHVISIONS = Origin("torchvision.models.vision_transformer:VisionTransformer", VITS)


@pytest.mark.parametrize("criterion", ["norm", "taylor", "fpgm", "lamp", "random"])
def test_heads_of_torchs_attention_go(criterion: str, tmp_path) -> None:
    """Whole heads are left of what was there, those that rank highest; and again so from the file of sizes."""
    architecture = Architecture("own", (3, 32, 32), 3, origin=TORCHVISIONS)
    dense, data = vary(build(architecture, 0)), tiny_data(tmp_path, (9, 3), (3, 32, 32))
    settings = PruningSettings(tolerance_points=3, criterion=criterion)
    pruned = prune(copy.deepcopy(dense), architecture, "uniform", 0.6, settings, data)
    pruned.architecture.save(tmp_path / "architecture.json")
    again = build(load_architecture(tmp_path / "architecture.json"), 0).eval()
    assert again.encoder.layers[1].self_attention.in_proj_weight.std() > 0.01
    assert not again.encoder.layers[1].self_attention.in_proj_bias.any()
    again.load_state_dict(pruned.model.state_dict())
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(again(images), pruned.model.eval()(images))
    for old, new in zip(dense.encoder.layers, pruned.model.encoder.layers, strict=True):
        old, new = old.self_attention, new.self_attention
        assert 1 <= new.num_heads < old.num_heads == 4
        heads, left = old.in_proj_weight.view(3, 4, 8, 32), new.in_proj_weight.view(3, new.num_heads, 8, 32)
        biases = new.in_proj_bias.view(3, new.num_heads, 8)
        at = [[torch.equal(left[:, i], heads[:, j]) for j in range(4)].index(True) for i in range(new.num_heads)]
        assert torch.equal(new.out_proj.weight, old.out_proj.weight.view(32, 4, 8)[:, at].flatten(1))
        assert torch.equal(biases, old.in_proj_bias.view(3, 4, 8)[:, at])
        if criterion == "norm":
            norms = heads.norm(dim=3).sum((0, 2))
            assert sorted(at) == sorted(norms.topk(len(at)).indices.tolist())


def test_heads_go_in_steps() -> None:
    """Each network is pruned as if it were a dense one; FLOPs are those of a count by hand."""
    architecture = Architecture("own", (3, 32, 32), 3, origin=TORCHVISIONS)
    model, settings, before = build(architecture, 0), PruningSettings(tolerance_points=4), 8
    own = architecture
    for ratio in (0.8, 0.5):
        pruned = prune(model, own, "uniform", ratio, settings, dense=architecture)
        heads = [layer.self_attention.num_heads for layer in pruned.model.encoder.layers]
        hidden = [layer.mlp[0].out_features for layer in pruned.model.encoder.layers]
        by_hand = 16 * 3 * 8**2 * 32 + 32 * 3  # patches, head; multiply-accumulates
        for number, wide in zip(heads, hidden, strict=True):
            by_hand += 4 * 17 * 32 * 8 * number + 2 * 17**2 * 8 * number + 2 * 17 * 32 * wide
        assert pruned.flops == 2 * by_hand
        assert sum(heads) < before
        before, own = sum(heads), pruned.architecture
        model = build(own)
        model.load_state_dict(pruned.model.state_dict())


class Encoded(nn.Module):
    """torch's encoder over an image's rows; with `mask`, one of its own for each of four heads of each image."""

    def __init__(self, num_classes: int, mask: bool = False) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(32, 8, 64, 0.0, batch_first=True)
        self.embed, self.encoder = nn.Linear(8, 32), nn.TransformerEncoder(layer, 2)
        self.head, self.mask = nn.Linear(32, num_classes), mask

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of the mean over rows."""
        mask = torch.linspace(0, 1, 8 * 8 * 8 * len(x)).view(len(x) * 8, 8, 8) if self.mask else None
        return self.head(self.encoder(self.embed(x[:, 0]), mask).mean(1))


def encoded(**kwargs: bool) -> Architecture:
    return Architecture("own", (1, 8, 8), 3, origin=Origin("test_transformer:Encoded", kwargs))


def test_torchs_fast_path_does_not_bring_heads_back() -> None:
    pruned = prune(build(encoded(), 0), encoded(), "uniform", 0.5, PruningSettings(tolerance_points=5)).model.eval()
    assert pruned.encoder.layers[0].self_attn.num_heads == 4  # of an odd number it has none
    images = torch.rand(5, 1, 8, 8)
    expected = pruned(images).detach()
    with torch.no_grad():
        torch.testing.assert_close(pruned(images), expected)


@pytest.mark.parametrize("first", [True, False])
def test_dropout_after_fewer_heads_draws_in_lanes_what_it_draws_alone(first: bool) -> None:
    class Dropped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention, self.drop = nn.MultiheadAttention(16, 2, batch_first=first), nn.Dropout(0.5)
            resize(self, {"attention": {"num_heads": 1}, "attention.out_proj": {"in_features": 8}})

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            tokens = x[:, 0] if first else x[:, 0].transpose(0, 1)
            return self.drop(self.attention(tokens, tokens, tokens)[0]).sum(1 if first else 0)

    torch.manual_seed(0)
    check_vmap([Dropped(), Dropped()], torch.rand(5, 1, 3, 16))


def test_heads_that_are_written_out_are_named() -> None:
    with pytest.raises(UserError, match=r"fewer channels of encoder.layers.0.self_attn.*ignored_layers: \[encoder"):
        prune(build(encoded(mask=True), 0), encoded(mask=True), "uniform", 0.5, PruningSettings(tolerance_points=5))
    names = tuple(f"encoder.layers.{layer}.self_attn" for layer in (0, 1))
    spared = dataclasses.replace(encoded(mask=True), ignored_layers=names)
    pruned = prune(build(spared, 0), spared, "uniform", 0.7, PruningSettings(tolerance_points=5))
    assert list(pruned.widths) == ["encoder.layers.0.linear1", "encoder.layers.1.linear1"]
    network = build(spared, 0).eval()
    images = torch.rand(4, 1, 8, 8)
    with torch.no_grad():
        outputs = fuse([network])(images)
    torch.testing.assert_close(outputs, network(images))  # without torch's fast path, which knows no such mask


@pytest.mark.full
@pytest.mark.parametrize("network", ["torchvision", "encoder"])
def test_networks_with_fewer_heads_are_exported(network: str, tmp_path) -> None:
    side, channels = (32, 3) if network == "torchvision" else (8, 1)
    architecture = Architecture("own", (3, 32, 32), 3, origin=TORCHVISIONS) if channels == 3 else encoded()
    data = tiny_data(tmp_path, (9, 6), (channels, side, side))
    pruned = prune(vary(build(architecture, 0)), architecture, "uniform", 0.6, PruningSettings(tolerance_points=5))
    assert any(isinstance(module, FewerHeads) for module in pruned.model.modules())
    found = export(pruned.model, data, tmp_path / "model.onnx", tmp_path / "model.pt2")
    assert max(found[way]["largest_difference"] for way in ("onnx", "torch_export")) < 1e-4


class Looking(nn.Module):
    """A layer of torch's decoder, which looks at its own tokens and at others; and an attention of two widths."""

    def __init__(self, num_classes: int, width: int = 16) -> None:
        super().__init__()
        self.embed, self.query = nn.Linear(8, width), nn.Parameter(torch.rand(1, 3, width))
        self.layer = nn.TransformerDecoderLayer(width, 4, 32, 0.0, batch_first=True)
        self.other = nn.MultiheadAttention(width, 2, kdim=8, vdim=8, batch_first=True)
        self.head = nn.Linear(width, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of the mean of three tokens that look at an image's rows."""
        seen = self.layer(self.query.expand(len(x), -1, -1), self.embed(x[:, 0]))
        return self.head((seen + self.other(seen, x[:, 0], x[:, 0])[0]).mean(1))


def test_attention_to_other_tokens_loses_heads_and_trains(digits: PreparedData) -> None:
    architecture = Architecture("own", (1, 8, 8), 10, origin=Origin("test_transformer:Looking"))
    pruned = prune(build(architecture, 0), architecture, "uniform", 0.7, PruningSettings(tolerance_points=5))
    inside = [pruned.widths[f"layer.{name}"] for name in ("self_attn", "multihead_attn")]
    hidden = pruned.widths["layer.linear1"]
    fixed = 8 * 8 * 16 + 16 * 10 + 2 * 3 * 16 * 16 + 2 * 8 * 8 * 16 + 2 * 3 * 8 * 16  # multiply-accumulates
    first, second = inside[0] * (4 * 3 * 16 + 2 * 3 * 3), inside[1] * ((3 + 8 + 8 + 3) * 16 + 2 * 3 * 8)
    assert max(inside) < 16
    assert pruned.flops == 2 * (fixed + first + second + 2 * 3 * 16 * hidden)
    task = Task(architecture, digits, Engine(), 0, Recipe(2, 25, 0.9))
    variants = {"uniform": {"method": "uniform", "ratio": 0.7, "criterion": "norm"}}
    settings = PruningSettings(tolerance_points=5)
    found = preflight(architecture, variants, settings, "auto", lambda line: None, task)
    assert found["alone"] is None
    assert found["spared"]["other"].startswith("an nn.MultiheadAttention of two widths")


@pytest.mark.full
@pytest.mark.parametrize("criterion", ["norm", "lamp", "fpgm", "random"])
def test_heads_of_timms_attention_go(criterion: str) -> None:
    """Each is compared with silenced ones as it is pruned; here, that whole heads are left of what was there."""
    architecture = Architecture("own", (3, 32, 32), 10, origin=Origin("timm:test_vit3", {"img_size": 32}))
    dense = vary(build(architecture, 0))
    pruned = prune(
        copy.deepcopy(dense), architecture, "non_uniform", 0.6, PruningSettings(tolerance_points=2, criterion=criterion)
    )
    fewer = 0
    for name, width in pruned.widths.items():
        if not name.endswith("qkv"):
            continue
        old, new = (model.get_submodule(name.removesuffix(".qkv")) for model in (dense, pruned.model))
        assert new.num_heads * new.head_dim == new.attn_dim == width == new.proj.in_features
        heads = old.qkv.weight.view(3, old.num_heads, -1)
        left = new.qkv.weight.view(3, new.num_heads, -1)
        at = [
            [torch.equal(left[:, i], heads[:, j]) for j in range(old.num_heads)].index(True)
            for i in range(len(left[0]))
        ]
        columns = old.proj.weight.view(len(old.proj.weight), old.num_heads, -1)[:, at].flatten(1)
        assert torch.equal(new.proj.weight, columns)
        fewer += new.num_heads < old.num_heads
    assert fewer or criterion == "lamp"  # whose scores keep heads here
    assert pruned.architecture.layers["blocks.0.mlp.fc1"]


def test_ignored_heads_stay() -> None:
    some = Architecture("vit_small", (1, 8, 8), 10, ignored_layers=("blocks.0.attention", "blocks.1.attention.output"))
    graph = Graph(build(some), some)
    assert next(group.root for group in graph.groups if group.heads) == "blocks.2.attention.query"
    reasons = {one.root: one.reason for one in graph.spared}
    assert reasons["blocks.1.attention.query"] == "blocks.1.attention.output is in ignored_layers"


def test_patches_must_divide_the_image() -> None:
    for side, patch in ((8, 2), (32, 4), (64, 8)):
        assert build(Architecture("vit_small", (3, side, side), 10)).embed.kernel_size == (patch, patch)
    with pytest.raises(UserError, match="patches of 4 pixels do not divide images of 34; choose another model"):
        build(Architecture("vit_small", (1, 34, 34), 10))


def test_it_trains_dense_and_pruned(digits: PreparedData) -> None:
    task = Task(ARCHITECTURE, digits, Engine(), 0, Recipe(2, 25, 0.9, optimiser="adamw", warmup_epochs=1))
    variants = {"uniform": {"method": "uniform", "ratio": 0.5, "criterion": "norm"}}
    found = preflight(ARCHITECTURE, variants, PruningSettings(), "auto", lambda line: None, task)
    assert found["alone"] is None
    assert len(found["groups"]) == 2 * DEPTH


@pytest.mark.full
@pytest.mark.parametrize("model", ["vit_small", "torchvisions_vit"])
def test_the_preset_for_cifar10_can_be_pruned_and_trained(model: str, tmp_path) -> None:
    """On images of 32 x 32 pixels, with its methods, ratios, tolerance and recipe; both networks are of one size."""
    preset = yaml.safe_load((PROJECT / "workflow/studies/vit_cifar10.yaml").read_text())
    section = preset["models"][model]
    origin = Origin(section["import"], section["kwargs"]) if "import" in section else None
    architecture = Architecture(model, (3, 32, 32), 3, origin=origin)
    recipe = Recipe(**{"momentum": 0.9, **preset["recipe"]})
    task = Task(architecture, tiny_data(tmp_path, (20, 10), (3, 32, 32)), Engine(), 0, recipe)
    variants = {
        f"{method}-{ratio}": {"method": method, "ratio": ratio, "criterion": "norm"}
        for method in section["methods"]
        for ratio in section["ratios"]
    }
    found = preflight(architecture, variants, PruningSettings(**preset["pruning"]), "auto", lambda line: None, task)
    assert found["alone"] is None
    assert sum(width == 192 for width in found["groups"].values()) == 6  # six heads of 32 features in each block
    assert set(found["ratios"]) == {"uniform-0.6", "uniform-0.3", "non_uniform-0.6", "non_uniform-0.3"}
    for name, ratio in found["ratios"].items():
        asked = float(name.partition("-")[2])
        assert asked - 0.02 <= ratio <= asked
    inside = 2 * (4 * 65 * 192 * 192 + 2 * 65**2 * 192 + 2 * 65 * 192 * 384)
    assert count_flops(build(architecture), (3, 32, 32)) == 2 * 64 * 3 * 4**2 * 192 + 2 * 192 * 3 + 6 * inside
