"""The config's rules that need the catalogues of networks and data sets: whether networks are there and fit.

They are told together with the mistakes that the config's own rules find; see `prunescape.config.checks.crossed`.
"""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from prunescape.config.checks import Rule
from prunescape.config.config import Config
from prunescape.config.messages import Mistakes
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.data.own_files import geometry
from prunescape.errors import UserError
from prunescape.models.catalogue import CATALOGUE, ModelInfo
from prunescape.models.external_code import check_import
from prunescape.pruning.settings import OF_INPUTS


def of_networks(models: Collection[str]) -> Iterator[Rule]:
    """The rules about the networks that a config names."""
    yield from (partial(rule, model=model) for model in models for rule in (_weights, _import, _files))
    of_catalogue = (_channels, _ratios, _lanes, _inputs, _batch_norm)
    yield from (partial(rule, model=model) for model in models for rule in of_catalogue)
    yield _some_ratios
    yield from (partial(_size, model=model) for model in models)
    yield _sizes_of_coherence


def _known(config: Config, model: str) -> ModelInfo | None:
    """The catalogue's entry of a network; None of those that are imported or not known."""
    return CATALOGUE.get(model) if config.models[model].import_ is None else None


def _weights(config: Config, model: str) -> Mistakes:
    path = config.models[model].weights
    if path is not None and not Path(path).is_file():
        yield ("models", model, "weights"), f"{path}: no such file; mend its name, or remove the line"


def _import(config: Config, model: str) -> Mistakes:
    if (target := config.models[model].import_) is not None:
        try:
            check_import(target)
        except UserError as error:
            yield ("models", model, "import"), str(error)


def _files(config: Config, model: str) -> Mistakes:
    section = config.models[model]
    for path in section.files if section.import_ is not None else ():
        if not Path(path).exists():
            yield ("models", model, "files"), f"{path}: no such file; mend its name, or remove it"


def _channels(config: Config, model: str) -> Mistakes:
    info = _known(config, model)
    if info is not None and not info.channels and config.models[model].ratios:
        text = "has no channels to prune; name it in coherence.models, write ratios: [] where it is for the study"
        yield ("models", model), f"{text} stochastic, or choose another model"


def _ratios(config: Config, model: str) -> Mistakes:
    if _known(config, model) is not None and not config.models[model].ratios and config.stochastic is None:
        text = "is empty, which only the study stochastic takes; write some, or 'stochastic: {}'"
        yield ("models", model, "ratios"), text


def _lanes(config: Config, model: str) -> Mistakes:
    info = _known(config, model)
    if info is not None and not info.lanes and config.mechanism is not None:
        text = "the study mechanism runs several networks as one, and this one cannot be one of them"
        yield ("models", model), f"{text}; write 'mechanism: null', or choose another model"


def _inputs(config: Config, model: str) -> Mistakes:
    info, study = _known(config, model), config.stochastic
    if info is None or info.inputs_seen or study is None:
        return
    asked = [score for section in (study.sweep, study.grid, study.fine_tuning) for score in section.methods]
    if unseen := next((score for score in asked if score in OF_INPUTS), ""):
        text = f"its attention does not show what goes into its layers, which the score {unseen} needs"
        yield ("models", model), f"{text}; remove it from the methods of stochastic, or choose another model"


def _batch_norm(config: Config, model: str) -> Mistakes:
    info = _known(config, model)
    if info is not None and not info.batch_norm and "bn_scale" in config.models[model].criteria:
        yield ("models", model, "criteria"), f"bn_scale ranks by batch norm, and {model} has none; remove it"


def _some_ratios(config: Config) -> Mistakes:
    sections = config.models.values()
    if sections and not any([section.ratios for section in sections]):  # noqa: C419 - every one must be readable
        yield ("models",), "no network has pruning ratios, and the main job needs one; write ratios of one of them"


def _size(config: Config, model: str) -> Mistakes:
    if (info := _known(config, model)) is not None:
        yield from _too_small(config, info, "models")


def _sizes_of_coherence(config: Config) -> Mistakes:
    for model in () if config.coherence is None else config.coherence.models:
        if model in CATALOGUE and model not in config.models:
            yield from _too_small(config, CATALOGUE[model], "coherence.models")


def _too_small(config: Config, info: ModelInfo, section: str) -> Mistakes:
    data = config.data
    if data.name not in DATA_SETS:
        return
    crop, least = geometry(data.name, data.directory, data.image_size).crop, info.smallest_image
    if crop < least:
        text = f"needs images of at least {least} pixels, and those of {data.name} have {crop}"
        yield (*section.split("."), info.name), f"{text}; choose another model or data set"
