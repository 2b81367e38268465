"""Batch-norm recalibration: statistics measured anew after pruning (SP paper, section V, with Li et al., 2020)."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.data.randomness import derive_seed
from prunescape.data.stratify import stratified_choice
from prunescape.errors import UserError
from prunescape.lanes.fuse import lane_state
from prunescape.lanes.modules import LaneBatchNorm2d
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Labelled, arrays


def recalibration_batches(
    data: PreparedData,
    engine: Engine,
    batch_size: int,
    images: int | None = None,
    seed: int = 0,
    *,
    drop_last: bool = False,
) -> Batches:
    """The training images that statistics are measured on, without augmentation, in a fixed order.

    Args:
        engine: where they are wanted.
        batch_size: images a batch; the variance is that within batches, as in training.
        images: how many are used, each class in proportion to its share; None takes all.
        seed: decides which, and their order: prepared images may be sorted by class.
        drop_last: as in training: whether a last, incomplete batch is left out.
    """
    if images is not None:
        data = data.only("train", stratified_choice(data.labels("train"), images, derive_seed(seed, "recalibration")))
    order = derive_seed(seed, "recalibration order")
    return Batches(
        data,
        "train",
        engine.device,
        batch_size,
        order,
        dtype=engine.dtype,
        channels_last=engine.channels_last,
        drop_last=drop_last,
    )


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Labelled, engine: Engine) -> None:
    """Replace batch norm's running statistics by those of `batches`, in place, for all lanes at once.

    Running mean and variance (unbiased) become the plain mean over batches, as with torch's `momentum=None`.

    Args:
        network: plain or made by `fuse`, on the engine's device.
        batches: images (B, C, H, W) and labels, which are not used.
        engine: where and how precisely it runs.

    Raises:
        UserError: a batch is a single image.
    """
    norms = [module for module in network.modules() if isinstance(module, LaneBatchNorm2d | nn.BatchNorm2d)]
    momenta, was_training = [norm.momentum for norm in norms], network.training
    network.eval()
    for norm in norms:
        norm.train()
        for statistic in (norm.running_mean, norm.running_var):
            assert statistic is not None
            statistic.zero_()  # else what is not finite would stay so, whatever it is multiplied by
    for number, (images, _) in enumerate(batches, start=1):
        if norms and len(images) == 1:
            raise UserError("batch norm has no variance over a batch of one image; set recipe.drop_last: true")
        for norm in norms:
            norm.momentum = 1 / number
        with engine.autocast():
            network(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.train(was_training)


def recalibrated(networks: Sequence[nn.Module], batches: Labelled, engine: Engine) -> list[nn.Module]:
    """Copies of plain networks of one architecture, recalibrated."""
    engine.set_up()
    states = []
    for array, _, count in arrays(networks, engine):
        recalibrate(array, batches, engine)
        states += [lane_state(array, lane) for lane in range(count)]
    copies = [copy.deepcopy(network) for network in networks]
    for network, state in zip(copies, states, strict=True):
        network.load_state_dict(state)
    return copies
