"""Figure 3.1: randomly chosen training images, a row a class."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prunescape.data.prepared import load_prepared
from prunescape.figures import names, style

CLASSES = 10  # rows at most
IMAGES = 10  # images a row
SIDE = 0.62  # inches
RGB = 3  # channels


class Images(Protocol):
    """A prepared data set as this figure uses it (`prunescape.data.prepared.PreparedData`)."""

    @property
    def name(self) -> str: ...

    @property
    def classes(self) -> Sequence[str]: ...

    def images(self, split: str) -> np.ndarray: ...

    def labels(self, split: str) -> np.ndarray: ...


def draw(meta: str) -> Figure:
    """Training images of the prepared data set whose file `meta` is."""
    return draw_images(load_prepared(meta))


def draw_images(prepared: Images, seed: int = 0) -> Figure:
    """Ten training images of each class, or of ten classes chosen by chance where there are more."""
    generator = np.random.default_rng(seed)
    images, labels = prepared.images("train"), np.asarray(prepared.labels("train"))
    everything = len(prepared.classes)
    shown = list(range(everything))
    if everything > CLASSES:
        shown = sorted(generator.choice(everything, CLASSES, replace=False).tolist())
    rows = [_class_name(str(prepared.classes[label])) for label in shown]
    margin = 0.075 * max((len(name) for name in rows), default=0) + 0.3
    figure = style.new_figure(IMAGES * SIDE + margin, max(1, len(shown)) * SIDE + 0.75, pad=0.025, gap=0.0)
    grid = figure.subplots(max(1, len(shown)), IMAGES, squeeze=False)
    for row, label, name in zip(grid, shown, rows, strict=False):
        members = np.flatnonzero(labels == label)
        picked = np.sort(generator.choice(members, min(IMAGES, len(members)), replace=False))
        for axes in row:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for axes, index in zip(row, picked, strict=False):
            _show(axes, np.asarray(images[index]))
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, fontsize=style.size(9))
    extent = f"{images.shape[2]}×{images.shape[3]} pixels" if len(images) else "no images"
    if len(images) and images.shape[1] not in (1, RGB):
        extent += f" of {images.shape[1]} channels, whose mean is shown"
    style.heading(
        figure,
        f"{names.data_title(prepared.name)}: training images",
        f"{len(labels):,} images of {everything} classes, stored as {extent}"
        + (f"; {len(shown)} classes chosen by chance." if everything > CLASSES else "."),
    )
    return figure


def _show(axes: Axes, image: np.ndarray) -> None:
    """Show one image C,H,W, by the mean of its channels if it is neither grey nor RGB; small ones keep their pixels."""
    smoothing = "nearest" if max(image.shape[1:]) <= 64 else "antialiased"
    if len(image) != RGB:
        axes.imshow(image.mean(axis=0), cmap="gray", vmin=0, vmax=255, interpolation=smoothing)
    else:
        axes.imshow(image.transpose(1, 2, 0), interpolation=smoothing)


def _class_name(name: str, longest: int = 18) -> str:
    """The first of a class's names (ImageNet gives several), cut to what the margin holds."""
    first = name.split(",")[0].replace("_", " ")
    return names.literal(first if len(first) <= longest else first[: longest - 1] + "…")
