"""An architecture as data: enough JSON to build a network again, pruned or not; never a pickle."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from prunescape.errors import UserError
from prunescape.io.files import read_json, remedy, write_json


@dataclass(frozen=True)
class Origin:
    """Where a network that is not in the catalog comes from: the user's own, or another library's.

    Attributes:
        target: "package.module:function", "torchvision:name" or "timm:name".
        kwargs: what the function is given beside classes and channels; plain JSON values.
        prunable: which channels may be pruned: "inside-blocks" or "all"; see `prunescape.pruning.graph`.
    """

    target: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    prunable: str = "inside-blocks"

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "Origin | None":
        """From a model's section of the config; None for a network of the catalog."""
        if section["import"] is None:
            return None
        return cls(section["import"], dict(section["kwargs"]), section["prunable"])


@dataclass(frozen=True)
class Architecture:
    """A network without its weights.

    Attributes:
        name: the model's name in the catalog, or in the config where it has an origin.
        input_shape: (channels, height, width) of one image, in pixels.
        classes: number of classes.
        widths: channels kept, by the name of the convolution that makes them; a convolution that is not named keeps
        all.
        width: neurons of every hidden layer, of networks that come in any width; None takes their own.
        flops: of one forward pass of one image, where known: a note of what it costs, no part of what it is.
        parameters, activations: numbers that it learns, and that its layers give for one image: notes likewise.
        origin: of a network that is not in the catalog.
        layers: of such a network, pruned: the sizes of every layer that pruning made smaller, by its name, as its
            attributes are called ({"layer1.0.conv1": {"out_channels": 12}}); `widths` are then but a summary.
    """

    name: str
    input_shape: tuple[int, int, int]
    classes: int
    widths: Mapping[str, int] = field(default_factory=dict)
    width: int | None = None
    flops: int | None = field(default=None, compare=False)
    origin: Origin | None = None
    layers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    parameters: int | None = field(default=None, compare=False)
    activations: int | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The architecture as plain JSON values."""
        named = {} if self.width is None else {"width": self.width}
        value: dict[str, Any] = {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "widths": dict(self.widths),
            **named,
            "flops": self.flops,
        }
        notes = {"parameters": self.parameters, "activations": self.activations}
        value |= {name: count for name, count in notes.items() if count is not None}
        if self.origin is not None:
            value |= {"origin": asdict(self.origin), "layers": {name: dict(size) for name, size in self.layers.items()}}
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Architecture":
        """The architecture that `to_json` wrote."""
        channels, height, width = value["input_shape"]
        shape, widths = (channels, height, width), dict(value["widths"])
        origin = Origin(**value["origin"]) if "origin" in value else None
        layers = value.get("layers", {})
        return cls(
            value["name"],
            shape,
            value["classes"],
            widths,
            value.get("width"),
            value.get("flops"),
            origin,
            layers,
            value.get("parameters"),
            value.get("activations"),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as JSON, atomically."""
        write_json(path, self.to_json())


def load_architecture(path: str | os.PathLike[str]) -> Architecture:
    """Read an architecture.

    Raises:
        UserError: the file is missing or does not describe one.
    """
    try:
        return Architecture.from_json(read_json(path))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not an architecture ({error!r}); {remedy(path)}") from None
