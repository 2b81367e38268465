"""The config: defaults fill every level, the shipped configs pass, every key is documented."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from config_samples import DATA, MODELS, changed, parts
from prunescape.config import reference
from prunescape.config.reading import resolved, validated
from prunescape.config.schema import for_editors, schema

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "workflow" / "studies"
EDITORS = json.loads(for_editors())
SHIPPED = [ROOT / "config.yaml", ROOT / "examples" / "module" / "config.yaml", *sorted(STUDIES.glob("*.yaml"))]
SHIPPED += sorted((ROOT / "config").glob("*.yaml"))  # laid over config.yaml


def test_defaults_fill_every_level_and_leave_the_given_config_alone():
    raw = changed(("recipe.epochs", "40"))
    before = copy.deepcopy(raw)
    config = validated(raw, MODELS, DATA)
    assert raw == before
    assert config["recipe"] == {
        "epochs": 40,
        "batch_size": 128,
        "drop_last": False,
        "optimiser": "sgd",
        "momentum": 0.9,
        "label_smoothing": 0.0,
        "schedule": "step",
        "clip": None,
        "decay_epochs": [20, 30],
        "decay": 0.1,
        "evaluate_every": 1,
        "warmup_epochs": 0,
    }
    assert config["grid"] == {
        "axes": None,
        "step": 0.2,
        "size": [9, 9],
        "seeds": None,
        "tile": [3, 3],
    }
    assert config["models"]["small_resnet"]["methods"] == ["uniform", "non_uniform"]
    assert config["data"]["prepared"] == "results/demo/data"
    assert set(config) == set(schema()["properties"])
    config["grid"]["size"][0] = 3
    assert validated(raw, MODELS, DATA)["grid"]["size"] == [9, 9]


@pytest.mark.parametrize(("epochs", "decays"), [(1, []), (2, [1]), (3, [1, 2]), (4, [2, 3]), (180, [90, 135])])
def test_the_schedule_by_default_decays_at_half_and_three_quarters(epochs, decays):
    config = validated(changed(("recipe.epochs", str(epochs))), MODELS, DATA)
    assert config["recipe"]["decay_epochs"] == decays


def test_a_section_does_not_change_and_a_changed_one_has_no_other_keys():
    recipe = resolved(changed(), MODELS, DATA).recipe
    with pytest.raises(ValidationError, match="frozen"):
        recipe.epochs = 3
    assert recipe.changed(epochs=3).plain() == {**recipe.plain(), "epochs": 3}
    with pytest.raises(TypeError, match="Recipe has no epoch"):
        recipe.changed(epoch=3)


def test_two_ways_of_writing_a_value_are_one():
    one = validated(changed(("recipe.epochs", "20.0"), ("extension.roi", "1")), MODELS, DATA)
    two = validated(changed(("recipe.epochs", "20"), ("extension.roi", "1.0")), MODELS, DATA)
    assert repr(one) == repr(two)


def test_a_home_folder_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    config = validated(changed(("data.name", "imagenet"), ("data.directory", "~/imagenet")), MODELS, DATA)
    assert config["data"]["directory"] == "/home/somebody/imagenet"


def test_bounds_may_be_the_outermost_cells():
    edges = [("extension.learning_rate", "[0.01, 1.0]"), ("grid.step", "0.25"), ("grid.size", "[9, 9]")]
    validated(changed(*edges), MODELS, DATA)


def test_only_whole_numbers_have_a_largest():
    config = validated(changed(("extension.learning_rate", "[0.01, 1.0e+20]")), MODELS, DATA)
    assert config["extension"]["learning_rate"] == [0.01, 1e20]


@pytest.mark.parametrize("path", [ROOT / "config.yaml", *sorted(STUDIES.glob("*.yaml"))], ids=lambda p: p.stem)
def test_shipped_configs_pass_and_validate_to_themselves(path):
    config = validated(yaml.safe_load(path.read_text()), MODELS, DATA)
    assert validated(config, MODELS, DATA) == config
    assert config["run"] == ("demo" if path.stem == "config" else path.stem)


# By preset: what its source says, by key; `*` is each model.
THESIS = {  # sections 3.2.2, 3.2.3 and 3.3
    **{"recipe.optimiser": "sgd", "recipe.momentum": 0.9, "recipe.schedule": "step", "recipe.decay": 0.1, "seeds": [0]},
    **{"recipe.label_smoothing": 0.0, "recipe.clip": None, "recipe.evaluate_every": 1},
    **{"models.*.learning_rate": 0.1, "models.*.weight_decay": 1e-4, "models.*.criteria": ["norm"]},
    **{"models.*.pipelines": ["scratch"], "models.*.prunable": "inside-blocks", "models.*.ignored_layers": None},
}
SP = {  # section IV, Tables I and II, Fig. 2, 3 and 8
    **{"recipe.epochs": 200, "recipe.batch_size": 128, "recipe.schedule": "cosine", "models.*.learning_rate": 0.1},
    **{"stochastic.fine_tuning.epochs": 100, "stochastic.fine_tuning.learning_rate": 1e-4},
    **{
        "stochastic.fine_tuning.weight_decay": 5e-5,
        "stochastic.fine_tuning.clip": 0.1,
        "stochastic.fine_tuning.clip_by": "value",
        "stochastic.held_out": 5000,
    },
    "stochastic.grid": {
        "methods": ["magnitude", "lamp", "grasp"],
        "scopes": ["usual"],
        "gammas": [0.8, 0.9, 0.95],
        "sigmas": [0.001, 0.003, 0.005],
        "draws": 10,
    },
    **{"stochastic.search.budget": 150, "stochastic.search.draws": 10, "stochastic.search.sigma": [1e-4, 1e-2]},
    **{"stochastic.search.gamma": [0.01, 0.99], "stochastic.transfer.draws": 80, "stochastic.confirm.draws": 20},
    "models.resnet18_cifar.stochastic.fine_tuning_gamma": 0.9,
    "models.resnet50_cifar.stochastic.fine_tuning_gamma": 0.95,
    "models.vgg19_cifar.stochastic.fine_tuning_gamma": 0.94,
}
UTILITY = {  # sections 2.1.2, 2.2 and 3, A.2
    **{"data.name": "cifar10", "recipe.momentum": 0.9, "recipe.decay": 0.1, "recipe.schedule": "step"},
    **{"models.*.learning_rate": 0.1, "models.resnet20.weight_decay": 1e-4},
    **{"models.vanilla_cnn.mechanism.momentum": 0, "models.vanilla_cnn.mechanism.weight_decay": 0},
    **{"models.resnet20.mechanism.momentum": None, "models.resnet20.mechanism.weight_decay": None},
    **{"mechanism.subsets": 500, "mechanism.levels": [0.01, 0.05, 0.075, 0.1, 0.15, 0.25]},
}
RESNET, VIT, MLP = "coherence.models.resnet50_cifar", "coherence.models.vit", "coherence.mlp"
SOURCES: dict[str, dict[str, Any]] = {
    "thesis_cifar10": THESIS
    | {"recipe.epochs": 180, "recipe.batch_size": 128, "recipe.decay_epochs": [90, 135], "grid.size": [9, 9]}
    | {"models.*.methods": ["uniform", "non_uniform"], "grid.step": 0.2}
    | {"models.resnet56.ratios": [0.6, 0.2], "models.mobilenetv2.ratios": [0.6, 0.4]},
    "thesis_imagenet": THESIS
    | {"recipe.epochs": 90, "recipe.batch_size": 256, "recipe.decay_epochs": [30, 60], "grid.size": [3, 3]}
    | {"models.*.methods": ["non_uniform"], "grid.step": 0.4, "models.resnet50.ratios": [0.4]},
    "avendano2025_cifar10": SP
    | {"data.name": "cifar10", "models.resnet18_cifar.stochastic.cell": [0.9, 0.005]}
    | {f"models.{name}.stochastic.cell": [0.95, 0.003] for name in ("resnet50_cifar", "vgg19_cifar")},
    "avendano2025_cifar100": SP
    | {"data.name": "cifar100", "models.resnet18_cifar.stochastic.cell": [0.9, 0.003]}
    | {"models.resnet50_cifar.stochastic.cell": [0.85, 0.001], "models.vgg19_cifar.stochastic.cell": [0.8, 0.001]},
    "mechanism2021": UTILITY
    | {"recipe.epochs": 200, "recipe.decay_epochs": [100, 150], "mechanism.sizes": [1.0, 0.5, 0.25]}
    | {"mechanism.pruning_ratios": [0.25, 0.5, 0.75], "mechanism.images": None, "mechanism.cycles.number": 5}
    | {"mechanism.retraining_epochs": None, "mechanism.surface.statistics": ["recomputed", "combined"]}
    | {"mechanism.cycles.weights": 0.3, "mechanism.cycles.channels": 0.2},
    "mechanism2021_long": UTILITY
    | {"recipe.epochs": 5000, "recipe.decay_epochs": [2500, 3750], "mechanism.experiments": ["epochs"]},
    "yauney2024": {  # sections 2.1, 5.3, 5.4 and 6.1
        **{"data.name": "cifar10", f"{RESNET}.optimiser": "sgd", f"{RESNET}.learning_rate": 0.1},
        **{f"{RESNET}.momentum": 0, f"{RESNET}.weight_decay": 0, f"{RESNET}.epochs": 300},
        **{f"{RESNET}.gaussian_epochs": 1000, f"{RESNET}.retraining_epochs": 300, f"{RESNET}.retraining_rate": 0.5},
        **{f"{VIT}.optimiser": "adam", f"{VIT}.learning_rate": 1e-4, f"{VIT}.weight_decay": 0, f"{VIT}.epochs": 200},
        **{f"{VIT}.gaussian_epochs": 1000, f"{VIT}.retraining_epochs": 300, f"{VIT}.retraining_rate": None},
        **{f"{MLP}.optimiser": "adam", f"{MLP}.learning_rate": 1e-4, f"{MLP}.epochs": 200, f"{MLP}.child": 512},
        **{"coherence.density": 0.1, "coherence.samples": None, f"{MLP}.parents": [2, 5, 10, 20, 40, 62]},
        f"{MLP}.widths": [100, 200, *range(400, 2801, 400)],
        "coherence.experiments": [
            *("gaussian", "trained", "widths", "wide", "fixed", "network", "stability", "early", "matched"),
        ],
    },
}


@pytest.mark.parametrize("preset", SOURCES)
def test_presets_are_what_their_sources_say(preset):
    config = validated(yaml.safe_load((STUDIES / f"{preset}.yaml").read_text()), MODELS, DATA)
    for key, value in SOURCES[preset].items():
        for name in config["models"]:
            part = config
            for word in key.split("."):
                part = part[name if word == "*" else word]
            assert part == value, (key, name)


def test_a_coherence_study_without_models_takes_those_of_the_main_job():
    config = validated(changed(("coherence", "{}"), ("recipe.momentum", "0.8")), MODELS, DATA)
    (model,) = config["coherence"]["models"].items()
    assert model[0] == "small_resnet"
    wanted = {"optimiser": "sgd", "learning_rate": 0.1, "weight_decay": 0.005, "momentum": 0.8, "epochs": None}
    assert wanted.items() <= model[1].items()
    assert validated(config, MODELS, DATA) == config


def test_every_key_is_documented_and_no_section_takes_others():
    assert schema()["additionalProperties"] is False
    for path, part, required in parts(schema()):
        kinds = part.get("type", [])
        if "object" in kinds:
            assert "additionalProperties" in part, path
            assert "description" in part or path == "models.*", path
            continue
        assert part["description"].endswith("."), path
        assert ("default" in part) != required, path
        assert not required or part["examples"], path
        if "default" in part:
            Draft202012Validator(part).validate(part["default"])
        if "number" in kinds or "integer" in kinds:
            assert part["unit"], path


def test_what_is_made_from_the_sections_is_up_to_date():
    assert (ROOT / "docs" / "config.md").read_text() == reference.page(), "run: make docs"
    assert (ROOT / "config" / "config.schema.json").read_text() == for_editors(), "run: make docs"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_editors_find_their_schema_and_it_takes_the_shipped_configs(path):
    text = path.read_text()
    (name,) = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", text, re.MULTILINE)
    assert (path.parent / name).resolve() == ROOT / "config" / "config.schema.json"
    Draft202012Validator(EDITORS).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recipe.epoch", "3"),
        ("data.name", "cifar"),
        ("engine.lanes", "0"),
        ("models.small_resnet.ratios", "[1.5]"),
        ("models.small_resnet.methods", "[uniform, uniform]"),
        ("grid.size", "[9]"),
        ("recipe.decay_epochs", "[0]"),
        ("stochastic", "{search: {budget: many}}"),
        ("run", "a/b"),
    ],
)
def test_editors_mark_a_mistake(key, value):
    assert Draft202012Validator(EDITORS).is_valid(changed())
    assert not Draft202012Validator(EDITORS).is_valid(changed((key, value)))


def test_the_reference_page_has_every_key():
    page = reference.page()
    for path, part, _ in parts(schema()):
        if "properties" not in part and part.get("type") != "object":
            assert f"| `{path.replace('*', '<name>')}` |" in page
