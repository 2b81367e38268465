"""Networks that are imported, some of them mistaken, for tests."""

from prunescape.models.architecture import Architecture, Origin

NETS = """
import torch
from torch import nn

def net(num_classes, in_channels, width=8):
    return nn.Sequential(nn.Conv2d(in_channels, width, 3), nn.PReLU(width), nn.Conv2d(width, width, 3), nn.ReLU(),
        nn.Dropout(0.3), nn.Conv2d(width, width, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(width, num_classes))

class Plain(nn.Module):
    def __init__(self, num_classes, image_size):
        super().__init__()
        self.head = nn.Linear(image_size * image_size, num_classes)
    def forward(self, x):
        return self.head(x.mean(1).flatten(1))

def not_a_network(num_classes):
    return num_classes

def wrong_classes():
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 3))

def pair(num_classes, in_channels):
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(in_channels, num_classes)
        def forward(self, x):
            y = self.head(x.mean((2, 3)))
            return y, y
    return Pair()

class InPlace(nn.Module):
    def __init__(self, num_classes, in_channels):
        super().__init__()
        self.head = nn.Linear(in_channels, num_classes)
    def forward(self, x):
        x -= 0.5
        return self.head(x.mean((2, 3)))

class DropsAlways(InPlace):
    def forward(self, x):
        return self.head(nn.functional.dropout(x, 0.5).mean((2, 3)))

def unused(num_classes, in_channels):
    network = net(num_classes, in_channels)
    network.extra = nn.Parameter(torch.zeros(1))
    return network

def detached(num_classes, in_channels):
    class Detached(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net(num_classes, in_channels)
        def forward(self, x):
            return self.net(x).detach()
    return Detached()

def probabilities(num_classes, in_channels):
    return nn.Sequential(net(num_classes, in_channels), nn.Softmax(1))

def other_words(classes):
    return net(classes, 1)

def written_out(num_classes, in_channels):
    class WrittenOut(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(in_channels, 8, 3), nn.Conv2d(8, 8, 3)
            self.third, self.head = nn.Conv2d(8, 8, 1), nn.Linear(8, num_classes)
        def forward(self, x):
            y = torch.relu(self.second(torch.relu(self.first(x))))
            return self.head(self.third(y.reshape(len(y), 8, -1, 1)).mean((2, 3)))
    return WrittenOut()

def decides(num_classes, in_channels):
    class Decides(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net(num_classes, in_channels)
        def forward(self, x):
            logits = self.net(x)
            return logits if logits.mean() > 0 else -logits
    return Decides()

table = {}
"""


def own(target: str, kwargs: dict | None = None, mode: str = "inside-blocks") -> Architecture:
    return Architecture("own", (1, 8, 8), 10, origin=Origin(target, kwargs or {}, mode))


def of_torchvision(name: str, size: int, kwargs: dict, mode: str = "inside-blocks", channels: int = 3) -> Architecture:
    return Architecture("own", (channels, size, size), 10, origin=Origin(f"torchvision:{name}", kwargs, mode))
