"""Image files keep all their numbers as 8 bits a channel, or are refused in a line."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_samples import one_line
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData
from prunescape.data.sources.decode import decode

SIDE = 8
NUMBERS = np.random.default_rng(3)
GREY = NUMBERS.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
RGB = NUMBERS.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
PALETTE = NUMBERS.integers(0, 256, (256, 3), dtype=np.uint8)


def deep_png(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, by its specification."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content


def tiff(values: np.ndarray) -> bytes:
    """An uncompressed TIFF of several channels, by its specification: little-endian, one strip."""
    height, width, channels = values.shape
    data = values.tobytes()
    bits = struct.pack(f"<{channels}H", *[8 * values.itemsize] * channels)
    short, long = 3, 4
    tags = [(256, long, width), (257, long, height), (258, short, 8 + len(data)), (259, short, 1), (262, short, 2)]
    tags += [(273, long, 8), (277, short, channels), (278, long, height), (279, long, len(data))]
    tags += [(338, short, 0)] if channels > 3 else []
    where = 8 + len(data) + len(bits)
    content = b"II*\0" + struct.pack("<I", where) + data + bits + struct.pack("<H", len(tags))
    for tag, kind, value in tags:
        count = {258: channels, 338: channels - 3}.get(tag, 1)
        of_kind = "<HHII" if kind == long or tag == 258 else "<HHIHxx"
        content += struct.pack(of_kind, tag, kind, count, value)
    return content + bytes(4)


def image(values: np.ndarray, **how: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, **{"format": "PNG", **how})
    return file.getvalue()


def saved(picture: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def with_palette(palette: np.ndarray) -> Image.Image:
    picture = Image.fromarray(GREY, "L").convert("P")
    picture.putdata(GREY.ravel().tolist())
    picture.putpalette(palette.ravel().tolist())
    return picture


def alpha(opaque: int) -> Image.Image:
    return Image.fromarray(np.dstack([RGB, np.full((SIDE, SIDE, 1), opaque, np.uint8)]), "RGBA")


KEPT: dict[str, tuple[bytes, np.ndarray]] = {
    "grey": (image(GREY), GREY),
    "colour": (image(RGB), RGB),
    "one bit": (saved(Image.fromarray(GREY > 99)), (GREY > 99) * np.uint8(255)),
    "palette": (saved(with_palette(PALETTE)), PALETTE[GREY]),
    "grey palette": (saved(with_palette(np.repeat(PALETTE[:, :1], 3, 1))), PALETTE[:, 0][GREY]),
    "opaque alpha": (saved(alpha(255)), RGB),
    "8 bits in 16": (deep_png(GREY[:, :, None]), GREY),
    "8 bits in 32": (saved(Image.fromarray(GREY.astype(np.int32)), "TIFF"), GREY),
    "8 bits in floats": (saved(Image.fromarray(GREY.astype(np.float32)), "TIFF"), GREY),
    "a tiff": (tiff(RGB), RGB),
}
DEEP = GREY.astype(np.uint16) * 200
REFUSED: dict[str, tuple[bytes, str]] = {
    "16 bits": (deep_png(DEEP[:, :, None]), f"numbers from {DEEP.min()} to {DEEP.max()}"),
    "16 bits and alpha": (deep_png(np.dstack([DEEP, DEEP])), "more than 8 bits a channel"),
    "16 bits of colour": (deep_png(RGB.astype(np.uint16)), "more than 8 bits a channel"),
    "16 bits of colour in a tiff": (tiff(RGB.astype(np.uint16)), "more than 8 bits a channel"),
    "16 bits of colour in a ppm": (b"P6 8 8 65535\n" + RGB.astype(">u2").tobytes(), "more than 8 bits a channel"),
    "12 bits in a pgm": (b"P5 8 8 4095\n" + (DEEP >> 4).astype(">u2").tobytes(), "scale all images alike"),
    "fractions": (saved(Image.fromarray(GREY.astype(np.float32) / 255), "TIFF"), "from 0"),
    "no number": (saved(Image.fromarray(np.full((8, 8), np.nan, np.float32)), "TIFF"), "numbers from nan"),
    "negative": (saved(Image.fromarray(GREY.astype(np.int32) - 300), "TIFF"), "numbers from -"),
    "transparent": (saved(alpha(254)), "transparent pixels"),
    "a transparent colour": (image(RGB, transparency=tuple(RGB[0, 0].tolist())), "transparent pixels"),
    "CMYK": (saved(Image.fromarray(RGB).convert("CMYK"), "TIFF"), "its colours are CMYK"),
    "four channels": (tiff(np.dstack([RGB, GREY])), "4 channels, of which 3 would be read"),
    "five channels": (tiff(np.dstack([RGB, GREY, GREY])), "5 channels, of which 3 would be read"),
    "two frames": (
        saved(Image.fromarray(RGB), "TIFF", save_all=True, append_images=[Image.fromarray(RGB)]),
        "2 images in one file",
    ),
}  # fmt: skip


def prepared(folder: Path, contents: list[bytes], suffix: str = "png", **options: object) -> PreparedData:
    """Images, two in each of two classes, as prepared."""
    for number, content in enumerate(contents):
        path = folder / "in" / "ab"[number % 2] / f"{number}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    asked = {"name": "image_folder", "directory": str(folder / "in"), "image_size": SIDE, "validation_fraction": 0.5}
    return prepare({**asked, **options}, folder / "out", report=lambda _: None)


def others(colour: bool = False) -> list[bytes]:
    """Three images, which make a data set of one."""
    shape = (SIDE, SIDE, 3) if colour else (SIDE, SIDE)
    return [image(np.random.default_rng(i).integers(0, 256, shape, dtype=np.uint8)) for i in range(3)]


@pytest.mark.parametrize("kind", KEPT)
def test_numbers_are_kept(kind: str, tmp_path: Path) -> None:
    content, expected = KEPT[kind]
    data = prepared(tmp_path, [content, *others()])
    channels_first = expected[None] if expected.ndim == 2 else expected.transpose(2, 0, 1)
    images = np.concatenate([np.asarray(data.images(split)) for split in ("train", "validation")])
    assert data.input_shape == (len(channels_first), SIDE, SIDE)
    assert any(np.array_equal(found, channels_first) for found in images)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_would_lose_numbers_is_refused(kind: str, tmp_path: Path) -> None:
    content, says = REFUSED[kind]
    with one_line("1 unreadable image files", "a/0.png", says):
        prepared(tmp_path, [content, *others()])


@pytest.mark.parametrize(
    ("colours", "asked", "channels"),
    [([0, 0, 0, 0], "auto", 1), ([0, 0, 0, 1], "auto", 3), ([0, 0, 0, 0], "rgb", 3), ([1, 1, 1, 1], "grayscale", 1)],
)
def test_grey_images_have_one_channel(colours: list[int], asked: str, channels: int, tmp_path: Path) -> None:
    contents = [others(bool(colour))[number % 3] for number, colour in enumerate(colours)]
    contents[3] = image(RGB if colours[3] else GREY)
    data = prepared(tmp_path, contents, color_mode=asked)
    assert data.input_shape == (channels, SIDE, SIDE)
    assert len(data.mean) == channels


@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_lie_as_viewers_show_them(orientation: int, tmp_path: Path) -> None:
    """By the EXIF specification: the sides of the picture where the first row and the first column are to be seen."""
    turned: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda stored: stored,
        2: lambda stored: stored[:, ::-1],
        3: lambda stored: stored[::-1, ::-1],
        4: lambda stored: stored[::-1],
        5: lambda stored: stored.transpose(1, 0, 2),
        6: lambda stored: stored[::-1].transpose(1, 0, 2),
        7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
        8: lambda stored: stored[:, ::-1].transpose(1, 0, 2),
    }
    picture = Image.fromarray(RGB)
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    expected = turned[orientation](RGB).transpose(2, 0, 1)
    assert np.array_equal(decode(tmp_path / "a.png", SIDE), expected)
    assert np.array_equal(decode(tmp_path / "a.png", SIDE, as_published=True), RGB.transpose(2, 0, 1))


def grey(value: int) -> bytes:
    return image(np.full((SIDE, SIDE), value, np.uint8))


def test_images_without_content_are_refused(tmp_path: Path) -> None:
    with one_line("all 2 validation images are constant, as ", ".png is"):
        prepared(tmp_path, [grey(number) for number in range(4)])
    assert not (tmp_path / "out" / "meta.json").exists()
    with one_line("all 2 validation images are the same as ", ".png"):
        prepared(tmp_path, [image(GREY)] * 4)


def test_some_images_without_content_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    prepared(tmp_path, [grey(0), *others(), grey(0), *others()])
    asked = {"name": "image_folder", "directory": str(tmp_path / "in"), "image_size": SIDE, "validation_fraction": 0.5}
    prepare(asked, tmp_path / "out", report=lambda _: None, tell=told.append)
    assert any("images are constant, such as a/" in line for line in told if line.startswith("warning: "))
