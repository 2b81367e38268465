"""Which networks there are. Light: read while the Snakefile is parsed, so no torch here."""

from dataclasses import dataclass

from prunescape.errors import known


@dataclass(frozen=True)
class ModelInfo:
    """A network by name.

    Attributes:
        name: the key under `models:` in the config.
        module: its module in `prunescape.models`, and so the code that its results depend on.
        smallest_image: the smallest image side, in pixels, that its down-sampling leaves anything of.
        batch_norm: whether it has batch norm.
        channels: whether it has channels that structured pruning may remove.
        lanes: whether several of it can be trained as one network.
    """

    name: str
    module: str
    smallest_image: int
    batch_norm: bool = True
    channels: bool = True
    lanes: bool = True


CATALOG: dict[str, ModelInfo] = {
    info.name: info
    for info in [
        ModelInfo("small_resnet", "cifar_resnet", 8),
        *(ModelInfo(f"resnet{depth}", "cifar_resnet", 16) for depth in (20, 32, 44, 56, 110)),
        ModelInfo("vanilla_cnn", "vanilla_cnn", 4, batch_norm=False),
        ModelInfo("mobilenetv2", "mobilenet", 16),
        ModelInfo("resnet50", "imagenet_resnet", 64),
        ModelInfo("mlp", "mlp", 1, batch_norm=False, channels=False),
        *(
            ModelInfo(name, "vit", patch, batch_norm=False, channels=False, lanes=False)
            for name, patch in (("vit", 4), ("small_vit", 2))
        ),
        *(ModelInfo(f"{base}_cifar", "cifar_adapted", 16) for base in ("resnet18", "resnet50", "vgg19")),
    ]
}


def lookup(name: str) -> ModelInfo:
    """The entry called `name`.

    Raises:
        UserError: there is none; the message names the nearest one.
    """
    return known(CATALOG, "model", name)
