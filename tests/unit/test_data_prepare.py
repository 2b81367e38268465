"""Preparing, with digits for example: sizes, fixed bytes, and what is said when something is wrong."""

import hashlib
import shutil
from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from data_samples import one_line
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData


def quiet(line: str) -> None:
    assert "\n" not in line


def run(folder: Path, **options: Any) -> PreparedData:
    return prepare({"name": "digits", "prepared": "ignored", **options}, folder, report=quiet)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def test_digits(tmp_path: Path) -> None:
    data = run(tmp_path)
    assert data.sizes == {"train": 300, "validation": 1497}
    assert data.input_shape == (1, 8, 8)
    stored = [data.images(split)[:, 0] for split in ("train", "validation")]
    original = load_digits().images
    assert sorted(image.tobytes() for image in np.concatenate(stored)) == sorted(
        np.round(image * 255 / 16).astype(np.uint8).tobytes() for image in original
    )
    assert set(np.bincount(data.labels("train"))) <= {29, 30, 31}
    assert data.mean == pytest.approx([stored[0].mean() / 255])
    first = stored[0][0].tobytes()  # labels still belong to their images
    match = [i for i, image in enumerate(original) if np.round(image * 255 / 16).astype(np.uint8).tobytes() == first]
    assert load_digits().target[match[0]] == data.labels("train")[0]


def test_the_same_options_give_the_same_bytes(tmp_path: Path) -> None:
    options = {"train_size": 100, "validation_size": 200}
    assert run(tmp_path / "a", **options).sizes == {"train": 100, "validation": 200}
    run(tmp_path / "b", **options)
    run(tmp_path / "b", **options)  # over an older one
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    run(tmp_path / "c", **options, seed=1)
    assert contents(tmp_path / "a") != contents(tmp_path / "c")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"train_size": 9}, "data.train_size: 9"),
        ({"train_size": 1788}, "write 10 to 1787"),
        ({"validation_size": 1498}, "data.validation_size: 1498, but the split has 1497 images in 10 classes"),
        ({"validation_size": 9}, "write 10 to 1497"),
        ({"name": "digit"}, "did you mean 'digits'?"),
        ({"name": "cifar10", "directory": "/nowhere"}, "data.directory: /nowhere is no folder"),
    ],
)
def test_impossible_options(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with one_line(says):
        run(tmp_path, **options)


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(1000))
    with one_line(str(tmp_path), "0.0 GiB are free", "data.prepared"):
        run(tmp_path)
    assert not (tmp_path / "meta.json").exists()
