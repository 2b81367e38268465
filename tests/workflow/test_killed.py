"""Snakemake is killed on this machine, and its training lives on."""

import json
import os
import signal
from collections.abc import Callable

import pytest
from conftest import TINY, merged, snakemake, started

from prunescape.runtime.job_lock import text_of

pytestmark = pytest.mark.workflow

TILE = "results/tiny/hpspace/tiles/small_resnet/dense/seed-0/-1_-1.csv"
LOCK = "results/tiny/checkpoints/train_tile/small_resnet_dense_0_-1_-1.lock"
LOG = "results/tiny/logs/hpspace/train_tile/small_resnet_dense_0_-1_-1.log"


@pytest.mark.full
def test_a_training_that_was_left_behind_is_waited_for_and_not_done_again(project: Callable) -> None:
    folder = project(merged(TINY, {"recipe": {"epochs": 40}}))
    first = started(folder, TILE, ready=(folder / LOCK).exists)
    training = json.loads((folder / LOCK).read_text())["process"]
    os.kill(training, signal.SIGSTOP)  # it lives on, and does not end before the next one has found it
    try:
        first.kill()
        first.wait()
        snakemake(folder, "--unlock")
        second = started(folder, TILE, ready=lambda: "waiting for its end" in (text_of(folder / LOG) or ""), warm=True)
    finally:
        os.kill(training, signal.SIGCONT)
    output, _ = second.communicate(timeout=300)
    assert second.returncode == 0, output
    waiting, finding, *_ = (folder / LOG).read_text().splitlines()
    assert "another job is at it, waiting for its end" in waiting
    assert "the other job has done it" in finding
    assert len((folder / TILE).read_text().splitlines()) == 1 + 9
    assert not (folder / LOCK).exists()
