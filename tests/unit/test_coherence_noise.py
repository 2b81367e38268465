"""Random labels, gradients class by class, and what claims make of noise, of magnitudes and of nearly empty layers."""

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

import coherence_table_samples as samples
from coherence_table_samples import answer, answers
from prunescape.coherence.by_class import ALL, class_table
from prunescape.coherence.layer_claims import nearly_empty
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.noise_claims import by_noise
from prunescape.coherence.weight_claims import distances
from prunescape.data.prepared import PreparedData
from prunescape.data.random_labels import with_random_labels
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.context import Context
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches

MODEL = samples.MODEL


@pytest.mark.parametrize("part", [0.25, 0.5, 1.0])
def test_random_labels_are_those_of_other_images(part: float, digits: PreparedData) -> None:
    """Classes stay as large, images with random labels stay so where there are more, and nothing else changes."""
    real = np.asarray(digits.labels("train"))
    found, again, other = (with_random_labels(digits, part, seed).labels("train") for seed in (0, 0, 1))
    assert np.array_equal(found, again)
    assert not np.array_equal(found, other)
    assert np.array_equal(np.bincount(found), np.bincount(real))
    wrong = (found != real).mean()
    assert 0.8 * part < wrong / 0.9 < 1.1 * part
    every = with_random_labels(digits, 1.0, 0)
    assert np.array_equal(every.images("train"), digits.images("train"))
    assert np.array_equal(every.labels("validation"), digits.labels("validation"))
    places = np.array([3, 5, 8])
    assert np.array_equal(every.only("train", places).labels("train"), every.labels("train")[places])
    assert np.array_equal(digits.only("train", places).with_labels("train", real[:3]).labels("train"), real[:3])
    nested = with_random_labels(digits, part / 2, 0).labels("train") != real
    assert (nested & (found == real)).sum() < 0.25 * nested.sum()  # a few get their own label by chance


@pytest.mark.parametrize("name", ["mlp", "small_vit"])
def test_coherence_and_diffs_of_classes_are_those_of_single_backward_passes(name: str, digits: PreparedData) -> None:
    few = digits.only("train", np.arange(20))
    context = Context(Architecture(name, few.input_shape, 10, width=6 if name == "mlp" else None), few, Engine(), 0)
    network = build(context.architecture, 0)
    layers = prunable_layers(network)
    table = class_table(context, layers, network.state_dict()).set_index("label")
    images, labels = next(iter(validation_batches(few, Engine(), "train")))
    exact, parameters = network.double().eval(), dict(network.named_parameters())
    rows = []
    for image, label in zip(images.double(), labels, strict=True):
        slopes = torch.autograd.grad(F.cross_entropy(exact(image[None]), label[None]), list(parameters.values()))
        rows.append(dict(zip(parameters, slopes, strict=True)))
    whole = torch.stack([torch.cat([part.flatten() for part in row.values()]) for row in rows])
    pruned = torch.stack([torch.cat([row[of.name].flatten() for of in layers]) for row in rows])
    pruned = torch.where(pruned.abs() < 1e-12, 0.0, pruned)
    expected = {few.classes[label]: labels == label for label in labels.unique()} | {ALL: labels >= 0}
    assert list(table.index) == list(expected)
    for words, chosen in expected.items():
        own, row = whole[chosen], table.loc[words]
        alpha = own.mean(0).square().sum() / own.square().sum(1).mean()
        assert row["coherence"] == pytest.approx(alpha.item(), rel=1e-3)
        assert (row["images"], row["coherence_by_chance"]) == (int(chosen.sum()), 1 / int(chosen.sum()))
        assert row["diff_size"] == pytest.approx(pruned[chosen].sign().mean(0).abs().mean().item(), rel=0.02)
    votes = torch.stack([pruned[labels == label].sign().sum(0) for label in labels.unique()]) / len(labels)
    draws = [(votes * (2 * torch.randint(2, votes.shape) - 1)).sum(0).abs().mean() for _ in range(20)]
    assert table["diff_size_by_classes"][ALL] == pytest.approx(torch.stack(draws).mean().item(), rel=0.1)
    assert table["diff_size_by_classes"].drop(ALL).isna().all()


