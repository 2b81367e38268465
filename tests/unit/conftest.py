"""Fixtures that several unit tests share."""

import pytest

from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.training.array import Task
from prunescape.training.lane import LaneResult
from prunescape.training.train import train
from training_samples import ARCHITECTURE, FUSED, LANES, RECIPE


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> PreparedData:
    """A few handwritten digits."""
    options = {"name": "digits", "train_size": 100, "validation_size": 200}
    return prepare(options, tmp_path_factory.mktemp("digits"), report=lambda line: None)


@pytest.fixture(scope="session")
def task(digits: PreparedData) -> Task:
    """Four epochs of 16 small networks at a time."""
    return Task(ARCHITECTURE, digits, RECIPE, FUSED, seed=3)


@pytest.fixture(scope="session")
def together(task: Task) -> list[LaneResult]:
    """`LANES`, trained in one go."""
    return train(task, LANES)
