"""CIFAR: files as Python 2 wrote them are read as torchvision reads them, damage is named, and no pickle runs code."""

import hashlib
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cifar_files import KNOWN, python2_pickle, write_files
from data_samples import one_line
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.data.sources.restricted_pickle import load_plain


def trust(name: str, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checksums of these files be the right ones."""
    known = KNOWN[name]
    md5 = {file: hashlib.md5(content).hexdigest() for file, content in files.items()}
    for attribute in ("train_list", "test_list"):
        monkeypatch.setattr(known, attribute, [[file, md5[file]] for file, _ in getattr(known, attribute)])
    monkeypatch.setattr(known, "meta", {**known.meta, "md5": md5[known.meta["filename"]]})


def run(name: str, source: Path, out: Path, **options: Any) -> PreparedData:
    options = {"name": name, "directory": str(source), "download": False, **options}
    return prepare(options, out, report=lambda _: None)


def pack(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, folder.name)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("form", ["unpacked", "inside", "archive"])
def test_the_files_mean_what_torchvision_reads(
    name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, copy = KNOWN[name], tmp_path / "copy"
    folder = copy / known.base_folder
    trust(name, write_files(name, folder), monkeypatch)
    expected = {
        split: known(copy, train=train, download=False) for split, train in (("train", True), ("validation", False))
    }
    source = folder if form == "inside" else copy
    if form == "archive":
        source = tmp_path / "packed"
        source.mkdir()
        pack(folder, source / known.filename)
    data = run(name, source, tmp_path / "out")
    assert data.classes == expected["train"].classes
    for split, reference in expected.items():
        assert np.array_equal(data.images(split).transpose(0, 2, 3, 1), reference.data)
        assert data.labels(split).tolist() == reference.targets
    assert (data.pad, data.crop, data.flip) == (4, 32, True)


def test_wrong_checksums(tmp_path: Path) -> None:
    write_files("cifar10", tmp_path / "copy" / "cifar-10-batches-py")
    with one_line("data_batch_1", "checksum", "data.verify: false"):
        run("cifar10", tmp_path / "copy", tmp_path / "out")
    assert run("cifar10", tmp_path / "copy", tmp_path / "out", verify=False).sizes["train"] == 500


def test_missing_files(tmp_path: Path) -> None:
    with one_line(f"{tmp_path}: no copy of cifar100", "cifar-100-python.tar.gz", "data.download: true"):
        run("cifar100", tmp_path, tmp_path / "out")
    folder = tmp_path / "cifar-100-python"
    write_files("cifar100", folder)
    (folder / "meta").unlink()
    with one_line(f"{folder}: meta missing"):
        run("cifar100", tmp_path, tmp_path / "out")


def test_damaged_archives(tmp_path: Path) -> None:
    write_files("cifar100", tmp_path / "cifar-100-python")
    (tmp_path / "packed").mkdir()
    archive = tmp_path / "packed" / "cifar-100-python.tar.gz"
    pack(tmp_path / "cifar-100-python", archive)
    whole = archive.read_bytes()
    for part in (whole[:-1000], b"nothing", b""):
        archive.write_bytes(part)
        with one_line(str(archive), "not a whole .tar.gz file"):
            run("cifar100", tmp_path / "packed", tmp_path / "out", verify=False)
    (tmp_path / "cifar-100-python" / "test").unlink()
    pack(tmp_path / "cifar-100-python", archive)
    with one_line(str(archive), "test missing inside"):
        run("cifar100", tmp_path / "packed", tmp_path / "out", verify=False)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no batch of images"),
        (b"\x80\x02}", "no batch of images"),
        (python2_pickle([1]), "holds a list"),
        (python2_pickle({"data": [1], "fine_labels": [1]}), "no uint8 images"),
        (python2_pickle({"data": np.zeros((2, 3072), np.float32), "fine_labels": [1, 1]}), "no uint8 images"),
        (python2_pickle({"data": np.zeros((2, 3072), np.uint8)}), "no list of labels"),
        (python2_pickle({"data": np.zeros((2, 3072), np.uint8), "fine_labels": ["a", "b"]}), "no list of labels"),
        (python2_pickle({"data": np.zeros((2, 3072), np.uint8), "fine_labels": [1]}), "labels do not fit"),
        (python2_pickle({"data": np.zeros((1, 3072), np.uint8), "fine_labels": [100]}), "labels do not fit"),
    ],
)
def test_damaged_batches(content: bytes, says: str, tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-python"
    write_files("cifar100", folder)
    (folder / "test").write_bytes(content)
    with one_line(str(folder / "test"), says, "good copy"):
        run("cifar100", tmp_path, tmp_path / "out", verify=False)


def test_damaged_names(tmp_path: Path) -> None:
    write_files("cifar10", tmp_path / "cifar-10-batches-py")
    (tmp_path / "cifar-10-batches-py" / "batches.meta").write_bytes(python2_pickle({"label_names": ["a"]}))
    with one_line("batches.meta", "no list of 10 names"):
        run("cifar10", tmp_path, tmp_path / "out", verify=False)


class Trap:
    """Makes a file when it is unpickled the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_pickles_cannot_run_code(tmp_path: Path) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"), protocol=2)
    with pytest.raises(pickle.UnpicklingError, match="which no array needs"):
        load_plain(trap)
    for text in (b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.", b"c_codecs\ndecode\n(X\x01\x00\x00\x001tR."):
        with pytest.raises(pickle.UnpicklingError, match="which no array needs"):
            load_plain(text)
    with pytest.raises(pickle.UnpicklingError, match="encoding"):
        load_plain(b"c_codecs\nencode\n(X\x01\x00\x00\x001X\x05\x00\x00\x00rot13tR.")
    assert not (tmp_path / "sprung").exists()
    pickle.loads(trap)
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_plain_pickles_of_python_3(protocol: int) -> None:
    value = {"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2]}
    read = load_plain(pickle.dumps(value, protocol=protocol))
    assert np.array_equal(read["data"], value["data"])
    assert read["labels"] == [1, 2]
