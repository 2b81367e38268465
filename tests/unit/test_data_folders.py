"""Folders of images: decoded as torchvision would, split the same way every time, broken files named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data_samples import one_line
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.data.sources import decode as decode_module
from prunescape.data.sources.decode import decode
from prunescape.runtime.torchvision_compat import torchvision

SIZES = [(40, 30), (30, 47), (16, 16), (9, 33)]


def draw(path: Path, size: tuple[int, int] = (20, 24), seed: int = 0, mode: str = "RGB") -> None:
    """A smooth random picture, so that JPEG keeps it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).convert(mode).save(path)


def draw_classes(folder: Path, classes: str = "ab", count: int = 6, suffix: str = "jpg") -> None:
    for number, name in enumerate(classes):
        for i in range(count):
            draw(folder / name / f"{i}.{suffix}", SIZES[i % len(SIZES)], seed=100 * number + i)


def told_by(source: Path, out: Path, **options: Any) -> tuple[PreparedData, list[str]]:
    """The prepared images, and the lines on them."""
    told: list[str] = []
    options = {"name": "image_folder", "directory": str(source), "image_size": 16, **options}
    return prepare(options, out, report=lambda _: None, tell=told.append), told


def run(source: Path, out: Path, workers: int = 1, **options: Any) -> PreparedData:
    options = {"name": "image_folder", "directory": str(source), "image_size": 16, **options}
    return prepare(options, out, workers, report=lambda _: None)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_decoding_is_torchvisions(size: tuple[int, int], suffix: str, tmp_path: Path) -> None:
    draw(tmp_path / f"a.{suffix}", size)
    transforms = torchvision.transforms
    reference = transforms.Compose([transforms.Resize(16), transforms.CenterCrop(16)])
    with Image.open(tmp_path / f"a.{suffix}") as image:
        expected = np.asarray(reference(image.convert("RGB"))).transpose(2, 0, 1)
    assert np.array_equal(decode(tmp_path / f"a.{suffix}", 16), expected)


@pytest.mark.parametrize("validation", ["validation", "val", "valid", "dev"])
def test_folders_with_a_split(validation: str, tmp_path: Path) -> None:
    draw_classes(tmp_path / "in" / "train")
    draw_classes(tmp_path / "in" / validation, count=2)
    draw_classes(tmp_path / "in" / "test", "abc")
    draw(tmp_path / "in" / "train" / "a" / "deeper" / "x.PNG", seed=50)
    data, told = told_by(tmp_path / "in", tmp_path / "out", flip=False)
    assert data.classes == ["a", "b"]
    assert data.sizes == {"train": 13, "validation": 4}
    assert data.labels("train").tolist() == [0] * 7 + [1] * 6
    assert (data.crop, data.pad, data.flip) == (16, 4, False)
    assert np.array_equal(data.images("validation")[3], decode(tmp_path / "in" / validation / "b" / "1.jpg", 16))
    assert "image_folder: 13 train and 4 validation images of 3x16x16 in 2 classes: a (7 + 2), b (6 + 2)" in told
    assert "not used: test/ beside the two splits" in told


def test_imagenet(tmp_path: Path) -> None:
    draw_classes(tmp_path / "in" / "train", count=2, suffix="JPEG")
    draw_classes(tmp_path / "in" / "val", count=1, suffix="JPEG")
    data = run(tmp_path / "in", tmp_path / "out", name="imagenet", image_size=None, train_size=2)
    assert data.images("train").shape == (2, 3, 256, 256)
    assert data.input_shape == (3, 224, 224)
    assert data.labels("train").tolist() == [0, 1]


def test_class_folders_alone_are_split(tmp_path: Path) -> None:
    draw_classes(tmp_path / "in", "abc", 8)
    data = run(tmp_path / "in", tmp_path / "out", validation_fraction=0.25)
    assert [np.bincount(data.labels(split)).tolist() for split in ("train", "validation")] == [[6] * 3, [2] * 3]
    parts = [image.tobytes() for split in ("train", "validation") for image in data.images(split)]
    assert len(set(parts)) == 24
    least = run(tmp_path / "in", tmp_path / "least", validation_fraction=0.001)
    assert np.bincount(least.labels("validation")).tolist() == [1] * 3
    most = run(tmp_path / "in", tmp_path / "most", validation_fraction=0.999)
    assert np.bincount(most.labels("train")).tolist() == [1] * 3