def test_coherence_of_some_images_of_a_class_has_no_bias(digits: PreparedData) -> None:
    """In the mean over draws it is that of all, where |mean g|^2 of fewer images would be far too large."""
    few = digits.only("train", np.arange(60))
    context = Context(Architecture("mlp", few.input_shape, 10, width=6), few, Engine(), 0)
    network = build(context.architecture, 0)
    layers, state = prunable_layers(network), network.state_dict()
    exact = class_table(context, layers, state).set_index("label")["coherence"][ALL]
    draws = [
        class_table(Context(context.architecture, few, Engine(), seed), layers, state, 20).iloc[-1]["coherence"]
        for seed in range(40)
    ]
    assert np.mean(draws) == pytest.approx(exact, abs=4 * np.std(draws) / np.sqrt(40))


def noisy(slope: float) -> pd.DataFrame:
    """epochs.csv whose highest coherence, after epoch 3, changes by `slope` from no to all random labels."""
    rows = [
        (MODEL, seed, data, "fresh", epoch, part, 0.1 + slope * part / 100 + 0.001 * seed - 0.01 * (epoch != 3))
        for seed in range(3)
        for data, part in (("real", 0.0), ("labels50", 50.0), ("labels100", 100.0), ("gaussian", np.nan))
        for epoch in (1, 3, 5)
    ]
    table = pd.DataFrame(rows, columns=["model", "seed", "data", "start", "epoch", "label_noise", "coherence"])
    table = table.assign(coherence_by_chance=0.002, train_top1=100.0, diff_size_by_chance=0.03)
    return table.assign(diff_size=table["coherence"] + 0.1)


@pytest.mark.parametrize(("slope", "word"), [(-0.05, "Yes: "), (0.05, "No, it grows: "), (1e-5, "Not decided: ")])
def test_coherence_and_diffs_over_label_noise(slope: float, word: str) -> None:
    generator = np.random.default_rng(0)
    table = noisy(slope)
    table["coherence"] += 1e-4 * generator.normal(size=len(table))
    found = answer("highest coherence fall", epochs=table)
    assert found["answer"].startswith(word)
    assert found["slope"] == pytest.approx(slope, abs=2e-4)
    assert list(found["by_part"]) == ["0", "50", "100"]
    diffs = answer("Do diffs fall", epochs=noisy(slope))
    assert diffs["slope"] == pytest.approx(slope)
    assert by_noise(noisy(slope))["diffs"][100.0].tolist() == pytest.approx(
        [0.17 + slope + 0.001 * s for s in range(3)]
    )
    assert not any("fall" in question for question in answers(epochs=noisy(slope).query("data == 'real'")))


def classes(one: float, every: float, size: float) -> pd.DataFrame:
    """class_coherence.csv on noise: coherence of single classes and of all images beyond 1/N, and the size of diffs."""
    rows = []
    for seed in range(3):
        for which, more in (("highest", 0.0), ("lowest", 0.5)):
            keys = (MODEL, seed, "gaussian", "fresh", which, 7)
            rows += [
                (*keys, label, 30, one + more + 1 / 30 + 0.001 * seed, 1 / 30, 0.3, 0.1, np.nan)
                for label in ("all", "b")
            ]
            rows.append((*keys, "all", 300, every + 1 / 300, 1 / 300, size + 0.0005 * seed, 0.03, 0.09))
    names = "model seed data start which epoch label images coherence coherence_by_chance diff_size"
    return pd.DataFrame(rows, columns=[*names.split(), "diff_size_by_chance", "diff_size_by_classes"])


