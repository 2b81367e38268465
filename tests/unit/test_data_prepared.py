"""The prepared form: what is written is read back, and what is broken is named in one line."""

import errno
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_samples import one_line, tiny_data
from prunescape.data import statistics
from prunescape.data.arrays import new_array
from prunescape.data.prepared import clear, load_prepared
from prunescape.data.statistics import channel_statistics
from prunescape.io.files import sha256
from prunescape.io.seals import seal


def test_a_round_trip(tmp_path: Path) -> None:
    written = tiny_data(tmp_path / "data", crop=6)
    data = load_prepared(tmp_path / "data" / "meta.json")
    assert data == written
    assert data.input_shape == (3, 6, 6)
    assert (data.sizes, data.pad, data.flip, data.classes) == (
        {"train": 23, "validation": 11},
        2,
        True,
        ["a", "b", "c"],
    )
    images = np.random.default_rng(5).integers(0, 256, (23, 3, 8, 8), dtype=np.uint8)
    assert np.array_equal(data.images("train"), images)
    assert data.labels("validation").tolist() == [i % 3 for i in range(11)]
    assert not data.images("train").flags.writeable
    files = json.loads((tmp_path / "data" / "meta.json").read_text())["files"]
    assert files["train_images"]["sha256"] == sha256(tmp_path / "data" / "train_images.npy")
    assert files["validation_labels"]["shape"] == [11]


@pytest.mark.parametrize("chunk", [1, 1 << 22])
def test_statistics_are_exact(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "CHUNK_PIXELS", chunk)
    images = np.random.default_rng(1).integers(0, 256, (40, 3, 5, 5), dtype=np.uint8)
    images[:, 2] = 7
    mean, std = channel_statistics(images)
    scaled = images.astype(np.longdouble) / 255
    assert mean == pytest.approx(scaled.mean((0, 2, 3)).astype(float), rel=1e-15)
    assert std[:2] == pytest.approx(scaled.std((0, 2, 3)).astype(float)[:2], rel=1e-14)
    assert std[2] == 1.0  # constant


def test_a_half_written_array_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with new_array(tmp_path / "a.npy", (4,), np.int64):
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_found_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"), new_array(tmp_path / "a.npy", (4,), np.int64):
        pytest.fail("written all the same")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delattr(os, "posix_fallocate")
    with new_array(tmp_path / "a.npy", (4,), np.int64) as array:
        array[:] = 1
    assert np.load(tmp_path / "a.npy").tolist() == [1] * 4


def test_clearing_removes_what_killed_jobs_left(tmp_path: Path) -> None:
    tiny_data(tmp_path)
    (tmp_path / ".train_images.npy.x81.npy").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"12345")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_kind(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float32))


def other_shape(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


def python_objects(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object))


def plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps([1, 2]))


def archive(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, np.zeros(3))


@pytest.mark.parametrize("name", ["train_images.npy", "validation_labels.npy"])
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (Path.unlink, "no such file"),
        (truncated, "not a whole .npy file"),
        (empty, "not a whole .npy file"),
        (python_objects, "not a whole .npy file"),
        (plain_pickle, "not a whole .npy file"),
        (archive, "not a .npy file"),
        (longer, "5 bytes too long"),
        (other_kind, "float32"),
        (other_shape, "shape"),
    ],
)
def test_broken_arrays(name: str, harm: Callable[[Path], None], says: str, tmp_path: Path) -> None:
    tiny_data(tmp_path)
    harm(tmp_path / name)
    with one_line(str(tmp_path / name), says, f"delete {tmp_path / 'meta.json'}, prepare"):
        load_prepared(tmp_path / "meta.json")


def test_labels_out_of_range(tmp_path: Path) -> None:
    tiny_data(tmp_path)
    labels = np.load(tmp_path / "train_labels.npy")
    for wrong in (-1, 3):
        labels[4] = wrong
        np.save(tmp_path / "train_labels.npy", labels)
        with one_line("train_labels.npy", str(wrong), "3 classes", "delete"):
            load_prepared(tmp_path / "meta.json")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"crop": None}, "not the description"),
        ({"mean": 3}, "not the description"),
        ({"crop": 9}, "sizes"),
        ({"pad": -1}, "sizes"),
        ({"std": [1]}, "sizes"),
    ],
)
def test_broken_descriptions(change: dict[str, object], says: str, tmp_path: Path) -> None:
    tiny_data(tmp_path)
    path = tmp_path / "meta.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    seal(path).unlink()  # else its checksum tells first
    with one_line(str(path), says, "delete"):
        load_prepared(path)


def test_missing_descriptions(tmp_path: Path) -> None:
    with one_line("meta.json", "no such file"):
        load_prepared(tmp_path / "meta.json")
    for text, says in [("{", "JSON"), ("[]", "description"), ('{"name": "x"}', "'classes' is missing")]:
        (tmp_path / "meta.json").write_text(text)
        with one_line("meta.json", says):
            load_prepared(tmp_path / "meta.json")
