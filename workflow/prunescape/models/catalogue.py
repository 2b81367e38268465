"""The catalogue of networks. Light: read while the Snakefile is parsed, so no torch here."""

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
        lanes: whether all its layers have a version for lanes; else several train as one by vmap.
        inputs_seen: whether each layer is called by itself, so that its inputs can be seen; torch's attention does not.
        ignored_layers: names of modules whose channels structured pruning leaves alone, beside the first layer's, the
            outputs, and the residual stream: those that the classifier reads, of MobileNetV2 also those between blocks
            without a shortcut, and all of networks that are not of convolutions. A module stands for all inside.
    """

    name: str
    module: str
    smallest_image: int
    batch_norm: bool = True
    channels: bool = True
    lanes: bool = True
    inputs_seen: bool = True
    ignored_layers: tuple[str, ...] = ()


CATALOGUE: dict[str, ModelInfo] = {
    info.name: info
    for info in [
        ModelInfo("small_resnet", "cifar_resnet", 8),
        *(ModelInfo(f"resnet{depth}", "cifar_resnet", 16) for depth in (20, 32, 44, 56, 110)),
        ModelInfo("vanilla_cnn", "vanilla_cnn", 4, batch_norm=False, ignored_layers=("features.14",)),
        ModelInfo(
            "mobilenetv2",
            "mobilenet",
            16,
            ignored_layers=("features.1.conv.2", "features.17.conv.2", "features.18"),
        ),
        ModelInfo("resnet50", "imagenet_resnet", 64),
        ModelInfo("mlp", "mlp", 1, batch_norm=False, channels=False, ignored_layers=("fc2", "fc3", "fc4")),
        *(
            ModelInfo(
                name,
                "vit",
                patch,
                batch_norm=False,
                channels=False,
                lanes=False,
                inputs_seen=False,
                ignored_layers=("encoder",),
            )
            for name, patch in (("vit", 4), ("small_vit", 2))
        ),
        ModelInfo("vit_small", "transformer", 8, batch_norm=False, lanes=False),
        *(ModelInfo(f"{base}_cifar", "cifar_adapted", 16) for base in ("resnet18", "resnet50")),
        ModelInfo("vgg19_cifar", "cifar_adapted", 16, ignored_layers=("features.49",)),
    ]
}


def lookup(name: str) -> ModelInfo:
    """The entry called `name`.

    Raises:
        UserError: there is none; the message names the nearest one.
    """
    return known(CATALOGUE, "model", name)
