"""Folders of images: their splits, their classes, and the files that count. Light: the standard library only."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prunescape.errors import UserError
from prunescape.printable import printable

TRAIN, VALIDATION_NAMES = "train", ("validation", "val", "valid", "dev")
# Names of folders that are parts of a data set and no classes, as people write them.
SPLIT_WORDS = {TRAIN, "training", *VALIDATION_NAMES, "validating", "test", "testing", "eval", "evaluation", "holdout"}
# What Pillow reads with all its numbers, as far as they are 8 bits; `decode.py` refuses what is not.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".tga"),
    *(".pbm", ".pgm", ".ppm", ".pnm"),
)
SHOWN = 5  # suffixes that a message names
# What file systems, viewers, archivers and storage devices leave in folders, beside what is hidden.
TOOL_MADE = {
    *("__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "__pycache__"),
    *("@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found"),
}


@dataclass
class Listing:
    """The files of a folder of classes.

    Attributes:
        images: by class, in the order of the labels: paths, sorted.
        skipped: files and folders that are hidden or made by tools.
        others: number of the other files that are no images, by suffix.
        loose: images beside the folders of the classes.
    """

    images: dict[str, list[str]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    loose: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """A data set in folders, as its files are read.

    Attributes:
        root: the folder of all.
        train: the files of the training split, or of all where there is no other.
        validation: those of the validation split; None where `root` itself holds the classes.
        unused: names of folders beside the splits that are not read.
    """

    root: Path
    train: Listing
    validation: Listing | None
    unused: tuple[str, ...] = ()

    @property
    def classes(self) -> list[str]:
        """Names of the classes, in the order of the labels."""
        return list(self.train.images)

    @property
    def listings(self) -> list[Listing]:
        """The images that were found in the folders of classes."""
        return [self.train] if self.validation is None else [self.train, self.validation]

    @property
    def files(self) -> list[str]:
        """Paths of all images, in the order in which they are read."""
        return [path for listing in self.listings for paths in listing.images.values() for path in paths]

    def notes(self) -> list[str]:
        """A line for what lies in the folders and is not read."""
        lines = []
        skipped = [path for listing in self.listings for path in listing.skipped]
        if skipped:
            example = printable(os.path.relpath(skipped[0], self.root))
            lines.append(f"skipped {len(skipped)} files or folders that are hidden or made by tools, such as {example}")
        others = sum((listing.others for listing in self.listings), Counter[str]())
        if others:
            lines.append(f"skipped {others.total()} files that are no images: {_counted(others)}")
        loose = [path for listing in self.listings for path in listing.loose]
        if loose:
            example = printable(os.path.relpath(loose[0], self.root))
            lines.append(f"skipped {len(loose)} images that lie in no class's folder, such as {example}")
        if self.unused:
            unused = ", ".join(f"{printable(name)}/" for name in self.unused)
            lines.append(f"not used: {unused} beside the two splits")
        return lines


def read_layout(root: Path) -> Layout:
    """The splits, the classes and all images of a folder. Links are followed.

    Raises:
        UserError: the folders are no splits of classes, there is no image, or something cannot be read.
    """
    train, validation = split_folders(root)
    of_train = _listing(train)
    if validation is None:
        return Layout(root, of_train, None)
    names = class_names(validation)
    if names and names != list(of_train.images):
        odd = sorted(set(names) ^ set(of_train.images))[0]
        only = train if odd in of_train.images else validation
        raise UserError(f"{root}: the class {odd!r} is only in {only.name}/; the splits must have the same folders")
    unused = tuple(name for name in class_names(root) if name not in (train.name, validation.name))
    return Layout(root, of_train, _listing(validation), unused)


def class_names(folder: Path) -> list[str]:
    """Names of the classes: the sub-folders that count, sorted, which is the order of the labels.

    Raises:
        UserError: the folder cannot be read.
    """
    try:
        return sorted(entry.name for entry in os.scandir(folder) if not _is_skipped(entry.name) and entry.is_dir())
    except OSError as error:
        raise _unreadable(str(folder), error) from None


def split_folders(root: Path) -> tuple[Path, Path | None]:
    """The folders of the training and the validation classes; (root, None) if `root` itself holds classes.

    Raises:
        UserError: there is a training folder, and none or several for validation.
    """
    names = class_names(root)
    if TRAIN not in names:
        return root, None
    train, found = root / TRAIN, [name for name in VALIDATION_NAMES if name in names]
    if len(found) == 1:
        return train, root / found[0]
    if found:
        raise UserError(f"{root}: has {' and '.join(f'{name}/' for name in found)}; keep one for validation")
    if not class_names(train) and len(names) > 1:
        raise UserError(
            f"{root}: has a folder train/ with no folders in it; if it is a class, give it another name, and if it is"
            " the training split, put its images into one folder a class"
        )
    none = f"{root}: has train/ but neither validation/ nor val/, valid/ or dev/"
    if "test" in names:
        raise UserError(
            f"{none}, and test/ is never looked at; rename it validation/ to measure on it, or hold out a part of"
            f" train/ by data.directory: {train}"
        )
    raise UserError(f"{none}; add one, or hold out a part of train/ by data.directory: {train}")


def _listing(folder: Path) -> Listing:
    """The classes of a folder with their images."""
    listing, loose = Listing(), list[str]()
    for entry in _entries(str(folder), listing):
        if not _is_folder(entry):
            _take(entry, loose, listing)
    names = class_names(folder)
    if not names and loose:
        remedy = "move each into a folder of its class (for ImageNet's val/, the known valprep.sh does it)"
        raise UserError(f"{folder}: holds {len(loose)} images in one flat folder; {remedy}")
    if not names:
        raise UserError(f"{folder}: holds no folders; make one a class, with its images inside")
    listing.loose = loose
    inner = {}
    for name in names:
        if not _is_text(name):
            raise UserError(f"{folder}: the name of the class {name!a} is no text in UTF-8; rename the folder")
        inner[name] = _add_class(folder, name, listing)
    _check_level(folder, inner)
    return listing


def _add_class(folder: Path, name: str, listing: Listing) -> set[str]:
    """Add the images of a class; return its sub-folders that hold images, and "" where it holds some itself."""
    start = str(folder / name)
    others = Counter(listing.others)
    images = sorted(_images(start, listing))
    if not images:
        there = listing.others - others
        found = f" (but {_counted(there)})" if there else ""
        remedy = f"add some ({', '.join(SUFFIXES)}) or remove the folder"
        raise UserError(f"{folder / name}: holds no images{found}; {remedy}")
    listing.images[name] = images
    inside = (path[len(start) + 1 :].partition(os.sep) for path in images)
    return {first if separator else "" for first, separator, _ in inside}


def _check_level(folder: Path, inner: dict[str, set[str]]) -> None:
    """Refuse folders that are taken for classes, and look like something else one level up or down."""
    names = list(inner)
    if len(names) == 1:
        inside = sorted(inner[names[0]] - {""})
        below = f"write data.directory: {folder / names[0]}" if len(inside) > 1 else "add the folders of the others"
        raise UserError(f"{folder}: holds one folder only, {names[0]}/, and classes are told apart; {below}")
    alike = all(inner[name] == inner[names[0]] for name in names) and "" not in inner[names[0]]
    named = [name for name in names if name.lower() in SPLIT_WORDS and "" not in inner[name]]
    if not (alike and len(inner[names[0]]) > 1) and len(named) < 2:
        return
    splits = named if len(named) > 1 else names
    shown = " and ".join(f"{name}/" for name in splits[:2])
    same = ", ".join(sorted(inner[splits[0]])[:3])
    raise UserError(
        f"{folder}: {shown} hold the same folders ({same}), as splits do and classes do not; rename them train/ and"
        " validation/, or, if they are classes, take the images out of the folders inside"
    )


def _images(start: str, listing: Listing) -> Iterator[str]:
    """Paths of all images below a folder; what is skipped is noted in `listing`."""
    pending: list[tuple[str, tuple[tuple[int, int], ...]]] = [(start, ())]
    while pending:
        folder, above = pending.pop()
        here = _place(folder)
        if here in above:
            raise UserError(f"{folder}: a link to a folder that it lies in; remove it")
        images: list[str] = []
        for entry in _entries(folder, listing):
            if _is_folder(entry):
                pending.append((entry.path, (*above, here)))
            else:
                _take(entry, images, listing)
        yield from images


def _entries(folder: str, listing: Listing) -> Iterator[os.DirEntry[str]]:
    """The entries of a folder, without hidden ones and those made by tools."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _is_skipped(entry.name):
                    listing.skipped.append(entry.path)
                else:
                    yield entry
    except OSError as error:
        raise _unreadable(folder, error) from None


