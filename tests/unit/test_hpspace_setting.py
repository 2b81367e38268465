"""What "as published" means: every key of the config counts, but those that are listed as harmless."""

import copy
from typing import Any

import pytest
import yaml

from config_samples import parts
from project_copy import PROJECT
from prunescape.config.reading import validated
from prunescape.config.schema import schema
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.hpspace.published import differing
from prunescape.hpspace.setting import HARMLESS, counted, is_harmless, published_settings
from prunescape.models.catalogue import CATALOGUE as MODELS

STUDIES = {"resnet56": "thesis_cifar10", "mobilenetv2": "thesis_cifar10", "resnet50": "thesis_imagenet"}


def preset(name: str) -> dict[str, Any]:
    text = (PROJECT / "workflow" / "studies" / f"{name}.yaml").read_text(encoding="utf-8")
    return validated(yaml.safe_load(text), MODELS, DATA_SETS)


def keys(model: str) -> list[str]:
    """Every key of the schema that holds a value, of this model; the entries of a list are part of its value."""
    found = [(path.replace("models.*", f"models.{model}"), part) for path, part, _ in parts(schema())]
    return [path for path, part in found if "properties" not in part and "*" not in path and path != "models"]


def with_other(config: dict[str, Any], key: str) -> dict[str, Any]:
    """The config with another value at a key."""
    changed = copy.deepcopy(config)
    *sections, last = key.split(".")
    part = changed
    for name in sections:
        if part.get(name) is None:  # in a study that is not asked for
            part[name] = {}
        part = part[name]
    part[last] = "another value" if part.get(last) != "another value" else None
    return changed


@pytest.mark.parametrize("model", STUDIES)
def test_another_value_of_any_key_is_told_unless_it_is_harmless(model: str) -> None:
    config = preset(STUDIES[model])
    assert differing(model, config) == differing(model, counted(config)) == []
    told = [key for key in keys(model) if differing(model, with_other(config, key))]
    assert told == [key for key in keys(model) if not is_harmless(key)]
    for key in told:
        (line,) = differing(model, with_other(config, key))
        assert line.startswith(f"{key} = another value (")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("recipe.optimiser", "adam", "recipe.optimiser = adam (thesis: sgd)"),
        ("recipe.label_smoothing", 0.1, "recipe.label_smoothing = 0.1 (default: 0)"),
        ("recipe.clip", 0.1, "recipe.clip = 0.1 (default: null)"),
        ("pruning.normalise", "none", "pruning.normalise = none (default: mean)"),
        ("pruning.minimum_channels", 8, "pruning.minimum_channels = 8 (default: 1)"),
        ("engine.precision", "bfloat16", "engine.precision = bfloat16 (default: auto)"),
        ("engine.micro_batch", 64, "engine.micro_batch = 64 (default: null)"),
        ("extension.rounds", 0, "extension.rounds = 0 (default: 3)"),
        ("seeds", [0, 1, 2], "seeds = 0 1 2 (thesis: 0)"),
        ("models.resnet56.pipelines", ["fine_tuning"], "models.resnet56.pipelines = fine_tuning (default: scratch)"),
        ("models.resnet56.ratios", [0.6], "models.resnet56.ratios = 0.6 (thesis: 0.6 0.2)"),
        ("models.resnet56.weight_decay", 0.00010000001, None),
        ("recipe.momentum", 0.95, "recipe.momentum = 0.95 (thesis: 0.9)"),
        ("grid.tile", [9, 9], "grid.tile = 9 9 (default: 3 3)"),
        ("data.train_size", 1000, "data.train_size = 1000 (thesis: all)"),
    ],
)
def test_a_setting_is_told_in_words(key: str, value: Any, line: str | None) -> None:
    config = preset("thesis_cifar10")
    *sections, last = key.split(".")
    part = config
    for name in sections:
        part = part[name]
    part[last] = value
    (found,) = differing("resnet56", config)
    assert found == (line or "models.resnet56.weight_decay = 0.00010000001 (thesis: 0.0001)")
    assert differing("resnet56", counted(config)) == [found]


def test_what_is_harmless_is_in_the_config_and_says_nothing_of_how_networks_are_made() -> None:
    known = {path for path, _, _ in parts(schema())}
    assert set(HARMLESS) <= known
    counting = ("recipe", "grid", "extension", "analysis", "pruning", "retraining", "seeds")
    assert not [key for key in known if key.split(".")[0] in counting and is_harmless(key)]


def test_another_network_of_the_run_does_not_count() -> None:
    config = preset("thesis_cifar10")
    config["models"]["mobilenetv2"]["ratios"] = [0.5]
    assert differing("resnet56", config) == []
    assert differing("mobilenetv2", config) == ["models.mobilenetv2.ratios = 0.5 (thesis: 0.6 0.4)"]


def test_a_run_without_networks_of_the_thesis_depends_on_no_setting() -> None:
    assert counted({**preset("thesis_cifar10"), "models": {"small_resnet": {}}}) == {}


def test_settings_of_the_thesis_are_those_of_its_presets() -> None:
    for model, name in STUDIES.items():
        for key, value in published_settings(model).items():
            part: Any = preset(name)
            for section in key.split("."):
                part = part[section]
            assert is_harmless(key) or part == value, key
