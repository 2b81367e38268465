"""Training images held out: a fixed, balanced division, and batches of each part."""

import numpy as np
import pytest
import torch

from prunescape.data.batches import Batches
from prunescape.data.held_out import hold_out
from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError


def test_the_parts_are_disjoint_whole_balanced_and_fixed(digits: PreparedData) -> None:
    rest, held = hold_out(digits, 30)
    assert (rest.sizes, held.sizes) == ({"train": 70, "validation": 200}, {"train": 30, "validation": 200})
    both = np.sort(np.concatenate([rest.chosen["train"], held.chosen["train"]]))
    assert np.array_equal(both, np.arange(100))
    assert np.abs(np.bincount(held.labels("train")) - 0.3 * np.bincount(digits.labels("train"))).max() < 1
    assert np.array_equal(hold_out(digits, 30)[1].chosen["train"], held.chosen["train"])
    assert not np.array_equal(hold_out(digits, 30, seed=1)[1].chosen["train"], held.chosen["train"])
    assert (held.mean, held.std) == (digits.mean, digits.std)
    assert np.array_equal(held.images("validation"), digits.images("validation"))


@pytest.mark.parametrize("resident", [None, 0])
def test_batches_of_a_part_are_those_of_its_images(digits: PreparedData, resident: int | None) -> None:
    _, held = hold_out(digits, 30)
    ((images, labels),) = Batches(digits, "train", "cpu", 100)
    found = list(Batches(held, "train", "cpu", 20, resident_bytes=resident))
    places = torch.from_numpy(held.chosen["train"])
    assert torch.equal(torch.cat([part for part, _ in found]), images[places])
    assert torch.equal(torch.cat([part for _, part in found]), labels[places])


def test_a_part_of_a_part(digits: PreparedData) -> None:
    _, held = hold_out(digits, 30)
    some = held.only("train", np.array([3, 7]))
    assert np.array_equal(some.labels("train"), held.labels("train")[[3, 7]])
    assert some.sizes["train"] == 2


@pytest.mark.parametrize("size", [5, 95])
def test_every_class_stays_in_both_parts(digits: PreparedData, size: int) -> None:
    with pytest.raises(UserError, match=f"{size} training images cannot be held out"):
        hold_out(digits, size)
