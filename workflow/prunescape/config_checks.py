"""The config's rules that a schema cannot say, because they compare several keys or need the catalogues."""

import math
import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from prunescape import config_axes, config_pruning
from prunescape.config_mistakes import Get, Mistakes, Path, Unreadable, shown, suggestion
from prunescape.hpspace.attainable import degrees_of_freedom, least_draws, least_p
from prunescape.hpspace.axes import THESIS
from prunescape.lanes import LANE_ALIGNMENT

ONLY_IMAGE_FOLDER = {"image_size": None, "validation_fraction": 0.1, "flip": None}
NEED_DIRECTORY = ("imagenet", "image_folder")
ONLY_IMPORTED: dict[str, Any] = {"kwargs": {}, "prunable": "inside-blocks"}
MOST_DRAWS = 100_000  # as the schema allows
MOST_SEEDS = 1000  # that are looked through for enough
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")


def crossed(
    config: dict[str, Any],
    broken: Collection[Path],
    known_models: Collection[str],
    known_data_sets: Collection[str],
) -> Mistakes:
    """Every mistake between keys, each as the key's path and what is wrong.

    Args:
        config: the config with its defaults filled in, as far as it could be read.
        broken: paths in which a mistake was found already.
        known_models: names that `models` may use.
        known_data_sets: names that `data.name` may be.
    """
    get = _reader(config, broken)
    models = config.get("models")
    names = list(models) if isinstance(models, dict) else []
    checks: list[Callable[[Get], Mistakes]] = [partial(_data, known=known_data_sets), _directory]
    checks += [partial(_folder_option, key=key) for key in ONLY_IMAGE_FOLDER]
    checks += [
        _batch,
        _decay,
        config_axes.size,
        config_axes.tile,
        config_axes.names,
        _roi,
        _risk_roi,
        _decidable,
        partial(_lanes, section="engine"),
    ]
    checks += [partial(_bounds, path=("extension", axis.name)) for axis in THESIS]
    checks += [partial(config_axes.bounds, place=place) for place in range(2)]
    checks += [partial(config_axes.prior, model=name, place=place) for name in names for place in range(2)]
    checks += [partial(of_model, model=name) for name in names for of_model in OF_MODEL]
    checks += [config_pruning.rewind, config_pruning.steps]
    if config.get("stochastic") is not None:
        checks += [_held_out, partial(_lanes, section="stochastic")]
        checks += [partial(_bounds, path=("stochastic", "search", axis)) for axis in ("sigma", "gamma")]
    if config.get("mechanism") is not None:
        checks += [partial(_lanes, section="mechanism"), _measured_epochs, _planes]
    if config.get("coherence") is not None:
        checks += [partial(_lanes, section="coherence"), partial(_studied, known=known_models), _samples, _early]
    sections = models if isinstance(models, dict) else {}
    imported = [name for name in names if isinstance(sections[name], dict) and sections[name].get("import") is not None]
    for name in (name for name in names if name not in known_models and name not in imported):
        elsewhere = "; or import it from elsewhere, as with import: torchvision:resnet18 (docs/own-network.md)"
        yield ("models", name), f"unknown model {shown(name)}; {suggestion(name, known_models)}{elsewhere}"
    checks += [partial(_imported, model=name, known=known_models) for name in imported]
    checks += [partial(_not_imported, model=name) for name in names if name not in imported]
    for check in checks:
        try:
            yield from check(get)
        except Unreadable:
            continue


def _reader(config: dict[str, Any], broken: Collection[Path]) -> Get:
    """A function that looks up `get("grid", "size")`, or raises `Unreadable` where that has a mistake."""

    bad = set(broken)
    above = {path[:length] for path in bad for length in range(len(path))}

    def get(*path: str | int) -> Any:
        if path in above or any(path[:length] in bad for length in range(len(path) + 1)):
            raise Unreadable
        value: Any = config
        for part in path:
            value = value[part]
        return value

    return get


