"""Figures inside a page: smaller copies, as data."""

import base64
import io
from typing import Any, NamedTuple

from PIL import Image

from prunescape.figures.names import metric_title, model_title

WIDTH = 1200  # pixels; figures are drawn for print
QUALITY = 78  # of WebP, which every browser has shown since 2020
# What a figure shows, for those who see it on its own: name -> title, caption.
CAPTIONS = {
    "risk": (
        "Performance risk of keeping hyperparameters",
        "What each network loses at the cells that the dense network would have been content with.",
    ),
    "summary": ("At a glance", "Left, the ellipses of all variants in one plane; right, the mean performance risk."),
    "landscape": (
        "Landscapes",
        "Accuracy over both hyperparameters: interpolated above, the trained cells below.",
    ),
    "regret": (
        "What tuning again buys",
        "Points below the own best cell after so many trials, at random or nearest to the dense network's best cell.",
    ),
    "transfer": (
        "Settings of one network used on another",
        "Left, points lost by training a network (column) at the best cell of another (row); right, rank correlation.",
    ),
    "band": ("The optimal band", "The slope of learning rate over weight decay, and the constant of Smith's relation."),
    "curves": ("Training curves", "Accuracy and loss over epochs."),
    "channels": ("Channels kept", "By layer, of each pruned network."),
}


class Picture(NamedTuple):
    """A figure: its name among `CAPTIONS`, the model and metric that it is of, if any, and its PNG file."""

    name: str
    model: str
    metric: str
    path: str


def embedded(picture: Picture) -> dict[str, Any]:
    """A figure of the main job for its page, as `inside` gives it."""
    title, caption = CAPTIONS[picture.name]
    of = [model_title(picture.model) if picture.model else "", metric_title(picture.metric) if picture.metric else ""]
    where = ", ".join(filter(None, of))
    return inside(picture.path, f"{title}: {where}" if where else title, caption)


def inside(path: str, title: str, caption: str) -> dict[str, Any]:
    """A PNG file for a page: `source` (a data: address), `width` and `height` in pixels, `title`, `caption`."""
    image = _small(path)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    source = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    return {"source": source, "width": image.width, "height": image.height, "title": title, "caption": caption}


def _small(path: str) -> Image.Image:
    with Image.open(path) as file:
        image = file.convert("RGB")
    if image.width > WIDTH:
        image = image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)
    return image
