"""The config's section `data`."""

from typing import Annotated, Literal

from prunescape.config.section import Count, FilledIn, Flag, Integer, Part, Section, Text, key, within


class Data(Section):
    """The data set, and how much of it is used."""

    name: Text = key(
        ...,
        "A known data set: digits, fashion_mnist, cifar10, cifar100, imagenet, image_folder or arrays.",
        example="digits",
    )
    directory: Annotated[Text, within(min_length=1)] | None = key(
        None,
        "An existing copy of the data set (null, download one). Needed for imagenet, image_folder and arrays; `~` is "
        "expanded.",
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
    color_mode: Literal["auto", "grayscale", "rgb"] = key(
        "auto",
        "image_folder only. Whether images have one channel (`grayscale`) or three (`rgb`); `auto`: one, if all files "
        "are grey.",
    )
    validation_fraction: Part = key(
        0.1,
        "image_folder and arrays only. The part of the images held out where there is no validation split.",
        unit="part of the images",
        hint="0.1 holds out 10 % of the images",
    )
    flip: Flag | None = key(
        None,
        "image_folder and arrays only. Whether training mirrors images left to right (null, the data set's own choice: "
        "yes).",
    )
    prepared: FilledIn[Annotated[Text, within(pattern="^[^{}]+$")]] = key(
        None,
        "Where the prepared arrays are kept (null, `results/<run>/data`). An absolute path, or one above this folder, "
        "may be shared: there each version of the code that prepares them has a folder of its own, `code-<key>`.",
        hint="write a path without braces",
    )
