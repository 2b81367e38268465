"""The baseline: how such a network is usually trained.

A data set of PIL images, torchvision's transforms, a DataLoader with workers, torch.optim.SGD, and the loss read with
`.item()` after every step. It runs in a process of its own, which nothing of the engine has set up.
"""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.nn.functional as F
from common import synchronise
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.runtime.torchvision_compat import torchvision


class Images(Dataset):
    """The training images as PIL images, transformed one by one."""

    def __init__(self, data: PreparedData, transform: Callable[[Image.Image], torch.Tensor]) -> None:
        pixels = data.images("train").transpose(0, 2, 3, 1)
        self.images = [Image.fromarray(image.squeeze()) for image in pixels]
        self.labels = data.labels("train").tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(self.images[index]), self.labels[index]


class PlainTraining:
    """A network, its optimiser and its loader."""

    def __init__(
        self, architecture: Architecture, data: PreparedData, batch_size: int, device: str, workers: int
    ) -> None:
        transforms = torchvision.transforms
        transform: Any = transforms.Compose(
            [
                transforms.RandomCrop(data.crop, data.pad),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(data.mean, data.std),
            ]
        )
        self.device = device
        self.loader = DataLoader(
            Images(data, transform),
            batch_size,
            shuffle=True,
            num_workers=workers,
            pin_memory=device == "cuda",
            persistent_workers=workers > 0,
        )
        self.network = build(architecture, 0).to(device)
        self.optimiser = torch.optim.SGD(self.network.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)

    def epoch(self) -> float:
        """Train one epoch; images a second."""
        self.network.train()
        synchronise(self.device)
        start, images, total = time.perf_counter(), 0, 0.0
        for x, labels in self.loader:
            x, labels = x.to(self.device), labels.to(self.device)
            self.optimiser.zero_grad()
            loss = F.cross_entropy(self.network(x), labels)
            loss.backward()
            self.optimiser.step()
            total += loss.item() * len(x)
            images += len(x)
        synchronise(self.device)
        return images / (time.perf_counter() - start)


class PlainProcess:
    """A `PlainTraining` in a process of its own."""

    def __init__(self, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.here, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there, arguments))
        self.process.start()

    def epoch(self) -> float:
        """Train one epoch; images a second."""
        self.here.send("epoch")
        return self.here.recv()

    def close(self) -> None:
        """End the process."""
        self.here.send("end")
        self.process.join()


def _serve(pipe: Connection, arguments: tuple[Any, ...]) -> None:
    training = PlainTraining(*arguments)
    while pipe.recv() == "epoch":
        pipe.send(training.epoch())
