"""The config's rules that compare several keys or need the catalogues: which there are, and those of no single study.

A rule is a generator of mistakes. Where it reads a key that is mistaken by itself, it ends and has nothing to add.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from prunescape.config import grid_checks, network_checks, study_checks
from prunescape.config.coherence import Coherence
from prunescape.config.config import Config
from prunescape.config.data import Data
from prunescape.config.messages import Mistakes, Path, shown, suggestion
from prunescape.config.section import Unreadable
from prunescape.hpspace.lattice import THESIS
from prunescape.lanes import LANE_ALIGNMENT
from prunescape.statistics.looks import MOST_SEEDS, looks

# Rules about each network.
OF_NETWORK = (
    network_checks.ratios,
    network_checks.cell,
    network_checks.pipelines,
    network_checks.weights,
    grid_checks.batches,
    grid_checks.lengths,
)
Rule = Callable[[Config], Mistakes]
Further = Callable[[Collection[str]], Iterable[Rule]]
FOLDERS, ARRAYS = "image_folder", "arrays"
# Keys that only some data sets use.
USED_BY = {
    "image_size": (FOLDERS,),
    "color_mode": (FOLDERS,),
    "validation_fraction": (FOLDERS, ARRAYS),
    "flip": (FOLDERS, ARRAYS),
}
NEED_DIRECTORY = ("imagenet", FOLDERS, ARRAYS)


def no_further(models: Collection[str]) -> Iterable[Rule]:  # noqa: ARG001 - as `Further` has it
    """No rules beside those of the config itself."""
    return ()


def crossed(
    config: Config, known_models: Collection[str], known_data_sets: Collection[str], further: Further = no_further
) -> Mistakes:
    """The mistakes between keys, each as the key's path and what is wrong.

    Args:
        config: with its defaults filled in; what is mistaken by itself is not there.
        known_models: names that `models` may use.
        known_data_sets: names that `data.name` may be.
        further: gives rules that know more than names, of the names of the config's networks.
    """
    models = vars(config).get("models", {})
    for rule in (*_rules(config, known_models, known_data_sets), *further(models)):
        with suppress(Unreadable):
            yield from rule(config)


def _rules(config: Config, known_models: Collection[str], known_data_sets: Collection[str]) -> Iterator[Rule]:
    """The rules in the order in which mistakes are told; only they read in sections, where keys may be missing."""
    there = vars(config)  # without the sections that are mistaken as a whole
    models = list(there.get("models", ()))
    yield partial(_data, known=known_data_sets)
    yield _directory
    yield from (partial(_own_images_option, key=key) for key in USED_BY)
    yield from (
        _batch,
        _decay,
        _warmup,
        grid_checks.size,
        grid_checks.tile,
        grid_checks.names,
        _roi,
        _risk_roi,
        _grid_seeds,
        _confirm,
        grid_checks.exploration,
        grid_checks.whole,
        grid_checks.policy,
    )
    yield partial(_lanes, path=("engine", "lanes"))
    yield from (partial(_bounds, path=("extension", axis.name)) for axis in THESIS)
    yield from (partial(grid_checks.bounds, place=place) for place in range(2))
    yield from (partial(grid_checks.prior, model=model, place=place) for model in models for place in range(2))
    yield from (partial(rule, model=model) for model in models for rule in OF_NETWORK)
    yield from (network_checks.folders, network_checks.rewind, network_checks.steps)
    if study := there.get("stochastic"):
        yield from (partial(rule, study=study) for rule in (study_checks.held_out, study_checks.shown))
        yield partial(_lanes, path=("stochastic", "lanes"))
        yield from (partial(_bounds, path=("stochastic", "search", axis)) for axis in ("sigma", "gamma"))
    if study := there.get("mechanism"):
        yield partial(_lanes, path=("mechanism", "lanes"))
        rules = (study_checks.measured_epochs, study_checks.chosen_subsets, study_checks.planes)
        yield from (partial(rule, study=study) for rule in rules)
    if study := there.get("coherence"):
        yield partial(_lanes, path=("coherence", "lanes"))
        yield partial(_lanes_of_networks, study=study)
        yield partial(study_checks.networks, study=study, catalogue=known_models)
        yield from (partial(rule, study=study) for rule in (study_checks.samples, study_checks.early_epochs))
    yield from (partial(network_checks.known, model=model, catalogue=known_models) for model in models)
    yield from (partial(network_checks.imported, model=model, catalogue=known_models) for model in models)
    yield from (partial(network_checks.not_imported, model=model) for model in models)


def _data(config: Config, known: Collection[str]) -> Mistakes:
    name = config.data.name
    if name not in known:
        yield ("data", "name"), f"unknown data set {shown(name)}; {suggestion(name, known)}"


def _directory(config: Config) -> Mistakes:
    name = config.data.name
    if name in NEED_DIRECTORY and config.data.directory is None:
        yield ("data", "directory"), f"is null, but {name} is never downloaded; write the folder of your copy"


def _own_images_option(config: Config, key: str) -> Mistakes:
    name = config.data.name
    # The default is let through, so that a config written out whole can be read again.
    if name not in USED_BY[key] and getattr(config.data, key) != Data.model_fields[key].default:
        users = " and ".join(USED_BY[key])
        only = f"only {users} {'uses' if len(USED_BY[key]) == 1 else 'use'} this"
        yield ("data", key), f"{only}, and data.name is {shown(name)}; remove the line"


def _batch(config: Config) -> Mistakes:
    path: Path = ("recipe", "batch_size")
    batch, size = config.recipe.batch_size, config.data.train_size
    if size is not None and batch > size:
        yield path, f"is {batch}, more than data.train_size = {size}; write at most {size}"


def _decay(config: Config) -> Mistakes:
    path: Path = ("recipe", "decay_epochs")
    decays = list(config.recipe.decay_epochs)
    if decays != sorted(decays):
        yield path, f"is {shown(decays)}; write it in increasing order: {shown(sorted(decays))}"
    epochs = config.recipe.epochs
    late = [epoch for epoch in decays if epoch >= epochs]
    if late:
        yield path, f"{late[0]} is not before the end, recipe.epochs = {epochs}; write epochs below {epochs}"


def _warmup(config: Config) -> Mistakes:
    warmup, epochs = config.recipe.warmup_epochs, config.recipe.epochs
    if warmup >= epochs:
        text = (
            f"{warmup} leaves no epoch at the full learning rate, recipe.epochs = {epochs}; write at most {epochs - 1}"
        )
        yield ("recipe", "warmup_epochs"), text


def _at(config: Config, path: tuple[str, ...]) -> Any:
    section: Any = config
    for name in path:
        section = section[name] if isinstance(section, Mapping) else getattr(section, name)
    return section


def _bounds(config: Config, path: tuple[str, ...]) -> Mistakes:
    low, high = _at(config, path)
    if low >= high:
        yield path, f"{shown(low)} is not below {shown(high)}; write [lowest, highest]"


def _roi(config: Config) -> Mistakes:
    roi = list(config.analysis.roi)
    if roi != sorted(roi):
        yield ("analysis", "roi"), f"is {shown(roi)}; write it in increasing order: {shown(sorted(roi))}"


def _risk_roi(config: Config) -> Mistakes:
    path: Path = ("analysis", "risk_roi")
    roi, risk = list(config.analysis.roi), config.analysis.risk_roi
    if risk not in roi:
        yield path, f"{shown(risk)} is not in analysis.roi = {shown(roi)}; add it there, or choose from there"


def _grid_seeds(config: Config) -> Mistakes:
    """No more seeds for the grid than there are."""
    wanted, there = config.grid.seeds, len(config.seeds)
    if isinstance(wanted, int) and wanted > there:
        yield ("grid", "seeds"), f"is {wanted}, and seeds has {there}; write at most {there}, or null for all"


def _confirm(config: Config) -> Mistakes:
    """The most seeds of the confirmation are those of a look."""
    most = config.verdict.confirm
    if most is not None and most not in looks(most):
        near = max(looks(most))
        more = f" or {2 * near}" if near < MOST_SEEDS else ""
        yield ("verdict", "confirm"), f"is {most}, and is looked at 5, 10, 20, 40, ... seeds; write {near}{more}"


def _lanes(config: Config, path: tuple[str, ...]) -> Mistakes:
    lanes: int | None = _at(config, path)
    if lanes is not None and lanes > 1 and lanes % LANE_ALIGNMENT and config.engine.device != "cuda":
        near = max(LANE_ALIGNMENT, round(lanes / LANE_ALIGNMENT) * LANE_ALIGNMENT)
        yield path, f"{lanes} would let a cell's neighbours change its last bits on a CPU; write 1 or {near}"


def _lanes_of_networks(config: Config, study: Coherence) -> Mistakes:
    for name in study.models:
        yield from _lanes(config, path=("coherence", "models", name, "lanes"))
