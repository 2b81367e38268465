"""Batches: augmented as torchvision does it, each image once an epoch, decided by (seed, epoch) alone."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader

from data_samples import tiny_data
from prunescape.data.augmentation import augment, centre_crop
from prunescape.data.batches import Batches
from prunescape.data.epoch import steps_an_epoch
from prunescape.data.prepared import PreparedData, write_prepared
from prunescape.runtime.torchvision_compat import torchvision


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return tiny_data(tmp_path_factory.mktemp("tiny"))


def marked_data(folder: Path, count: int = 8, **options: int) -> PreparedData:
    """Images whose pixels tell where they stand: the channels are image, row and column, counted from 1."""
    side = 6
    images = np.empty((count, 3, side, side), np.uint8)
    images[:, 0] = np.arange(1, count + 1)[:, None, None]
    images[:, 1] = np.arange(1, side + 1)[:, None]
    images[:, 2] = np.arange(1, side + 1)
    split = (images, np.zeros(count))
    choice = {"crop": side, "pad": 2, "flip": True, **options}
    return write_prepared(folder, {"train": split, "validation": split}, name="marked", classes=["x"], **choice)


def pixels(data: PreparedData, images: torch.Tensor) -> torch.Tensor:
    """Undo the normalisation: uint8 again."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    return ((images * std + mean) * 255).round().to(torch.uint8)


@given(st.data(), st.integers(1, 7), st.booleans())
def test_augmenting_is_cropping_and_mirroring(draws: st.DataObject, crop: int, indexed: bool) -> None:
    numbers = np.random.default_rng(draws.draw(st.integers(0, 99)))
    images = numbers.integers(0, 256, (4, 3, 9, 7), dtype=np.uint8)
    index = numbers.integers(0, 4, 5) if indexed else np.arange(4)
    rows, columns = numbers.integers(0, 10 - crop, len(index)), numbers.integers(0, 8 - crop, len(index))
    flips = numbers.random(len(index)) < 0.5
    arguments = [torch.from_numpy(values) for values in (images, rows, columns, flips)]
    result = augment(*arguments, crop, torch.from_numpy(index) if indexed else None)
    functional = torchvision.transforms.functional
    for square, image, top, left, flip in zip(result, images[index], rows, columns, flips, strict=True):
        expected = functional.crop(Image.fromarray(image.transpose(1, 2, 0)), int(top), int(left), crop, crop)
        expected = functional.hflip(expected) if flip else expected
        assert np.array_equal(square.numpy().transpose(1, 2, 0), np.asarray(expected))


@pytest.mark.parametrize(("side", "crop"), [(9, 6), (8, 6), (7, 6), (6, 6)])
def test_the_central_crop_is_torchvisions(side: int, crop: int) -> None:
    images = torch.arange(3 * side * side).view(1, 3, side, side)
    assert torch.equal(centre_crop(images, crop), torchvision.transforms.functional.center_crop(images, [crop, crop]))


def test_validation_is_normalised_and_nothing_else(data: PreparedData) -> None:
    batches = Batches(data, "validation", "cpu", 4)
    images, labels = (torch.cat(parts) for parts in zip(*batches.epoch(0), strict=True))
    scaled = torch.from_numpy(data.images("validation") / np.float32(255))
    expected = torchvision.transforms.functional.normalize(scaled, data.mean, data.std)
    torch.testing.assert_close(images, expected, atol=2e-6, rtol=1e-5)
    assert labels.tolist() == data.labels("validation").tolist()
    assert len(batches) == 3


@pytest.mark.parametrize("pad", [0, 2])
@pytest.mark.parametrize("crop", [6, 4])
@pytest.mark.parametrize("resident", [0, 1 << 20])
def test_every_square_lies_in_its_padded_image(pad: int, crop: int, resident: int, tmp_path: Path) -> None:
    data = marked_data(tmp_path, crop=crop, pad=pad)
    padded = np.pad(data.images("train"), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (crop, crop), (2, 3))
    for images, _ in Batches(data, "train", "cpu", 4, 1, 2, resident_bytes=resident).epoch(0):
        for image in pixels(data, images).numpy():
            known = int(image[0].max()) - 1
            same = [
                np.array_equal(image[..., ::step], w)
                for step in (1, -1)
                for row in windows[known].transpose(1, 2, 0, 3, 4)
                for w in row
            ]
            assert any(same)


def test_offsets_and_mirroring_are_uniform(tmp_path: Path) -> None:
    data = marked_data(tmp_path, count=200)
    seen: Counter[tuple[int, int, bool]] = Counter()
    batches = Batches(data, "train", "cpu", 200, None, 3)
    for epoch in range(20):
        ((images, _),) = batches.epoch(epoch)
        for image in pixels(data, images).numpy().astype(int):
            row, column = image[1, 3, 3] - 4, image[2, 3, 3] - 4
            mirrored = image[2, 3, 2] > image[2, 3, 3]
            # A mirrored square shows, at column 3, what stands at column 2 of the square.
            seen[row, column + 1 if mirrored else column, bool(mirrored)] += 1
    assert set(seen) == {(y, x, flip) for y in range(-2, 3) for x in range(-2, 3) for flip in (False, True)}
    expected = 4000 / 50
    assert sum((count - expected) ** 2 / expected for count in seen.values()) < 94  # chi-square, 49 degrees, p = 1e-4