@pytest.mark.parametrize(
    ("size", "word", "outcome"), [(0.07, "Yes", "holds"), (0.09, "Yes", "holds"), (0.12, "No", "does not hold")]
)
def test_classes_explain_diffs_on_noise(size: float, word: str, outcome: str) -> None:
    table = classes(0.2, 0.01, size)
    found = answer("no larger than those of classes", class_coherence=table)
    assert (found["answer"].split(":")[0], found["outcome"]) == (word, outcome)
    assert found["more"] == pytest.approx(size + 0.0005 - 0.09)
    agree = answer("images of one class agree", class_coherence=table)
    assert agree["more"] == pytest.approx(0.2 + 0.001 - 0.01)
    assert agree["outcome"] == "holds"
    assert answer("images of one class agree", class_coherence=classes(0.01, 0.05, size))["outcome"] == "does not hold"


def test_distances_of_magnitudes_are_kolmogorovs() -> None:
    histogram = samples.weight_histogram(seeds=(0, 1, 2))
    known = distances(histogram)

    def below(data: str, epoch: int) -> np.ndarray:
        own = histogram.query(f"seed == 1 and data == '{data}' and start == 'fresh' and epoch == {epoch}")
        return own["count"].cumsum().to_numpy() / own["count"].sum()

    real, noise, start = below("real", 60), below("gaussian", 200), below("real", 0)
    expected = [100 * np.abs(one - other).max() for one, other in ((real, noise), (real, start), (noise, start))]
    assert known.loc[1].tolist() == pytest.approx(expected)
    found = answer("as large after training on noise", weight_histogram=histogram)
    assert found["distance"] == pytest.approx(known["between"].mean())
    assert found["outcome"] == "does not hold"
    real_rows = histogram.query("data == 'real' and start == 'fresh'")
    near = real_rows.assign(
        data="gaussian", count=real_rows["count"] + 50 * (real_rows["seed"] + 1) * (real_rows["low"] == 0)
    )
    alike = answer("as large after training on noise", weight_histogram=pd.concat([real_rows, near]))
    assert alike["outcome"] == "holds"
    assert 0 < alike["distance"] < 1
    nearer = answer("as far from their initial", weight_histogram=histogram)
    assert nearer["more"] == pytest.approx((known["noise"] - known["real"]).mean())
    assert nearer["outcome"] == "does not hold"  # of the samples, noise keeps weights nearer to the start


def test_layers_are_nearly_empty_below_a_quarter_of_the_density() -> None:
    rows = pd.DataFrame({"seed": 0, "weights": [100, 100, 200], "kept": [1, 9, 30]})  # density 0.1
    assert nearly_empty(rows)[0] == pytest.approx(100 / 3)
    found = answer("leave more layers nearly empty", densities=samples.densities(seeds=(0, 1, 2)))
    assert found["magnitude"] == pytest.approx(0)  # it keeps more than the floor of every layer
    assert found["diff"] > 10
    assert "global with a floor" in found["question"]


def test_diff_masks_that_fail_with_a_floor_alone_catch_up() -> None:
    found = answer("catch up", children=samples.network_children())
    assert found["other"] == pytest.approx(12.0 - 80.6)
    assert found["local"] == pytest.approx(80.0 - 80.6)
    assert found["outcome"] == "holds"
    children = samples.network_children(scopes=("local",))
    assert not any("catch up" in question for question in answers(children=children))


def test_masks_of_other_scores_are_compared_with_diff_masks() -> None:
    masks = (*samples.MASKS, ("snip", "best", 81.5), ("coherence", "best", 79.0))
    children = samples.network_children(masks=masks, scopes=("local",))
    found = {
        question: claim
        for question, claim in answers(children=children).items()
        if "better than diff masks" in question
    }
    assert {question: round(claim["more"], 6) for question, claim in found.items()} == {
        "Are masks by coherence of a weight better than diff masks (local)?": -1.0,
        "Are masks by SNIP better than diff masks (local)?": 1.5,
        "Are magnitude masks better than diff masks (local)?": 0.6,
    }
