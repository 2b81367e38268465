"""What tests of training share: a network, a short recipe, a plain training, and when two results are the same."""

from collections.abc import Callable, Mapping

import torch

from network_samples import cut_to
from prunescape.data.batches import Batches
from prunescape.data.randomness import derive_seed
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, LaneResult, Task

ARCHITECTURE = cut_to(Architecture("small_resnet", (1, 8, 8), 10), {"blocks.0.conv1": 5, "blocks.1.conv1": 9})
RECIPE = Recipe(epochs=4, batch_size=25, momentum=0.9, decay=0.1, decay_epochs=(2, 3))
FUSED = Engine(strategy="fused", lanes=16)
# The section `engine` of a config, in double precision.
ENGINE = {"device": "cpu", "strategy": "fused", "lanes": 16, "precision": "float64", "channels_last": None}
ENGINE |= {"compile": False, "micro_batch": None}
LANES = [Lane(0.1 * 2.0**-k, 0.005 * 2.0**k) for k in range(5)]


def same(one: LaneResult, other: LaneResult) -> bool:
    """Whether two results agree in every bit."""
    return one.history == other.history and all(
        torch.equal(tensor, other.weights[name]) for name, tensor in one.weights.items()
    )


def plain_training(
    task: Task, lane: Lane, change: Callable[[torch.nn.Module], None] = lambda network: None, parts: int = 1
) -> dict[str, torch.Tensor]:
    """A lane's weights as a plain training script makes them, in float64, with torch's own optimiser and schedule."""
    recipe = task.recipe
    network = build(task.architecture, derive_seed(task.seed if lane.seed is None else lane.seed, "initialisation"))
    network.double()
    change(network)
    momentum = recipe.momentum if lane.momentum is None else lane.momentum
    optimiser = torch.optim.SGD(network.parameters(), lane.learning_rate, momentum, weight_decay=lane.weight_decay)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimiser, list(recipe.decay_epochs), recipe.decay)
    order, augmentation = derive_seed(task.seed, "order"), derive_seed(task.seed, "augmentation")
    order = {"seed_order": order, "seed_augment": augmentation, "drop_last": recipe.drop_last}
    batches = Batches(task.data, "train", "cpu", recipe.batch_size, dtype=torch.float64, **order)
    loss = torch.nn.CrossEntropyLoss(reduction="sum", label_smoothing=lane.label_smoothing or 0.0)
    for epoch in range(1, recipe.epochs + 1):
        for images, labels in batches.epoch(epoch):
            optimiser.zero_grad()
            for part, part_labels in zip(images.chunk(parts), labels.chunk(parts), strict=True):
                (loss(network(part), part_labels) / len(images)).backward()
            if hasattr(network, "clip"):
                torch.nn.utils.clip_grad_norm_(network.parameters(), network.clip)
            if hasattr(network, "clip_value"):
                torch.nn.utils.clip_grad_value_(network.parameters(), network.clip_value)
            optimiser.step()
        schedule.step()
    return network.state_dict()


def check_close(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor], tolerance: float) -> None:
    for name, tensor in found.items():
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(tensor, expected[name].to(tensor), rtol=tolerance, atol=tolerance)
