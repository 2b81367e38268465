"""A user's own arrays: any number of channels, read as they are, and every mistake told in a line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data_samples import one_line
from project_copy import TINY, merged
from prunescape.data.batches import Batches
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.plan.plan import Plan
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Lane, Task, train

CHANNELS, SIDE = 5, 12


def arrays(folder: Path, counts: tuple[int, int] = (60, 30), classes: int = 3) -> Path:
    """Images whose class is the channel that is brightest."""
    folder.mkdir(parents=True)
    numbers = np.random.default_rng(1)
    for split, count in zip(("train", "validation"), counts, strict=True):
        labels = np.arange(count, dtype=np.int16) % classes
        images = numbers.integers(0, 100, (count, CHANNELS, SIDE, SIDE), dtype=np.uint8)
        images[np.arange(count), labels % CHANNELS] += 150
        np.save(folder / f"{split}_images.npy", images)
        np.save(folder / f"{split}_labels.npy", labels)
    return folder


def run(folder: Path, **options: Any) -> PreparedData:
    return prepare(
        {"name": "arrays", "directory": str(folder), **options}, folder.parent / "out", report=lambda _: None
    )


def test_arrays_are_kept_as_they_are(tmp_path: Path) -> None:
    data = run(arrays(tmp_path / "in"), flip=False)
    images = np.load(tmp_path / "in" / "train_images.npy")
    assert np.array_equal(data.images("train"), images)
    assert data.labels("train").tolist() == [0, 1, 2] * 20
    assert data.mean == pytest.approx(images.mean((0, 2, 3)) / 255)
    assert data.std == pytest.approx(images.std((0, 2, 3)) / 255)
    assert (data.input_shape, data.pad, data.flip) == ((CHANNELS, SIDE, SIDE), 4, False)
    assert data.classes == ["0", "1", "2"]
    batch, _ = next(iter(Batches(data, "validation", "cpu", 7)))
    held = np.load(tmp_path / "in" / "validation_images.npy")[:7] / 255
    expected = (held - np.reshape(data.mean, (1, -1, 1, 1))) / np.reshape(data.std, (1, -1, 1, 1))
    np.testing.assert_allclose(batch.numpy(), expected, atol=1e-5)


def test_a_network_learns_five_channels(tmp_path: Path) -> None:
    data = run(arrays(tmp_path / "in"))
    recipe = Recipe(epochs=6, batch_size=20, momentum=0.9, decay=0.1, decay_epochs=(5,))
    task = Task(Architecture("small_resnet", data.input_shape, 3), data, Engine(), 0, recipe)
    (result,) = train(task, [Lane(0.1, 1e-3)])
    first = next(tensor for tensor in result.weights.values() if tensor.ndim == 4)
    assert first.shape[1] == CHANNELS
    assert all(torch.isfinite(tensor).all() for tensor in result.weights.values())
    assert result.history[-1].top1 > 60  # by chance 33


def test_parts_are_chosen_as_of_other_data_sets(tmp_path: Path) -> None:
    folder = arrays(tmp_path / "in")
    data = run(folder, train_size=12, validation_size=6)
    assert [np.bincount(data.labels(split)).tolist() for split in ("train", "validation")] == [[4] * 3, [2] * 3]
    for part in ("images", "labels"):
        (folder / f"validation_{part}.npy").unlink()
    data = run(folder, validation_fraction=0.25)
    assert [np.bincount(data.labels(split)).tolist() for split in ("train", "validation")] == [[15] * 3, [5] * 3]
    both = np.concatenate([np.asarray(data.images(split)) for split in ("train", "validation")])
    whole = np.load(folder / "train_images.npy")
    assert sorted(image.tobytes() for image in both) == sorted(image.tobytes() for image in whole)
    labels = {image.tobytes(): label for image, label in zip(whole, [0, 1, 2] * 20, strict=True)}
    assert [labels[image.tobytes()] for image in np.asarray(data.images("train"))] == data.labels("train").tolist()


def test_arrays_of_other_orders_are_read_alike(tmp_path: Path) -> None:
    folder = arrays(tmp_path / "in")
    expected = np.load(folder / "train_images.npy")
    np.save(folder / "train_images.npy", np.asfortranarray(expected))
    np.save(folder / "train_labels.npy", np.load(folder / "train_labels.npy").astype(">u8"))
    data = run(folder)
    assert np.array_equal(data.images("train"), expected)
    assert data.labels("train").tolist() == [0, 1, 2] * 20


def changed(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        np.save(folder / name, change(np.load(folder / name)))

    return harm


def gone(folder: Path) -> None:
    (folder / "validation_labels.npy").unlink()


def cut(folder: Path) -> None:
    path = folder / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-5])


def archived(folder: Path) -> None:
    with (folder / "train_labels.npy").open("wb") as file:
        np.savez(file, np.arange(60))


def objects(folder: Path) -> None:
    np.save(folder / "train_labels.npy", np.array([{"a": 1}] * 60, dtype=object))


IMAGES, LABELS, HELD = "train_images.npy", "train_labels.npy", "validation_labels.npy"
MISTAKES = [
    (gone, [HELD, "no such file"]),
    (cut, [IMAGES, "not a whole .npy file"]),
    (archived, [LABELS, "not a .npy file"]),
    (objects, [LABELS, "not a whole .npy file"]),
    (changed(IMAGES, lambda x: x / np.float32(255)), [IMAGES, "holds float32 numbers, not uint8", "scale them"]),
    (changed(IMAGES, lambda x: x.astype(np.int64)), [IMAGES, "holds int64 numbers"]),
    (changed(IMAGES, lambda x: x[:, 0]), [IMAGES, "has shape (60, 12, 12)", "images[:, None]"]),
    (changed(IMAGES, lambda x: x.transpose(0, 2, 3, 1)), [IMAGES, "transpose(0, 3, 1, 2)"]),
    (changed(IMAGES, lambda x: x[:, :, :9]), [IMAGES, "9x12 are not square", "cut or scale"]),
    (changed(IMAGES, lambda x: x[:, :0]), [IMAGES, "holds no images, its shape is (60, 0, 12, 12)"]),
    (changed("validation_images.npy", lambda x: x[:, :3]), ["validation_images.npy", "(3, 12, 12)", "(5, 12, 12)"]),
    (changed(IMAGES, lambda x: x[:-1]), [LABELS, "60 labels for the 59 images in train_images.npy"]),
    (changed(LABELS, lambda y: y.astype(np.float64)), [LABELS, "holds float64 numbers, not whole ones"]),
    (changed(LABELS, lambda y: y > 0), [LABELS, "holds bool numbers"]),
    (changed(LABELS, lambda y: np.eye(3, dtype=int)[y]), [LABELS, "has shape (60, 3)", "labels.argmax(1)"]),
    (changed(LABELS, lambda y: y[:, None]), [LABELS, "has shape (60, 1), not (images,)"]),
    (changed(LABELS, lambda y: y + 1), [LABELS, "labels up to 3, and no image is of class 0"]),
    (changed(LABELS, lambda y: y - 1), [LABELS, "labels from -1 to 1", "from 0"]),
    (changed(LABELS, lambda y: y * 2000), [LABELS, "labels from 0 to 4000 of 60 images"]),
    (changed(LABELS, lambda y: y * 0), [LABELS, "all labels are 0"]),
    (changed(HELD, lambda y: y % 2), [HELD, "no image is of class 2", "the same classes"]),
    (changed(HELD, lambda y: np.arange(30) % 4), [LABELS, "no image is of class 3", "the same classes"]),
    (changed(IMAGES, lambda x: x * 0), ["all 60 train images are constant, as train image 0 is"]),
    (changed(IMAGES, lambda x: np.broadcast_to(x[:1], x.shape)), ["all 60 train images are the same as train image 0"]),
]


@pytest.mark.parametrize(("harm", "says"), MISTAKES, ids=[says[-1] for _, says in MISTAKES])
def test_mistakes_are_told_in_a_line(harm: Callable[[Path], None], says: list[str], tmp_path: Path) -> None:
    harm(arrays(tmp_path / "in"))
    with one_line(*says):
        run(tmp_path / "in")
    assert not (tmp_path / "out" / "meta.json").exists()


def test_missing_folders(tmp_path: Path) -> None:
    with one_line("data.directory: null", "never downloaded"):
        prepare({"name": "arrays"}, tmp_path / "out")
    with one_line("data.directory:", "is no folder"):
        run(tmp_path / "absent")


def test_the_plan_knows_the_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = arrays(tmp_path / "in", counts=(240, 120), classes=120)
    data = {"name": "arrays", "directory": str(folder), "train_size": None, "validation_size": None}
    plan = Plan(merged(TINY, {"data": data}))
    assert plan.run.metrics == ["top1", "top5"]
    before = plan.prepare.all_jobs()[0].identity["files"]
    np.save(folder / "train_labels.npy", np.load(folder / "train_labels.npy")[::-1])
    assert Plan(merged(TINY, {"data": data})).prepare.all_jobs()[0].identity["files"] != before
    with pytest.raises(Exception, match="resnet20: needs images of at least 16 pixels, and those of arrays have 12"):
        Plan(merged(TINY, {"data": data, "models": {"resnet20": TINY["models"]["small_resnet"]}}))
