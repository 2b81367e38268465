"""The catalogue of data sets. Light: read while the Snakefile is parsed, so the standard library only."""

from dataclasses import dataclass

from prunescape.errors import known

DEFAULT_FOLDER_SIZE = 64  # pixels; image_folder where the config says nothing, and arrays that are not there yet
LARGEST_PADDED = 64  # pixels; larger images are cropped out of what is stored instead of being padded


@dataclass(frozen=True)
class Geometry:
    """Sizes in pixels: of the images as stored, of what the network sees, and of the padding a side."""

    stored: int
    crop: int
    pad: int


@dataclass(frozen=True)
class DataSetInfo:
    """A data set by name.

    Attributes:
        name: `data.name` in the config.
        module: its module in `prunescape.data.sources`, and so the code that its arrays depend on.
        image_size: side of the square images as stored, in pixels; None if the config or the files choose it.
        crop: side of what the network sees, in pixels; None means all of `image_size`.
        channels: 1 for grey images, 3 for colour; None if only the files tell.
        classes: number of classes; None if only the files tell.
        pad: zero padding a side before the random crop, in pixels.
        flip: whether training mirrors images left to right.
    """

    name: str
    module: str
    image_size: int | None
    crop: int | None
    channels: int | None
    classes: int | None
    pad: int
    flip: bool

    def geometry(self, image_size: int | None = None) -> Geometry:
        """The sizes that hold for this data set; `image_size` counts only where it is not always the same."""
        if self.image_size is not None:
            return Geometry(self.image_size, self.crop or self.image_size, self.pad)
        stored = image_size or DEFAULT_FOLDER_SIZE
        if stored <= LARGEST_PADDED:
            return Geometry(stored, stored, self.pad)
        return Geometry(stored, stored * 7 // 8, 0)  # ImageNet's 256 and 224, at any size


CATALOGUE: dict[str, DataSetInfo] = {
    info.name: info
    for info in [
        # Mirrored digits are other signs, and a shift of one pixel in eight is already much.
        DataSetInfo("digits", "digits", 8, None, 1, 10, pad=1, flip=False),
        # Clothes look much the same in a mirror; flipping is customary, though not universal, for this set.
        DataSetInfo("fashion_mnist", "torchvision_sets", 28, None, 1, 10, pad=4, flip=True),
        DataSetInfo("cifar10", "torchvision_sets", 32, None, 3, 10, pad=4, flip=True),
        DataSetInfo("cifar100", "torchvision_sets", 32, None, 3, 100, pad=4, flip=True),
        DataSetInfo("imagenet", "folders", 256, 224, 3, 1000, pad=0, flip=True),
        DataSetInfo("image_folder", "folders", None, None, None, None, pad=4, flip=True),
        DataSetInfo("arrays", "arrays", None, None, None, None, pad=4, flip=True),
    ]
}

# Images of the splits as their authors publish them; digits has no split of its own.
IMAGES = {
    "digits": (300, 1_497),
    "fashion_mnist": (60_000, 10_000),
    "cifar10": (50_000, 10_000),
    "cifar100": (50_000, 10_000),
    "imagenet": (1_281_167, 50_000),
}


def lookup(name: str) -> DataSetInfo:
    """The entry called `name`.

    Raises:
        UserError: there is none; the message names the nearest one.
    """
    return known(CATALOGUE, "data set", name)
