"""Fixtures that several unit tests share."""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests run beside each other

import own_samples
from browser import Browser
from network_samples import ARCHITECTURE as SMALL
from pages_written import write_pages
from prunescape.data.batches import Batches
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.models.build import build
from prunescape.stochastic.variants import Pretrained
from prunescape.training.engine import Engine
from prunescape.training.train import Lane, LaneResult, Task, train
from training_samples import ARCHITECTURE, FUSED, LANES, RECIPE

# `make test-full` runs all tests of properties again with --hypothesis-profile=long.
settings.register_profile("short", max_examples=20, deadline=None)
settings.register_profile("long", max_examples=100, deadline=None)
settings.load_profile("short")


@pytest.fixture(scope="session", autouse=True)
def _no_power_failures() -> Iterator[None]:
    """Files need not be on the disk before they are named: that takes longer than all else of writing them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda file: None)
        yield


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser, for tests that skip where there is none."""
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of sample pages: that of each study, the overview of a run (`index`), and a list of `claims`."""
    return {kind: path.as_uri() for kind, path in write_pages(tmp_path_factory.mktemp("pages")).items()}


@pytest.fixture(scope="session")
def digits(tmp_path_factory) -> PreparedData:
    """A few handwritten digits."""
    options = {"name": "digits", "train_size": 100, "validation_size": 200}
    return prepare(options, tmp_path_factory.mktemp("digits"), report=lambda line: None)


@pytest.fixture(scope="session")
def task(digits: PreparedData) -> Task:
    """Four epochs of 16 small networks at a time."""
    return Task(ARCHITECTURE, digits, FUSED, 3, RECIPE)


@pytest.fixture(scope="session")
def together(task: Task) -> list[LaneResult]:
    """`LANES`, trained in one go."""
    return train(task, LANES)


@pytest.fixture(scope="session")
def pretrained(digits: PreparedData) -> Pretrained:
    """A small network that tells digits apart."""
    task = Task(SMALL, digits, Engine(), 3, replace(RECIPE, epochs=8, decay_epochs=(6,)))
    (result,) = train(task, [Lane(0.1, 1e-3)])
    network = build(task.architecture)
    network.load_state_dict(result.weights)
    scoring = Batches(digits, "train", "cpu", 50)
    return Pretrained("small_resnet", 3, network.eval(), scoring=scoring)


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module of networks in the working directory."""
    (tmp_path / "own_nets_of_a_test.py").write_text(own_samples.NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield "own_nets_of_a_test"
    sys.modules.pop("own_nets_of_a_test", None)
