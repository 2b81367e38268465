"""Many networks evaluated at once, and the gradient of every single image, against plain loops."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from network_samples import lively
from prunescape.data.batches import Batches
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.evaluate import evaluate
from prunescape.training.gradients import per_sample_gradients
from prunescape.training.train import Task
from training_samples import ARCHITECTURE


def networks(count: int) -> list[torch.nn.Module]:
    """Networks with batch-norm statistics of their own."""
    made = [build(ARCHITECTURE, seed) for seed in range(count)]
    for seed, network in enumerate(made):
        network(torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(seed)))
    return made


@pytest.mark.parametrize("split", ["validation", "train"])
def test_any_number_of_networks_is_evaluated_as_each_alone(task: Task, split: str) -> None:
    plain = networks(19)
    engine = replace(task.engine, precision="float64")
    scores = evaluate(plain, task.data, engine, split)
    ((images, labels),) = Batches(task.data, split, "cpu", 1000, dtype=torch.float64).epoch(0)
    assert scores.top5 is None
    assert scores.top1.shape == (19,)
    for network, top1, loss in zip(plain, scores.top1, scores.loss, strict=True):
        assert network.training
        with torch.no_grad():
            logits = network.double().eval()(images)
        assert top1.item() == pytest.approx(100 * (logits.argmax(1) == labels).double().mean().item())
        assert loss.item() == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-9)


def test_an_array_of_any_size_scores_the_same_bits(task: Task) -> None:
    plain = networks(5)
    few = evaluate(plain, task.data, task.engine)
    many = evaluate(plain * 5, task.data, task.engine)
    assert torch.equal(few.loss, many.loss[:5])
    assert torch.equal(few.top1, many.top1[20:])


@pytest.mark.parametrize(
    "architecture", [ARCHITECTURE, pytest.param(Architecture("mobilenetv2", (3, 16, 16), 10), marks=pytest.mark.full)]
)
def test_per_sample_gradients_equal_a_loop_of_backward_passes(architecture: Architecture) -> None:
    plain = [lively(architecture, seed).double() for seed in range(2)]
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(5, *architecture.input_shape, generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 3, 9, 9, 1])
    parts = list(per_sample_gradients(plain, images, labels, micro_batch=2))
    assert [next(iter(part.values())).shape[1] for part in parts] == [2, 2, 1]
    for k, network in enumerate(plain):
        assert network.training
        network.eval()
        for n in range(5):
            network.zero_grad()
            F.cross_entropy(network(images[n : n + 1]), labels[n : n + 1]).backward()
            for name, parameter in network.named_parameters():
                found = torch.cat([part[name][k] for part in parts])[n]
                torch.testing.assert_close(found, parameter.grad, rtol=1e-6, atol=1e-9)
