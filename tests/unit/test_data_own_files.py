"""The digest of a user's own images: what changes their content changes it, and nothing else; a file is read once."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cifar_files import write_files
from data_samples import one_line
from project_copy import TINY, merged
from prunescape.data import hashes, own_files
from prunescape.data.prepare import prepare
from prunescape.plan.plan import Plan

LONG_AGO = 1_600_000_000


def filled(root: Path) -> Path:
    """Class folders, some of them links; as far as a digest is concerned, files need not be images."""
    store = root.parent / "store"
    for name in ("cat", "dog"):
        (store / name).mkdir(parents=True)
        for number in range(3):
            (store / name / f"{number}.png").write_bytes(f"{name} {number}".encode())
    root.mkdir()
    (root / "cat").symlink_to(store / "cat")
    (root / "dog").mkdir()
    for number in range(3):
        (root / "dog" / f"{number}.png").symlink_to(store / "dog" / f"{number}.png")
    for path in store.rglob("*.png"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    return root


def planned(root: Path, **data: Any) -> str:
    """What the plan knows of the images."""
    asked = {"name": "image_folder", "directory": str(root), "train_size": None, "validation_size": None, **data}
    job = Plan(merged(TINY, {"data": asked})).prepare.all_jobs()[0]
    return str(job.identity["files"])


def rewritten(path: Path, content: bytes) -> None:
    """Another content of the same size and time."""
    assert len(content) == path.stat().st_size
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))


def swapped(one: Path, other: Path) -> None:
    middle = one.with_name("middle")
    one.rename(middle)
    other.rename(one)
    middle.rename(other)


CHANGES: dict[str, Callable[[Path], object]] = {
    "added behind a link": lambda root: (root.parent / "store" / "cat" / "new.png").write_bytes(b"new"),
    "removed behind a link": lambda root: (root.parent / "store" / "cat" / "0.png").unlink(),
    "edited behind a link": lambda root: rewritten(root.parent / "store" / "dog" / "0.png", b"dog X"),
    "swapped behind links": lambda root: swapped(
        root.parent / "store" / "dog" / "0.png", root.parent / "store" / "dog" / "1.png"
    ),
    "a link to another": lambda root: (
        (root / "dog" / "0.png").unlink(),
        (root / "dog" / "0.png").symlink_to(root.parent / "store" / "dog" / "1.png"),
    ),
    "of another class": lambda root: (root / "dog" / "0.png").rename(root.parent / "store" / "cat" / "3.png"),
    "renamed": lambda root: (root / "dog" / "0.png").rename(root / "dog" / "9.png"),
    "a class renamed": lambda root: (root / "dog").rename(root / "wolf"),
}
SAME: dict[str, Callable[[Path], object]] = {
    "touched": lambda root: os.utime(root.parent / "store" / "dog" / "0.png"),
    "copied": lambda root: shutil.copy2(root / "dog" / "0.png", root / "dog" / "0.png.new").replace(
        root / "dog" / "0.png"
    ),
    "left by a tool": lambda root: (
        (root / "dog" / ".ipynb_checkpoints").mkdir(),
        (root / "dog" / ".ipynb_checkpoints" / "0-checkpoint.png").write_bytes(b"x"),
    ),
    "no image": lambda root: (root / "dog" / "notes.txt").write_text("x"),
}


@pytest.fixture(autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_images_are_prepared_again(
    change: str, is_kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_kept:  # hashes, also of files that were made a moment ago
        monkeypatch.setattr(hashes, "SETTLED", 0.0)
    root = filled(tmp_path / "in")
    time.sleep(0.02)
    before = planned(root)
    assert planned(root) == before
    CHANGES[change](root)
    assert planned(root) != before


@pytest.mark.parametrize("change", SAME)
def test_other_changes_prepare_nothing(change: str, tmp_path: Path) -> None:
    root = filled(tmp_path / "in")
    before = planned(root)
    SAME[change](root)
    assert planned(root) == before


def test_images_elsewhere_are_the_same(tmp_path: Path) -> None:
    before = planned(filled(tmp_path / "in"))
    shutil.copytree(tmp_path / "in", tmp_path / "other")
    assert planned(tmp_path / "other") == before


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = filled(tmp_path / "in")
    monkeypatch.setattr(hashes, "SETTLED", 0.0)
    time.sleep(0.02)
    before = planned(root)
    read: list[str] = []
    once = hashes._hash
    monkeypatch.setattr(hashes, "_hash", lambda path: (read.append(path), once(path))[1])
    assert planned(root) == before
    assert read == []
    (root / "dog" / "a b  c.png").write_bytes(b"new")
    assert planned(root) != before
    assert [Path(path).name for path in read] == ["a b  c.png"]
    (kept,) = own_files.KEEP.iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"0.png", b"1.png"))  # damaged: as if there were none
    read.clear()
    planned(root)
    assert len(read) == 7


def test_a_file_that_may_still_change_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "_stamp_of", lambda status: f"{status.st_size} 0 0 0")  # of a coarse clock
    root = filled(tmp_path / "in")
    before = planned(root)
    (root.parent / "store" / "dog" / "0.png").write_bytes(b"dog Z")
    assert planned(root) != before


def test_images_that_are_gone_leave_what_was_prepared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = drawn(tmp_path / "in")
    asked = {"directory": str(root), "validation_fraction": 0.5, "image_size": 8}
    plan = Plan(merged(TINY, {"data": {"name": "image_folder", **asked, "train_size": None, "validation_size": None}}))
    before = planned(root, **asked)
    prepare({"name": "image_folder", **asked}, plan.run.data, report=lambda _: None, planned=before)
    shutil.move(root, tmp_path / "away")
    assert planned(root, **asked) == before
    assert "is not there; the prepared images are taken as they are" in capsys.readouterr().err


def drawn(root: Path) -> Path:
    from PIL import Image

    for number in range(8):
        folder = root / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return root


def test_images_that_change_while_they_are_read_are_refused(tmp_path: Path) -> None:
    root = drawn(tmp_path / "in")
    before = planned(root)
    shutil.copy(root / "a" / "0.png", root / "b" / "new.png")
    options = {"name": "image_folder", "directory": str(root), "image_size": 8, "validation_fraction": 0.5}
    with one_line(str(root), "was changed while it was read"):
        prepare(options, tmp_path / "out", report=lambda _: None, planned=before)
    assert not (tmp_path / "out" / "meta.json").exists()


def test_a_mistake_in_the_folders_is_left_to_the_job(tmp_path: Path) -> None:
    root = filled(tmp_path / "in")
    (root / "dog" / "gone.png").symlink_to(root / "nowhere")
    assert planned(root).startswith("refused: ")
    assert "dog/gone.png" in planned(root)


def test_a_copy_that_is_not_verified_counts_by_content(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "cifar-10-batches-py"
    write_files("cifar10", folder)
    (tmp_path / "data" / "unrelated.bin").write_bytes(b"x")
    sure = {"name": "cifar10", "directory": str(tmp_path / "data")}
    assert planned(tmp_path / "data", **sure) == "None"
    before = planned(tmp_path / "data", **sure, verify=False)
    (tmp_path / "data" / "unrelated.bin").write_bytes(b"y")
    assert planned(tmp_path / "data", **sure, verify=False) == before
    content = (folder / "data_batch_2").read_bytes()
    (folder / "data_batch_2").write_bytes(content[:-9] + b"X" + content[-8:])
    assert planned(tmp_path / "data", **sure, verify=False) != before
