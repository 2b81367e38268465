"""A first config for a network and images, with a comment on each choice that a user may want to change."""

import re
import statistics
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import yaml

from prunescape.config.messages import shown
from prunescape.config.network_checks import OWN_NAME, OWN_NAME_WORDS
from prunescape.config.reading import read
from prunescape.data.catalogue import CATALOGUE
from prunescape.data.layout import read_layout
from prunescape.data.own_files import count_images
from prunescape.errors import UserError
from prunescape.plan.plan import Plan

SCHEMA = "config.schema.json"  # beside the config, so that the folder can be moved
LOOKED_AT = 50  # images whose size is looked at
SIZES = (32, 48, 64, 96, 128, 256)  # pixels; larger than 64 are cropped to 7/8 when they are read
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
FEW = 5000  # training images below which batches are small
HELD_OUT = 0.2  # where a folder has no validation split, as `data.validation_fraction` says


@dataclass(frozen=True)
class FirstConfig:
    """The choices of a user, from which a config is written.

    Attributes:
        run: the run's name.
        network: a name of the catalogue, or `package.module:function`.
        data: a name of the catalogue, or a folder of images or of arrays.
        weights: a file with the trained network's weights; None trains the network.
        learning_rate, weight_decay: those that the network is trained with; None takes what is customary.
        name: of the network in results; None takes that of the network or its function.
    """

    run: str
    network: str
    data: str
    weights: str | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    name: str | None = None


def written(given: FirstConfig) -> str:
    """The text of the config; it has been read as a run would read it.

    Raises:
        UserError: network or images are not there, or do not go together, or the name is none.
    """
    _check_name(given)
    data, images = _data(given.data)
    text = _text(given, data, images)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(text, encoding="utf-8")
        Plan(read(file))
    return text


def _check_name(given: FirstConfig) -> None:
    if given.name is None or given.name == given.network:
        return
    if ":" not in given.network:
        raise UserError(f"--name: a network of the catalogue keeps its own, {given.network}; leave it out")
    if not OWN_NAME.fullmatch(given.name):
        raise UserError(f"--name: is {shown(given.name)}; {OWN_NAME_WORDS}")


def _data(name: str) -> tuple[list[str], int | None]:
    """The lines of the section `data`, and the number of training images where it is known."""
    if name in CATALOGUE and CATALOGUE[name].module not in ("folders", "arrays"):
        return [f"  name: {name}"], count_images(name, None, HELD_OUT)[0]
    folder = Path(name).expanduser()
    if not folder.is_dir():
        named = [key for key, info in CATALOGUE.items() if info.module not in ("folders", "arrays")]
        raise UserError(f"{name}: no folder, and none of {', '.join(named)}; name a folder with a folder a class")
    if (folder / "train_images.npy").is_file():
        return ["  name: arrays", f"  directory: {_quoted(name)}"], count_images("arrays", name, HELD_OUT)[0]
    layout = read_layout(folder)
    side = _side(folder)
    stored = max((size for size in SIZES if size <= side), default=SIZES[0])
    lines = [
        "  name: image_folder",
        f"  directory: {_quoted(name)}  # {len(layout.classes)} classes: {', '.join(layout.classes[:4])}"
        + (", ..." if len(layout.classes) > 4 else ""),
        f"  image_size: {stored}  # pixels; the shorter side of yours is about {side}",
    ]
    return lines, count_images("image_folder", name, HELD_OUT)[0]


def _side(folder: Path) -> int:
    """The shorter side of a folder's images, in pixels: the median of the first ones."""
    from PIL import Image

    sides = []
    files = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in ENDINGS)
    for path in islice(files, LOOKED_AT):
        try:
            with Image.open(path) as image:
                sides.append(min(image.size))
        except OSError:  # `snakemake check` tells of it
            continue
    return int(statistics.median(sides)) if sides else SIZES[0]


def _text(given: FirstConfig, data: list[str], images: int | None) -> str:
    is_imported = ":" in given.network
    name = given.name or (re.sub(r"\W", "_", given.network.rpartition(":")[2]) if is_imported else given.network)
    few = images is not None and images < FEW
    guesses = {"learning_rate": 0.05 if is_imported else 0.1, "weight_decay": 0.0005}
    guessed = [name.replace("_", " ") for name in guesses if getattr(given, name) is None]
    rate, decay = (guess if getattr(given, of) is None else getattr(given, of) for of, guess in guesses.items())
    epochs = 40 if few else 60
    model = []
    if is_imported:
        model.append(f"    import: {_quoted(given.network)}")
        model.append("    # kwargs: {width: 16}  # what the function is given beside num_classes and in_channels")
    if given.weights:
        model.append(f"    weights: {_quoted(given.weights)}  # of the trained network; pruning starts from it")
    guess = "these are a guess" if len(guessed) > 1 else f"the {''.join(guessed)} is a guess"
    yours = f"PUT THOSE HERE THAT YOU TRAIN WITH ({guess})" if guessed else "Yours"
    model += [
        f"    # {yours}: must they be tuned again after pruning?",
        f"    learning_rate: {rate!r}",
        f"    weight_decay: {_number(decay)}",
        f"    pipelines: [{'fine_tuning' if given.weights else 'scratch'}]  # also: rate_rewinding, weight_rewinding",
        "    methods: [uniform]  # the same share of every layer; also: non_uniform",
        "    ratios: [0.5]  # the part of the FLOPs that is kept",
    ]
    lines = [
        f"# yaml-language-server: $schema={SCHEMA}",
        "# What does pruning do to this network, and must learning rate and weight decay be tuned again?",
        "# `prunescape check`: does it fit? `plan`: what does it cost? `run`: the answer.",
        "# All keys: docs/config.md of prunescape.",
        f"run: {_quoted(re.sub(r'[^A-Za-z0-9_-]', '_', given.run) or 'study')}  # results go to results/<run>/",
        "",
        "data:",
        *data,
        "",
        "models:",
        f"  {_quoted(name)}:",
        *model,
        "",
        "recipe:  # SGD with momentum; the learning rate is divided by 10 after some epochs",
        f"  epochs: {epochs}",
        f"  batch_size: {32 if few else 128}",
        f"  decay_epochs: [{epochs // 2}, {epochs * 3 // 4}]",
        "",
        "grid:  # the learning rates and weight decays that are tried, around yours",
        "  step: 0.4  # in log10: two or three steps are a factor of ten",
        "  size: [5, 5]  # cells along each; odd, yours is the central one",
        "  tile: [5, 5]  # cells that one job trains",
        "",
        "verdict:",
        "  margin: 1.0  # points of accuracy that make tuning again worth it",
        "  confirm: 20  # what looks best is trained again with up to so many fresh seeds, and only these decide",
        "",
    ]
    return "\n".join(lines)


def _number(value: float) -> str:
    """A number that YAML reads as one: it takes 1e-05 for text."""
    text = repr(value)
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _quoted(text: str) -> str:
    """Text as YAML reads it back."""
    is_plain = re.fullmatch(r"[\w/~.][\w/~.:-]*", text) and yaml.safe_load(text) == text
    return text if is_plain else "'" + text.replace("'", "''") + "'"
