"""Folders of images: their splits and classes. Light: the standard library only."""

from pathlib import Path

from prunescape.errors import UserError

VALIDATION_NAMES = ("validation", "val")


def class_names(folder: Path) -> list[str]:
    """Names of the classes: the sub-folders that are not hidden, sorted, which is the order of the labels."""
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def split_folders(root: Path) -> tuple[Path, Path | None]:
    """The folders of the training and the validation classes; (root, None) if `root` itself holds classes.

    Raises:
        UserError: there is a training folder but none for validation.
    """
    if not (root / "train").is_dir():
        return root, None
    for name in VALIDATION_NAMES:
        if (root / name).is_dir():
            return root / "train", root / name
    raise UserError(
        f"{root}: has train/ but neither validation/ nor val/; add one, or hold out a part of train/ by"
        f" data.directory: {root / 'train'}"
    )