@pytest.mark.parametrize(("stored", "words"), [(8, []), (20, []), (21, ["20", "21"]), (None, ["20", "64"])])
def test_enlarging_is_told(stored: int | None, words: list[str], tmp_path: Path) -> None:
    for number in range(12):
        draw(tmp_path / "images" / "ab"[number % 2] / f"{number}.jpg", seed=number)
    draw(tmp_path / "images" / "a" / "large.jpg", (300, 200))
    _, told = told_by(tmp_path / "images", tmp_path / "out", image_size=stored)
    lines = [line for line in told if "are enlarged" in line]
    expected = [f"shorter side is about {words[0]} pixels, data.image_size {words[1]}"] if words else []
    assert [line.partition("their ")[2] for line in lines] == expected


def test_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "BLOCK", 3)
    draw_classes(tmp_path / "in", count=5)
    lines: list[str] = []
    options = {"name": "image_folder", "directory": str(tmp_path / "in"), "image_size": 16}
    prepare(options, tmp_path / "alone", 1, lines.append)
    assert any("train images: 8 of 8 (100 %)" in line for line in lines)
    run(tmp_path / "in", tmp_path / "together", workers=2)
    for name in ("train_images.npy", "validation_images.npy", "meta.json"):
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "together" / name).read_bytes()


def test_unreadable_images_are_named(tmp_path: Path) -> None:
    draw_classes(tmp_path / "in")
    whole = (tmp_path / "in" / "a" / "0.jpg").read_bytes()
    (tmp_path / "in" / "a" / "0.jpg").write_bytes(whole[: len(whole) // 2])
    for i in range(4):
        (tmp_path / "in" / "b" / f"{i}.jpg").write_bytes(b"")
    draw_classes(tmp_path / "val", count=1)
    (tmp_path / "in").rename(tmp_path / "train")
    with one_line(
        "5 unreadable image files", "a/0.jpg (", "runcated", "b/1.jpg (cannot identify image file)", "and 2 more"
    ):
        run(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "meta.json").exists()


def test_an_older_description_does_not_survive_a_failure(tmp_path: Path) -> None:
    draw_classes(tmp_path / "in")
    run(tmp_path / "in", tmp_path / "out")
    for path in (tmp_path / "in" / "a").iterdir():
        path.write_bytes(b"")
    with one_line("unreadable"):
        run(tmp_path / "in", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == []


def test_missing_folders(tmp_path: Path) -> None:
    with one_line("data.directory: null", "never downloaded"):
        prepare({"name": "imagenet"}, tmp_path / "out")
    with one_line("data.directory:", "is no folder"):
        run(tmp_path / "absent", tmp_path / "out")
    with one_line(f"{tmp_path}: holds no folders"):
        run(tmp_path, tmp_path / "out")
    (tmp_path / "a").mkdir()
    with one_line(str(tmp_path / "a"), "holds no images"):
        run(tmp_path, tmp_path / "out")
    with one_line(str(tmp_path), "no train/ and val/"):
        run(tmp_path, tmp_path / "out", name="imagenet")
    draw_classes(tmp_path, count=1)
    with one_line(str(tmp_path), "one image only"):
        run(tmp_path, tmp_path / "out")


def test_splits_that_do_not_match(tmp_path: Path) -> None:
    draw_classes(tmp_path / "train")
    with one_line(str(tmp_path), "neither validation/ nor val/"):
        run(tmp_path, tmp_path / "out")
    draw(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
    with one_line(str(tmp_path / "val"), "1 images in one flat folder", "valprep.sh"):
        run(tmp_path, tmp_path / "out")
    draw_classes(tmp_path / "val", "ac")
    with one_line("the class 'b' is only in train/"):
        run(tmp_path, tmp_path / "out")
