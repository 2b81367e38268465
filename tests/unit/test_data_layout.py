"""Which files of a folder are images of which class and split, and what is said of all others."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_samples import one_line
from prunescape.data.prepare import prepare
from prunescape.data.prepared import PreparedData


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)


def pictures(root: Path, *folders: str, count: int = 2) -> None:
    """Images, all different, in folders below `root`."""
    for place, folder in enumerate(folders):
        for number in range(count):
            picture(root / folder / f"{number}.png", 100 * place + number)


def told(root: Path, **options: object) -> tuple[PreparedData, list[str]]:
    lines: list[str] = []
    asked = {"name": "image_folder", "directory": str(root), "image_size": 8, "validation_fraction": 0.5, **options}
    return prepare(asked, root.parent / "out", report=lambda _: None, tell=lines.append), lines


LEFT_BEHIND = [
    *("a/.ipynb_checkpoints/0-checkpoint.png", "a/__MACOSX/0.png", "a/deep/@eaDir/0.png", "a/._0.png"),
    *("b/#recycle/0.png", "b/.thumbnails/0.png", "__MACOSX/0.png", ".git/0.png", "@eaDir/0.png", ".cover.png"),
]


def test_what_tools_leave_is_no_image(tmp_path: Path) -> None:
    root = tmp_path / "in"
    pictures(root, "a", "b")
    for number, name in enumerate(LEFT_BEHIND):
        picture(root / name, 1000 + number)
    (root / "a" / "Thumbs.db").write_bytes(b"x")
    data, lines = told(root)
    assert data.classes == ["a", "b"]
    assert data.sizes == {"train": 2, "validation": 2}
    assert any(line.startswith("skipped 11 files or folders that are hidden or made by tools, such") for line in lines)


KINDS = {"jfif": "JPEG", "jpe": "JPEG", "JPG": "JPEG", "dib": "DIB", "tga": "TGA", "pnm": "PPM", "apng": "PNG"}


def test_every_suffix_is_read_or_counted(tmp_path: Path) -> None:
    root = tmp_path / "in"
    pictures(root, "a", "b")
    for number, (suffix, kind) in enumerate(KINDS.items()):
        pixels = np.random.default_rng(50 + number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "a" / f"more.{suffix}", kind)
    for name in ("1.heic", "2.heic", "3.svg", "README"):
        (root / "a" / name).write_bytes(b"x")
    picture(root / "cover.png", 99)
    data, lines = told(root)
    assert sum(data.sizes.values()) == 2 + len(KINDS) + 2
    assert "skipped 4 files that are no images: 2 .heic, 1 .svg, 1 without a suffix" in lines
    assert "skipped 1 images that lie in no class's folder, such as cover.png" in lines


def test_links_are_followed(tmp_path: Path) -> None:
    pictures(tmp_path / "store", "train/a", "train/b", "validation/a", "validation/b")
    root = tmp_path / "in"
    root.mkdir()
    (root / "train").symlink_to(tmp_path / "store" / "train")
    (root / "validation").symlink_to(tmp_path / "store" / "validation")
    (root / "train" / "a" / "linked.png").symlink_to(tmp_path / "extra.png")
    picture(tmp_path / "extra.png", 7000)
    assert told(root)[0].sizes == {"train": 5, "validation": 4}


def loop(root: Path) -> None:
    (root / "a" / "again").symlink_to(root)


def dangling(root: Path) -> None:
    (root / "a" / "x.png").symlink_to(root / "nowhere.png")


def dangling_class(root: Path) -> None:
    (root / "c").symlink_to(root / "nowhere")


def pipe(root: Path) -> None:
    os.mkfifo(root / "a" / "x.png")


def itself(root: Path) -> None:
    (root / "a" / "x").symlink_to(root / "a" / "x")


def not_utf8(root: Path) -> None:
    pictures(root, os.fsdecode(b"caf\xe9"))


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (loop, ["a/again", "a link to a folder that it lies in"]),
        (dangling, ["a/x.png", "a link to what is not there"]),
        (dangling_class, ["/c:", "a link to what is not there"]),
        (itself, ["a/x", "cannot be read"]),
        (pipe, ["a/x.png", "no regular file"]),
        (not_utf8, [r"'caf\udce9'", "no text in UTF-8"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_read_is_told(harm: Callable[[Path], None], says: list[str], tmp_path: Path) -> None:
    pictures(tmp_path / "in", "a", "b")
    harm(tmp_path / "in")
    with one_line(*says):
        told(tmp_path / "in")


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures(tmp_path / "in", "a", "b", "b/closed")
    listed = os.scandir

    def closed(folder: str | Path) -> object:
        if str(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(os, "scandir", closed)
    with one_line("b/closed", "cannot be read (Permission denied)"):
        told(tmp_path / "in")


def test_names_of_files_may_be_any_bytes(tmp_path: Path) -> None:
    pictures(tmp_path / "in", "a", "b")
    name = os.fsdecode(b"caf\xe9.png")
    picture(tmp_path / "in" / "a" / "x.png", 5)
    (tmp_path / "in" / "a" / "x.png").rename(tmp_path / "in" / "a" / name)
    assert sum(told(tmp_path / "in")[0].sizes.values()) == 5
    (tmp_path / "in" / "a" / name).write_bytes(b"broken")
    with one_line(r"caf\udce9.png (cannot identify"):
        told(tmp_path / "in")


LAYOUTS = {
    "one level off": (
        ["Training/cat", "Training/dog", "Testing/cat", "Testing/dog"],
        ["Testing/ and Training/ hold the same folders (cat, dog)", "rename them train/ and validation/"],
    ),
    "splits of other classes": (["Train/cat", "Train/dog", "Val/cat", "Val/cow"], ["Train/ and Val/ hold the same"]),
    "classes with equal folders": (["cat/left", "cat/right", "dog/left", "dog/right"], ["cat/ and dog/", "take the"]),
    "one level too high": (
        ["images/cat", "images/dog"],
        ["one folder only, images/", "write data.directory: ", "images"],
    ),
    "one class": (["cat"], ["one folder only, cat/", "add the folders of the others"]),
    "one class in each split": (["train/cat", "val/cat"], ["train: holds one folder only, cat/"]),
    "a class called train": (
        ["train", "bus"],
        ["train/ with no folders in it; if it is a class, give it another name"],
    ),
    "no validation but a test": (["train/cat", "train/dog", "test/cat", "test/dog"], ["rename it validation/"]),
    "two for validation": (["train/cat", "train/dog", "val/cat", "valid/cat"], ["has val/ and valid/; keep one"]),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_folders_that_are_no_splits_of_classes(case: str, tmp_path: Path) -> None:
    folders, says = LAYOUTS[case]
    pictures(tmp_path / "in", *folders)
    with one_line(str(tmp_path / "in"), *says):
        told(tmp_path / "in")


@pytest.mark.parametrize(
    "folders",
    [["cat/images", "dog/images"], ["cat/left", "cat/right", "dog"], ["train/train", "train/a", "dev/train", "dev/a"]],
)
def test_folders_inside_classes_may_be(folders: list[str], tmp_path: Path) -> None:
    pictures(tmp_path / "in", *folders)
    assert len(told(tmp_path / "in")[0].classes) == 2


def test_images_in_both_splits_are_told(tmp_path: Path) -> None:
    root = tmp_path / "in"
    pictures(root, "train/a", "train/b", "validation/a", "validation/b")
    assert not [line for line in told(root)[1] if "warning" in line]
    shutil.copy(root / "train" / "a" / "1.png", root / "validation" / "a" / "copy.png")
    shutil.copy(root / "train" / "a" / "1.png", root / "train" / "b" / "other.png")
    warnings = [line for line in told(root)[1] if line.startswith("warning: ")]
    assert len(warnings) == 2
    assert "1 of 5 validation images are also training images" in warnings[0]
    assert "validation/a/copy.png and train/a/1.png" in warnings[0]
    assert "1 images are of several classes" in warnings[1]
    assert "train/b/other.png (b)" in warnings[1]


def test_many_classes_are_counted(tmp_path: Path) -> None:
    names = [f"class{number:02}" for number in range(40)]
    pictures(tmp_path / "in", *names)
    (line,) = (line for line in told(tmp_path / "in")[1] if "classes: " in line)
    assert "in 40 classes: class00 (1 + 1), " in line
    assert line.endswith("class28 (1 + 1), ..., class39 (1 + 1)")
