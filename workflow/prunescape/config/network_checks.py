"""The config's rules about the networks: where they come from, how they are pruned, and what is done with them then."""

import re
from collections.abc import Collection

from prunescape.config.config import Config
from prunescape.config.messages import Mistakes, Path, shown, suggestion
from prunescape.config.models import Model
from prunescape.training.retraining import AT_INIT, FINE_TUNING, FROM_TRAINED, WEIGHT_REWINDING
from prunescape.training.strategy import CAPTURED

ONLY_IMPORTED = ("kwargs", "files", "prunable")
MLP = "mlp"  # whose folders the study coherence has beside those of its networks
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,49}")
OWN_NAME_WORDS = "use letters, digits, '_' and '-', and begin with a letter"


def known(config: Config, model: str, catalogue: Collection[str]) -> Mistakes:
    """A network is of the catalogue, or says where it comes from."""
    if model not in catalogue and config.models[model].import_ is None:
        elsewhere = "; or import it from elsewhere, as with import: torchvision:resnet18 (docs/own-network.md)"
        yield ("models", model), f"unknown model {shown(model)}; {suggestion(model, catalogue)}{elsewhere}"


def imported(config: Config, model: str, catalogue: Collection[str]) -> Mistakes:
    """An imported network has a name of its own, and is not asked what only those of the catalogue can."""
    if config.models[model].import_ is None:
        return
    path: Path = ("models", model)
    if model in catalogue:
        yield path, "is the name of a network of the catalogue; give the imported one another name"
    elif not OWN_NAME.fullmatch(model):
        yield path, f"names a folder; {OWN_NAME_WORDS}"
    for study in ("stochastic", "mechanism"):
        if getattr(config, study) is not None:
            yield (study,), f"works on networks of the catalogue, and models.{model} is imported; remove one of them"
    if (name := config.engine.strategy) in CAPTURED:
        remedy = "write auto, fused, vmap or serial"
        yield ("engine", "strategy"), f"{name} is for networks of the catalogue, and models.{model} is not; {remedy}"


def folders(config: Config) -> Mistakes:
    """Networks whose names differ by case alone: not all file systems tell the folders of these names apart."""
    study = config.coherence
    first: dict[str, str] = {} if study is None else {name.casefold(): name for name in (MLP, *study.models)}
    for name in config.models:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            text = f"is one folder with {shown(other)} where a file system is blind to case; give it another name"
            yield ("models", name), text


def not_imported(config: Config, model: str) -> Mistakes:
    """Keys of imported networks that are given for one of the catalogue."""
    section = config.models[model]
    for key in ONLY_IMPORTED if section.import_ is None else ():
        if getattr(section, key) != Model.model_fields[key].default:
            yield ("models", model, key), "only an imported network uses this; add its 'import:', or remove the line"


def ratios(config: Config, model: str) -> Mistakes:
    """Ratios of one model that would have the same name."""
    written: dict[str, float] = {}
    for index, ratio in enumerate(config.models[model].ratios):
        first = written.setdefault(f"{ratio:g}", ratio)
        if first != ratio:
            text = f"{ratio!r} is the same as {first!r} to six digits, which name a variant; remove one"
            yield ("models", model, "ratios", index), text


def cell(config: Config, model: str) -> Mistakes:
    """The best cell of the stochastic study leaves weights."""
    best = config.models[model].stochastic.cell
    if best is not None and best[0] >= 1:
        text = f"removes {shown(best[0])} of the weights; write [gamma, sigma] with gamma below 1"
        yield ("models", model, "stochastic", "cell"), text


def pipelines(config: Config, model: str) -> Mistakes:
    """A learning rate for fine-tuning; and a criterion that says something about untrained networks."""
    asked = config.models[model].pipelines
    if FINE_TUNING in asked and config.recipe.schedule == "cosine" and config.retraining.fine_tuning_rate is None:
        text = f"{FINE_TUNING} is at the last learning rate, and recipe.schedule, a cosine, ends next to zero"
        remedy = "write a part of the learning rate in retraining.fine_tuning_rate, 0.01 perhaps"
        yield ("models", model, "pipelines"), f"{text}; {remedy}"
    if AT_INIT in asked and "bn_scale" in config.models[model].criteria:
        text = f"bn_scale ranks nothing in {AT_INIT}: before training all scales are 1; remove one of the two"
        yield ("models", model, "criteria"), text


def weights(config: Config, model: str) -> Mistakes:
    """Given weights are pruned, and nobody knows what they were earlier."""
    section, path = config.models[model], ("models", model, "weights")
    if section.weights is None:
        return
    if WEIGHT_REWINDING in section.pipelines:
        text = f"{WEIGHT_REWINDING} goes back to an early epoch, and of {shown(section.weights)} none is known"
        yield ("models", model, "pipelines"), f"{text}; write rate_rewinding or fine_tuning, or remove the weights"
    if set(section.pipelines) == {AT_INIT}:
        yield path, f"{AT_INIT} prunes untrained networks and has no use for them; remove the line, or add a pipeline"


def rewind(config: Config) -> Mistakes:
    """An epoch of rewinding that leaves nothing to train."""
    epoch, epochs = config.retraining.rewind_epoch, config.recipe.epochs
    if epoch >= epochs:
        text = f"{epoch} leaves nothing to train, recipe.epochs = {epochs}; write at most {epochs - 1}"
        yield ("retraining", "rewind_epoch"), text


def steps(config: Config) -> Mistakes:
    """Steps of pruning where no pipeline prunes in steps."""
    number = config.retraining.steps
    asked = {name for model in config.models.values() for name in model.pipelines}
    if number > 1 and not asked & set(FROM_TRAINED):
        remedy = f"add one of {', '.join(FROM_TRAINED)} to pipelines, or write 1"
        yield ("retraining", "steps"), f"is {number}, and no model prunes in steps; {remedy}"
