"""The config's section `data`."""

from typing import Annotated

from prunescape.config.section import Count, FilledIn, Flag, Integer, Part, Section, Text, key, within


class Data(Section):
    """The data set, and how much of it is used."""

    name: Text = key(
        ...,
        "A known data set: digits, fashion_mnist, cifar10, cifar100, imagenet or image_folder.",
        example="digits",
    )
    directory: Annotated[Text, within(min_length=1)] | None = key(
        None,
        "An existing copy of the data set (null, download one). Needed for imagenet and image_folder; `~` is expanded.",
        hint="write a path",
    )
    download: Flag = key(True, "Whether missing files may be downloaded, where the data set's owner allows it.")
    verify: Flag = key(True, "Whether the checksums of an existing copy are checked.")
    train_size: Count | None = key(
        None, "Training images used, a fixed choice (null, all of them; digits, 300).", unit="images"
    )
    validation_size: Count | None = key(
        None, "Validation images used, a fixed choice (null, all of them; digits, all the rest).", unit="images"
    )
    image_size: Annotated[int, Integer(ge=8, le=1024)] | None = key(
        None, "image_folder only. Side of the square images as stored (null, the data set's own choice).", unit="pixels"
    )
    validation_fraction: Part = key(
        0.1,
        "image_folder only. The part of the images held out where the folders have no split of their own.",
        unit="part of the images",
        hint="0.1 holds out 10 % of the images",
    )
    flip: Flag | None = key(
        None, "image_folder only. Whether training mirrors images left to right (null, the data set's own choice)."
    )
    prepared: FilledIn[Annotated[Text, within(pattern="^[^{}]+$")]] = key(
        None,
        "Where the prepared arrays are kept (null, `results/<run>/data`).",
        hint="write a path without braces",
    )
