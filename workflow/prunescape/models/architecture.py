"""An architecture as data: enough JSON to build a network again, pruned or not; never a pickle."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from prunescape.errors import UserError
from prunescape.io.files import read_json, remedy, write_json
from prunescape.models.catalogue import lookup

INSIDE_BLOCKS, ALL = "inside-blocks", "all"


@dataclass(frozen=True)
class Origin:
    """The origin of a network that is not in the catalogue: the user's own, or another library's.

    Attributes:
        target: "package.module:function", "torchvision:name" or "timm:name".
        kwargs: what the function is given beside classes and channels; plain JSON values.
        prunable: which channels may be pruned: "inside-blocks" or "all"; see `prunescape.pruning.graph`.
    """

    target: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    prunable: str = INSIDE_BLOCKS

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "Origin | None":
        """The origin in a model's section of the config; None for a network of the catalogue."""
        if section["import"] is None:
            return None
        return cls(section["import"], dict(section["kwargs"]), section["prunable"])


@dataclass(frozen=True)
class Architecture:
    """A network without its weights.

    Attributes:
        name: the model's name in the catalogue, or in the config where it has an origin.
        input_shape: (channels, height, width) of one image, in pixels.
        classes: number of classes.
        layers: the sizes of each layer that pruning has changed, by its name, as its attributes are called
            ({"blocks.0.conv1": {"out_channels": 12}}); layers that are not named have those of the dense network.
        width: neurons of every hidden layer, of networks that come in any width; None takes their own.
        flops: of one forward pass of one image, where known: a note of what it costs, no part of what it is.
        parameters, activations: numbers that it learns, and that its layers give for one image: notes likewise.
        flops_with_norms: FLOPs with batch norm and rectifiers, as the thesis' Table 3.2 counts: a note likewise.
        origin: of a network that is not in the catalogue.
        ignored_layers: names of modules whose channels are never pruned; None takes the catalogue's.
    """

    name: str
    input_shape: tuple[int, int, int]
    classes: int
    layers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    width: int | None = None
    flops: int | None = field(default=None, compare=False)
    origin: Origin | None = None
    ignored_layers: tuple[str, ...] | None = None
    parameters: int | None = field(default=None, compare=False)
    activations: int | None = field(default=None, compare=False)
    flops_with_norms: int | None = field(default=None, compare=False)

    @property
    def target(self) -> str:
        """The network's name in messages: that in the catalogue, or the function that is imported."""
        return self.name if self.origin is None else self.origin.target

    @property
    def prunable(self) -> str:
        """The kind of channels that may be pruned: "inside-blocks" or "all"; see `prunescape.pruning.graph`."""
        return INSIDE_BLOCKS if self.origin is None else self.origin.prunable

    @property
    def ignored(self) -> tuple[str, ...]:
        """Names of the modules whose channels are never pruned."""
        if self.ignored_layers is None and self.origin is None:
            return lookup(self.name).ignored_layers
        return self.ignored_layers or ()

    def to_json(self) -> dict[str, Any]:
        """The architecture as plain JSON values."""
        value: dict[str, Any] = {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "layers": {name: dict(sizes) for name, sizes in self.layers.items()},
            "flops": self.flops,
        }
        more = {
            "width": self.width,
            "parameters": self.parameters,
            "activations": self.activations,
            "flops_with_norms": self.flops_with_norms,
            "origin": None if self.origin is None else asdict(self.origin),
            "ignored_layers": None if self.ignored_layers is None else list(self.ignored_layers),
        }
        return value | {key: entry for key, entry in more.items() if entry is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Architecture":
        """The architecture that `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it wrote something else.
        """
        channels, height, width = value["input_shape"]
        given = {**value, "input_shape": (channels, height, width)}
        if "origin" in value:
            given["origin"] = Origin(**value["origin"])
        if "ignored_layers" in value:
            given["ignored_layers"] = tuple(value["ignored_layers"])
        return cls(**given)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the architecture as JSON, atomically."""
        write_json(path, self.to_json())


def load_architecture(path: str | os.PathLike[str]) -> Architecture:
    """Read an architecture.

    Raises:
        UserError: the file is missing or does not describe one.
    """
    value = read_json(path)
    if "widths" in value:
        raise UserError(f"{path}: an architecture as an earlier version of prunescape wrote it; {remedy(path)}")
    try:
        return Architecture.from_json(value)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not an architecture ({error!r}); {remedy(path)}") from None
