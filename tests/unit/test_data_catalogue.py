"""The catalogue of data sets, seeds, and balanced choices."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_samples import one_line
from prunescape.data.catalogue import CATALOGUE, lookup
from prunescape.data.own_files import count_classes
from prunescape.data.randomness import derive_seed, random_order
from prunescape.data.stratify import stratified_choice


def test_the_nearest_name_is_suggested() -> None:
    with one_line("cifer10", "did you mean 'cifar10'?"):
        lookup("cifer10")
    with one_line("known: digits"):
        lookup("zzzz")


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("digits", None, (8, 8, 1)),
        ("digits", 99, (8, 8, 1)),
        ("imagenet", None, (256, 224, 0)),
        ("image_folder", None, (64, 64, 4)),
        ("image_folder", 32, (32, 32, 4)),
        ("image_folder", 128, (128, 112, 0)),
    ],
)
def test_sizes(name: str, asked: int | None, expected: tuple[int, int, int]) -> None:
    sizes = lookup(name).geometry(asked)
    assert (sizes.stored, sizes.crop, sizes.pad) == expected


def test_classes_are_counted_before_anything_is_prepared(tmp_path: Path) -> None:
    assert [count_classes(name) for name in CATALOGUE] == [10, 10, 10, 100, 1000, None, None]
    folder = ("image_folder", str(tmp_path))
    for name in ("b", "a", ".hidden"):
        (tmp_path / name).mkdir()
    assert count_classes(*folder) == 2
    (tmp_path / "train" / "only").mkdir(parents=True)
    assert count_classes(*folder) is None  # train/ without validation/: an error when the data are prepared
    (tmp_path / "val").mkdir()
    assert count_classes(*folder) == 1
    assert count_classes("image_folder", str(tmp_path / "absent")) is None


def test_seeds_are_fixed_for_ever() -> None:
    assert derive_seed(0, "order") == 7990785514659823761
    assert derive_seed(0, "order", 1, 2) == 3574307557212342717
    assert random_order(8, 1).tolist() == [2, 4, 7, 5, 0, 6, 3, 1]


@given(st.integers(0, 2**32), st.text(max_size=5), st.lists(st.integers(0, 99), max_size=2))
def test_seeds_fit_63_bits_and_differ(seed: int, purpose: str, more: list[int]) -> None:
    derived = derive_seed(seed, purpose, *more)
    assert 0 <= derived < 2**63
    assert derived not in (derive_seed(seed + 1, purpose, *more), derive_seed(seed, purpose, *more, 0))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 9), st.data())
def test_choices_are_balanced(classes: list[int], seed: int, data: st.DataObject) -> None:
    labels = np.array(classes)
    present, counts = np.unique(labels, return_counts=True)
    size = data.draw(st.integers(len(present), len(labels)))
    chosen = stratified_choice(labels, size, seed)
    assert len(chosen) == len(set(chosen)) == size
    assert (np.diff(chosen) > 0).all()
    assert (chosen == stratified_choice(labels, size, seed)).all()
    taken = np.array([(labels[chosen] == label).sum() for label in present])
    assert (taken >= 1).all()
    exact = counts * size / len(labels)
    if (exact >= 1).all():  # else small classes take from the others
        assert (np.abs(taken - exact) < 1).all()


def test_choices_that_do_not_exist_are_refused() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    assert len(stratified_choice(labels, 3, 0, leave=1)) == 3
    for size, leave in [(1, 0), (6, 0), (4, 1), (2, 2)]:
        with pytest.raises(ValueError, match="cannot choose"):
            stratified_choice(labels, size, 0, leave)
