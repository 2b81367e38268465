"""An architecture as data: enough JSON to build a network again, pruned or not; never a pickle."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prunescape.errors import UserError
from prunescape.files import read_json, remedy, write_json


@dataclass(frozen=True)
class Architecture:
    """A network without its weights.

    Attributes:
        name: the model's name in the catalog.
        input_shape: (channels, height, width) of one image, in pixels.
        classes: number of classes.
        widths: channels kept, by the name of the convolution that makes them; a convolution that is not named keeps
        all.
        width: neurons of every hidden layer, of networks that come in any width; None takes their own.
        flops: of one forward pass of one image, where known: a note of what it costs, no part of what it is.
    """

    name: str
    input_shape: tuple[int, int, int]
    classes: int
    widths: Mapping[str, int] = field(default_factory=dict)
    width: int | None = None
    flops: int | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The architecture as plain JSON values."""
        named = {} if self.width is None else {"width": self.width}
        return {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "widths": dict(self.widths),
            **named,
            "flops": self.flops,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Architecture":
        """The architecture that `to_json` wrote."""
        channels, height, width = value["input_shape"]
        shape, widths = (channels, height, width), dict(value["widths"])
        return cls(value["name"], shape, value["classes"], widths, value.get("width"), value.get("flops"))

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