def _data(get: Get, known: Collection[str]) -> Mistakes:
    name = get("data", "name")
    if name not in known:
        yield ("data", "name"), f"unknown data set {shown(name)}; {suggestion(name, known)}"


def _directory(get: Get) -> Mistakes:
    name = get("data", "name")
    if name in NEED_DIRECTORY and get("data", "directory") is None:
        yield ("data", "directory"), f"is null, but {name} is never downloaded; write the folder of your copy"


def _folder_option(get: Get, key: str) -> Mistakes:
    name = get("data", "name")
    # The default is let through, so that a config written out whole can be read again.
    if name != "image_folder" and get("data", key) != ONLY_IMAGE_FOLDER[key]:
        yield ("data", key), f"only image_folder uses this, and data.name is {shown(name)}; remove the line"


def _batch(get: Get) -> Mistakes:
    path: Path = ("recipe", "batch_size")
    batch, size = get(*path), get("data", "train_size")
    if size is not None and batch > size:
        yield path, f"is {batch}, more than data.train_size = {size}; write at most {size}"


def _decay(get: Get) -> Mistakes:
    path: Path = ("recipe", "decay_epochs")
    decays = get(*path)
    if decays != sorted(decays):
        yield path, f"is {shown(decays)}; write it in increasing order: {shown(sorted(decays))}"
    epochs = get("recipe", "epochs")
    late = [epoch for epoch in decays if epoch >= epochs]
    if late:
        yield path, f"{late[0]} is not before the end, recipe.epochs = {epochs}; write epochs below {epochs}"


def _bounds(get: Get, path: Path) -> Mistakes:
    low, high = get(*path)
    if low >= high:
        yield path, f"{shown(low)} is not below {shown(high)}; write [lowest, highest]"


def _roi(get: Get) -> Mistakes:
    roi = get("analysis", "roi")
    if roi != sorted(roi):
        yield ("analysis", "roi"), f"is {shown(roi)}; write it in increasing order: {shown(sorted(roi))}"


def _risk_roi(get: Get) -> Mistakes:
    path: Path = ("analysis", "risk_roi")
    roi, risk = get("analysis", "roi"), get(*path)
    if risk not in roi:
        yield path, f"{shown(risk)} is not in analysis.roi = {shown(roi)}; add it there, or choose from there"


def _decidable(get: Get) -> Mistakes:
    """The tests of the verdict can decide something, with as many draws and seeds as there are."""
    seeds, draws, level = len(get("seeds")), get("analysis", "draws"), get("verdict", "level")
    if seeds == 1:
        return  # no test at all, which the verdict says
    options = ("methods", "criteria", "pipelines", "ratios")
    networks = {name: 1 + math.prod(len(get("models", name, option)) for option in options) for name in get("models")}
    model = min(networks, key=lambda name: networks[name])
    degrees = degrees_of_freedom(seeds, networks[model])
    if least_p(draws, degrees) <= level:
        return
    what = f"nothing can be decided of {model}, {networks[model]} networks with {seeds} seeds"

    def above(least: float) -> str:
        return f"no p-value is below {least:.2g}, and verdict.level is {shown(level)}"

    enough = least_draws(level, degrees, MOST_DRAWS)
    if enough is not None:
        text = f"{draws} are too few: {what}: {above(least_p(draws, degrees))}; write at least {enough}"
        yield ("analysis", "draws"), text
        return
    least = least_p(MOST_DRAWS, degrees)
    more = (n for n in range(seeds, MOST_SEEDS) if least_p(draws, degrees_of_freedom(n, networks[model])) <= level)
    remedy = next((f"train at least {n} seeds, or write" for n in more), "write")
    raised = math.ceil(1000 * least_p(draws, degrees)) / 1000
    text = f"{what}: with {MOST_DRAWS:,} draws still {above(least)}; {remedy} a verdict.level of at least {raised:g}"
    yield ("seeds",), text


