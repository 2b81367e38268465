"""Fashion-MNIST: packed or not, a copy or downloaded, and what is said when files are missing or damaged."""

import gzip
import hashlib
import shutil
import struct
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest

from data_samples import one_line
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.data.sources import fashion_mnist
from prunescape.runtime.torchvision_compat import torchvision

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
needs_debian = pytest.mark.skipif(
    not DEBIAN.is_dir(), reason=f"{DEBIAN} is absent: apt-get install dataset-fashion-mnist"
)


def write_fashion(folder: Path, packed: bool = True) -> np.ndarray:
    """Files of Fashion-MNIST's format, with 20 training and 10 test images; the training images."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = np.random.default_rng(2)
    kept = np.empty(0)
    for part, count in (("t10k", 10), ("train", 20)):
        kept = numbers.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        files = {
            f"{part}-images-idx3-ubyte": struct.pack(">4I", 0x803, count, 28, 28) + kept.tobytes(),
            f"{part}-labels-idx1-ubyte": struct.pack(">2I", 0x801, count) + bytes(i % 10 for i in range(count)),
        }
        for name, content in files.items():
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(content) if packed else content)
    return kept


def fashion(folder: Path, source: Path | None, **options: Any) -> PreparedData:
    directory = None if source is None else str(source)
    options = {"name": "fashion_mnist", "directory": directory, "download": False, **options}
    return prepare(options, folder, report=lambda _: None)


@pytest.mark.parametrize("place", ["", "FashionMNIST/raw"])
@pytest.mark.parametrize("packed", [True, False])
def test_fashion_mnist_files(place: str, packed: bool, tmp_path: Path) -> None:
    images = write_fashion(tmp_path / "copy" / place, packed)
    data = fashion(tmp_path / "out", tmp_path / "copy", verify=False)
    assert np.array_equal(data.images("train")[:, 0], images)
    assert data.labels("validation").tolist() == list(range(10))
    with one_line(str(tmp_path / "copy"), "train-images", "checksum", "data.verify: false"):
        fashion(tmp_path / "out", tmp_path / "copy")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no gzip", "not a whole gzip file"),
        (gzip.compress(bytes(100))[:20], "not a whole gzip file"),
        (gzip.compress(b""), "no IDX file"),
        (gzip.compress(struct.pack(">2I", 0x802, 20) + bytes(20)), "no IDX file"),
        (gzip.compress(struct.pack(">2I", 0x801, 20) + bytes(19)), "19 bytes"),
        (gzip.compress(struct.pack(">2I", 0x801, 19) + bytes(19)), "19 labels"),
        (gzip.compress(struct.pack(">2I", 0x801, 20) + bytes([10] * 20)), "up to 10"),
    ],
    # The files have the time in them, and names of tests must not.
    ids=["text", "cut", "empty", "other type", "short", "other number", "labels too large"],
)
def test_damaged_fashion_mnist_files(content: bytes, says: str, tmp_path: Path) -> None:
    write_fashion(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(content)
    with one_line(str(tmp_path / "train-labels-idx1-ubyte.gz"), says, "good copy"):
        fashion(tmp_path / "out", tmp_path, verify=False)


def test_missing_fashion_mnist_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "package")
    write_fashion(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with one_line(f"{tmp_path}: t10k-labels-idx1-ubyte.gz missing", "data.download: true", "Debian"):
        fashion(tmp_path / "out", tmp_path, verify=False)
    with one_line(str(tmp_path / "out" / "download"), "train-images-idx3-ubyte.gz"):
        fashion(tmp_path / "out", None)

    def no_network(*_: Any) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torchvision.datasets.utils, "_urlretrieve", no_network)
    monkeypatch.setattr(torchvision.datasets.utils, "_get_redirect_url", lambda url, **_: url)
    with one_line("cannot download http", "no network", "put t10k-labels-idx1-ubyte.gz into", "FashionMNIST/raw"):
        fashion(tmp_path / "out", tmp_path, download=True, verify=False)


def test_fashion_mnist_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "package")
    images = write_fashion(tmp_path / "server")
    served: list[str] = []

    def from_server(url: str, target: str) -> None:
        name = url.rsplit("/", 1)[1]
        served.append(name)
        shutil.copy(tmp_path / "server" / name, target)

    files = sorted((tmp_path / "server").iterdir())
    monkeypatch.setattr(torchvision.datasets.utils, "_urlretrieve", from_server)
    monkeypatch.setattr(torchvision.datasets.utils, "_get_redirect_url", lambda url, **_: url)
    monkeypatch.setattr(
        torchvision.datasets.FashionMNIST,
        "resources",
        [(path.name, hashlib.md5(path.read_bytes()).hexdigest()) for path in files],
    )
    monkeypatch.setattr(
        fashion_mnist,
        "CONTENT",
        {path.stem: hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest() for path in files},
    )
    data = fashion(tmp_path / "out", None, download=True)
    assert np.array_equal(data.images("train")[:, 0], images)
    assert sorted(served) == [path.name for path in files]
    cut_short = tmp_path / "out" / "download" / "FashionMNIST" / "raw" / files[0].name
    cut_short.write_bytes(cut_short.read_bytes()[:50])
    served.clear()
    fashion(tmp_path / "out", None, download=True)  # a killed download is mended, whole files are left alone
    assert served == [files[0].name]
    served.clear()
    shutil.copytree(tmp_path / "server", tmp_path / "package")
    data = fashion(tmp_path / "with_package", None, download=True)  # what a package has is not downloaded
    assert np.array_equal(data.images("train")[:, 0], images)
    assert served == []


@needs_debian
@pytest.mark.debian_data
def test_fashion_mnist_of_debian(tmp_path: Path) -> None:
    data = fashion(tmp_path, DEBIAN, train_size=6000, validation_size=1000)
    assert data.input_shape == (1, 28, 28)
    assert np.bincount(data.labels("train")).tolist() == [600] * 10
    assert np.bincount(data.labels("validation")).tolist() == [100] * 10
    assert data.mean == pytest.approx([0.286], abs=0.005)  # the published values of the whole set
    assert data.std == pytest.approx([0.353], abs=0.005)