def _take(entry: os.DirEntry[str], images: list[str], listing: Listing) -> None:
    """Add a file to the images, or count it with the others."""
    suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - pathlib is slow for a million files
    is_file = entry.is_file()
    if not is_file and entry.is_symlink():
        raise UserError(f"{entry.path}: a link to what is not there; mend or remove it")
    if suffix not in SUFFIXES:
        listing.others[suffix or "without a suffix"] += 1
    elif is_file:
        images.append(entry.path)
    else:
        raise UserError(f"{entry.path}: no regular file; remove it")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:  # a link to itself
        raise _unreadable(entry.path, error) from None


def _place(folder: str) -> tuple[int, int]:
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError as error:
        raise _unreadable(folder, error) from None
    return status.st_dev, status.st_ino


def _unreadable(path: str, error: OSError) -> UserError:
    reason = os.strerror(error.errno or 0)
    return UserError(f"{path}: cannot be read ({reason}); make it readable, or remove it")


def _is_skipped(name: str) -> bool:
    return name.startswith(".") or name.lower() in TOOL_MADE


def _is_text(name: str) -> bool:
    """Whether a name can be shown and written as UTF-8: no bytes of another encoding, no control characters."""
    return not any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name)


def _counted(suffixes: Counter[str]) -> str:
    in_order = sorted(suffixes.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{count} {printable(suffix)}" for suffix, count in in_order[:SHOWN]]
    return ", ".join([*shown, "..."] if len(suffixes) > SHOWN else shown)