def _imported(get: Get, model: str, known: Collection[str]) -> Mistakes:
    path: Path = ("models", model)
    get(*path, "import")
    if model in known:
        yield path, "is the name of a network of the catalogue; give the imported one another name"
    elif not OWN_NAME.fullmatch(model):
        yield path, "names a folder; use letters, digits, '_' and '-', and begin with a letter"
    for study in ("stochastic", "mechanism"):
        if get(study) is not None:
            yield (study,), f"works on networks of the catalogue, and models.{model} is imported; remove one of them"
    if get("engine", "strategy") == "graphed":
        remedy = "write auto, fused or serial"
        yield ("engine", "strategy"), f"graphed is for networks of the catalogue, and models.{model} is not; {remedy}"


def _not_imported(get: Get, model: str) -> Mistakes:
    for key, default in ONLY_IMPORTED.items():
        if get("models", model, key) != default:
            yield ("models", model, key), "only an imported network uses this; add its 'import:', or remove the line"


def _lanes(get: Get, section: str) -> Mistakes:
    lanes = get(section, "lanes")
    if lanes is not None and lanes > 1 and lanes % LANE_ALIGNMENT and get("engine", "device") != "cuda":
        near = max(LANE_ALIGNMENT, round(lanes / LANE_ALIGNMENT) * LANE_ALIGNMENT)
        yield (
            (section, "lanes"),
            f"{lanes} would let a cell's neighbours change its last bits on a CPU; write 1 or {near}",
        )


def _held_out(get: Get) -> Mistakes:
    path: Path = ("stochastic", "held_out")
    held, size, batch = get(*path), get("data", "train_size"), get("recipe", "batch_size")
    if size is not None and size - held < batch:
        left = f"of data.train_size = {size} leaves less than a batch to train on ({batch})"
        yield path, f"{held} {left}; " + (f"write at most {size - batch}" if size > batch else "take more images")


def _cell(get: Get, model: str) -> Mistakes:
    path: Path = ("models", model, "stochastic", "cell")
    cell = get(*path)
    if cell is not None and cell[0] >= 1:
        yield path, f"removes {shown(cell[0])} of the weights; write [gamma, sigma] with gamma below 1"


def _measured_epochs(get: Get) -> Mistakes:
    path: Path = ("mechanism", "measured_epochs")
    wanted, epochs = get(*path), get("recipe", "epochs")
    late = [epoch for epoch in wanted or [] if epoch > epochs]
    if late:
        yield path, f"{late[0]} is after the end, recipe.epochs = {epochs}; write at most {epochs}"


def _planes(get: Get) -> Mistakes:
    path: Path = ("mechanism", "surface", "cycles")
    wanted, cycles = get(*path), get("mechanism", "cycles", "number")
    late = [cycle for cycle in wanted or [] if cycle > cycles]
    if late:
        yield path, f"there is no cycle {late[0]}, mechanism.cycles.number = {cycles}; write at most {cycles}"


def _studied(get: Get, known: Collection[str]) -> Mistakes:
    for name in get("coherence", "models") or {}:
        if name not in known:
            yield ("coherence", "models", name), f"unknown model {shown(name)}; {suggestion(name, known)}"


def _samples(get: Get) -> Mistakes:
    path: Path = ("coherence", "samples")
    samples, size = get(*path), get("data", "train_size")
    if samples is not None and size is not None and samples > size:
        yield path, f"is {samples}, more than data.train_size = {size}; write at most {size}, or null for all"


def _early(get: Get) -> Mistakes:
    path: Path = ("coherence", "early_epochs")
    early, measured = get(*path), get("coherence", "measured_epochs")
    missing = [epoch for epoch in early or [] if measured is not None and epoch not in measured]
    if missing:
        yield path, f"{missing[0]} is not in coherence.measured_epochs; add it there, or choose from there"


OF_MODEL = (config_pruning.ratios, _cell, config_pruning.pipelines, config_axes.batches, config_axes.lengths)