def test_flips_can_be_off(tmp_path: Path) -> None:
    data = marked_data(tmp_path, flip=False, pad=0)
    for images, _ in Batches(data, "train", "cpu", 8, 1, 2).epoch(0):
        assert torch.equal(pixels(data, images)[:, 2, 0], torch.arange(1, 7, dtype=torch.uint8).expand(8, 6))


@given(count=st.integers(1, 20), batch=st.integers(1, 25), drop=st.booleans(), epoch=st.integers(0, 5))
def test_every_image_once_an_epoch(
    count: int, batch: int, drop: bool, epoch: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = marked_data(tmp_path_factory.mktemp("marked"), count=count)
    batches = Batches(data, "train", "cpu", batch, 1, None, drop_last=drop)
    found = [pixels(data, images)[:, 0, 0, 0].tolist() for images, _ in batches.epoch(epoch)]
    numbers = [number for part in found for number in part]
    assert len(set(numbers)) == len(numbers) == batches.images_per_epoch
    assert len(found) == len(batches)
    assert batches.sizes == sorted({len(part) for part in found}, reverse=True)
    if drop and count >= batch:
        assert {len(part) for part in found} == {batch}
        assert len(numbers) > count - batch
    else:
        assert sorted(numbers) == list(range(1, count + 1))


def test_steps_are_those_of_torchs_loader() -> None:
    """With both of its choices; CIFAR-10 in batches of 128 has 391 and 390."""
    for images, batch in ((50_000, 128), (1_281_167, 256), (300, 32), (100, 25)):
        for drop in (False, True):
            assert steps_an_epoch(images, batch, drop) == len(DataLoader(range(images), batch, drop_last=drop))
    assert [steps_an_epoch(50_000, 128, drop) for drop in (False, True)] == [391, 390]


def stacked(batches: Batches, epoch: int) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = zip(*batches.epoch(epoch), strict=True)
    return torch.cat(images), torch.cat(labels)


def test_an_epoch_depends_on_seeds_and_number_alone(data: PreparedData) -> None:
    first = Batches(data, "train", "cpu", 5, 1, 2)
    _, *later = [stacked(first, epoch) for epoch in range(3)]
    again = stacked(Batches(data, "train", "cpu", 5, 1, 2), 2)
    assert torch.equal(again[0], later[1][0])
    assert torch.equal(again[1], later[1][1])
    assert not torch.equal(later[0][0], later[1][0])
    other_order = stacked(Batches(data, "train", "cpu", 5, 7, 2), 2)
    assert not torch.equal(other_order[1], again[1])
    other_crops = stacked(Batches(data, "train", "cpu", 5, 1, 7), 2)
    assert torch.equal(other_crops[1], again[1])
    assert not torch.equal(other_crops[0], again[0])


@pytest.mark.parametrize("seeds", [(None, None), (1, None), (None, 2), (1, 2)])
@pytest.mark.parametrize("crop", [8, 5])
def test_reading_from_disk_changes_nothing(seeds: tuple[int | None, int | None], crop: int, tmp_path: Path) -> None:
    data = tiny_data(tmp_path, crop=crop)
    kept = stacked(Batches(data, "train", "cpu", 3, *seeds), 1)
    read = stacked(Batches(data, "train", "cpu", 3, *seeds, resident_bytes=0), 1)
    assert torch.equal(kept[0], read[0])
    assert torch.equal(kept[1], read[1])


def test_an_epoch_may_be_left_early(data: PreparedData) -> None:
    for images, _ in Batches(data, "train", "cpu", 2, resident_bytes=0).epoch(0):
        assert len(images) == 2
        break


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_kinds_and_layouts(data: PreparedData, dtype: torch.dtype) -> None:
    for channels_last, layout in [(True, torch.channels_last), (False, torch.contiguous_format)]:
        batches = Batches(data, "train", "cpu", 5, 1, 2, dtype=dtype, channels_last=channels_last)
        for images, labels in batches.epoch(0):
            assert images.dtype == dtype
            assert labels.dtype == torch.int64
            assert images.is_contiguous(memory_format=layout)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("resident", [None, 0])
def test_a_gpu_sees_the_same_batches(data: PreparedData, resident: int | None) -> None:
    here = stacked(Batches(data, "train", "cpu", 5, 1, 2), 1)
    there = stacked(Batches(data, "train", "cuda", 5, 1, 2, resident_bytes=resident), 1)
    torch.testing.assert_close(there[0].cpu(), here[0], atol=2e-6, rtol=1e-5)
    assert torch.equal(there[1].cpu(), here[1])
