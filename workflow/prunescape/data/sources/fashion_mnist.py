"""Fashion-MNIST: 70,000 grey images of clothes, 28x28 pixels, in four IDX files, packed or not."""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np

from prunescape.data.sources.download import fetch
from prunescape.data.sources.interface import Options, Source, Split, in_memory
from prunescape.errors import UserError

# SHA-256 of what is inside the .gz files, which is the same wherever they come from. The packed files differ:
# gzip's header holds a time and a name, and Debian's lack the name.
CONTENT = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
CLASSES = [
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
]
FOLDER = "FashionMNIST/raw"  # inside `data.directory`, where torchvision keeps it
DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist


def open_fashion_mnist(root: Path, options: Options) -> Source:
    """The files in `root` itself, or in torchvision's folder inside it, or of Debian's package, or else downloaded.

    Raises:
        UserError: a file is missing and cannot be downloaded, or is damaged.
    """
    if options.directory is None and all(_find(DEBIAN, stem) for stem in CONTENT):
        root = DEBIAN
    elif options.directory is None and options.download:
        _download(root, list(CONTENT))  # does nothing to whole files, and replaces what was cut short
    missing = [stem for stem in CONTENT if _find(root, stem) is None]
    if missing and options.download:
        _download(root, missing)
    elif missing:
        names = ", ".join(f"{stem}.gz" for stem in missing)
        remedy = "put them there or set data.download: true"
        raise UserError(
            f"{root}: {names} missing; {remedy} (Debian's package dataset-fashion-mnist has them in {DEBIAN})"
        )
    return Source(CLASSES, _split(root, "train", options.verify), _split(root, "t10k", options.verify))


def _find(root: Path, stem: str) -> Path | None:
    for path in (folder / f"{stem}{suffix}" for folder in (root, root / FOLDER) for suffix in (".gz", "")):
        if path.is_file():
            return path
    return None


def _download(root: Path, stems: list[str]) -> None:
    from prunescape.runtime.torchvision_compat import torchvision

    known = torchvision.datasets.FashionMNIST
    for filename, md5 in known.resources:
        if filename.removesuffix(".gz") in stems:
            fetch([mirror + filename for mirror in known.mirrors], root / FOLDER, filename, md5)


def _split(root: Path, part: str, verify: bool) -> Split:
    images, images_path = _read(root, f"{part}-images-idx3-ubyte", 3, verify)
    labels, labels_path = _read(root, f"{part}-labels-idx1-ubyte", 1, verify)
    if images.shape[1:] != (28, 28):
        raise UserError(f"{images_path}: images of shape {images.shape[1:]}, not (28, 28); replace it by a good copy")
    if len(labels) != len(images) or labels.max(initial=0) >= len(CLASSES):
        wrong = f"{len(labels)} labels up to {labels.max(initial=0)} for {len(images)} images of 10 classes"
        raise UserError(f"{labels_path}: {wrong}; replace it by a good copy")
    return in_memory(images[:, None], labels)


def _read(root: Path, stem: str, dimensions: int, verify: bool) -> tuple[np.ndarray, Path]:
    """An IDX file of bytes: magic number, the lengths as big-endian 32-bit numbers, the bytes."""
    path = _find(root, stem)
    if path is None:
        raise UserError(f"{root}: {stem}.gz missing; put it there and run again")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path}: not a whole gzip file ({error}); replace it by a good copy") from None
    if verify and hashlib.sha256(content).hexdigest() != CONTENT[stem]:
        remedy = "replace it by a good copy, or set data.verify: false to use it as it is"
        raise UserError(f"{path}: the checksum is not that of Fashion-MNIST; {remedy}")
    start = 4 * (1 + dimensions)
    header = [int(value) for value in np.frombuffer(content[: len(content[:start]) // 4 * 4], ">u4")]
    if len(header) != 1 + dimensions or header[0] != 0x800 + dimensions:
        raise UserError(f"{path}: no IDX file of bytes in {dimensions} dimensions; replace it by a good copy")
    if len(content) - start != np.prod(header[1:]):
        raise UserError(f"{path}: {len(content) - start} bytes of data for {header[1:]}; replace it by a good copy")
    return np.frombuffer(content, np.uint8, offset=start).reshape(header[1:]), path
