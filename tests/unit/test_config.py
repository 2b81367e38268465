"""The config: defaults fill every level, the shipped configs pass, every key is documented."""

import copy
import json
import re
from pathlib import Path

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


def test_defaults_fill_every_level_and_leave_the_given_config_alone():
    raw = changed(("recipe.epochs", "40"))
    before = copy.deepcopy(raw)
    config = validated(raw, MODELS, DATA)
    assert raw == before
    assert config["recipe"] == {
        "epochs": 40,
        "batch_size": 128,
        "optimiser": "sgd",
        "momentum": 0.9,
        "label_smoothing": 0.0,
        "schedule": "step",
        "clip": None,
        "decay_epochs": [20, 30],
        "decay": 0.1,
        "evaluate_every": 1,
    }
    assert config["grid"] == {"axes": None, "step": 0.2, "size": [9, 9], "tile": [3, 3]}
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


@pytest.mark.parametrize("path", [ROOT / "config.yaml", *sorted(STUDIES.glob("*.yaml"))], ids=lambda p: p.stem)
def test_shipped_configs_pass_and_validate_to_themselves(path):
    config = validated(yaml.safe_load(path.read_text()), MODELS, DATA)
    assert validated(config, MODELS, DATA) == config
    assert config["run"] == ("demo" if path.stem == "config" else path.stem)


def test_the_presets_are_the_thesis():
    """Tables 3.3 and 3.4, sections 3.2.2, 3.2.3 and 3.3."""
    cifar = validated(yaml.safe_load((STUDIES / "thesis_cifar10.yaml").read_text()), MODELS, DATA)
    imagenet = validated(yaml.safe_load((STUDIES / "thesis_imagenet.yaml").read_text()), MODELS, DATA)
    prior = {"learning_rate": 0.1, "weight_decay": 1e-4}
    both = ["uniform", "non_uniform"]
    for model in (*cifar["models"].values(), *imagenet["models"].values()):
        assert {*model.pop("stochastic").values(), *model.pop("mechanism").values()} == {None}
        own = ("import", "kwargs", "prunable", "ignored_layers")
        assert [model.pop(key) for key in own] == [None, {}, "inside-blocks", None]
        assert (model.pop("criteria"), model.pop("pipelines")) == (["norm"], ["scratch"])
    assert cifar["models"] == {
        "resnet56": {**prior, "methods": both, "ratios": [0.6, 0.2]},
        "mobilenetv2": {**prior, "methods": both, "ratios": [0.6, 0.4]},
    }
    assert imagenet["models"] == {"resnet50": {**prior, "methods": ["non_uniform"], "ratios": [0.4]}}
    shared = {"optimiser": "sgd", "momentum": 0.9, "label_smoothing": 0.0, "schedule": "step", "clip": None}
    shared |= {"decay": 0.1, "evaluate_every": 1}
    assert cifar["recipe"] == {**shared, "epochs": 180, "batch_size": 128, "decay_epochs": [90, 135]}
    assert imagenet["recipe"] == {**shared, "epochs": 90, "batch_size": 256, "decay_epochs": [30, 60]}
    assert (cifar["grid"]["size"], cifar["grid"]["step"]) == ([9, 9], 0.2)
    assert (imagenet["grid"]["size"], imagenet["grid"]["step"]) == ([3, 3], 0.4)
    assert cifar["seeds"] == imagenet["seeds"] == [0]


def test_the_presets_of_the_stochastic_study_are_the_papers():
    """Section IV, Tables I and II, Fig. 2, 3 and 8."""
    cells = {
        "cifar10": {"resnet18_cifar": [0.9, 0.005], "resnet50_cifar": [0.95, 0.003], "vgg19_cifar": [0.95, 0.003]},
        "cifar100": {"resnet18_cifar": [0.9, 0.003], "resnet50_cifar": [0.85, 0.001], "vgg19_cifar": [0.8, 0.001]},
    }
    for data, of_data in cells.items():
        config = validated(yaml.safe_load((STUDIES / f"avendano2025_{data}.yaml").read_text()), MODELS, DATA)
        assert config["data"]["name"] == data
        assert {name: model["stochastic"]["cell"] for name, model in config["models"].items()} == of_data
        assert {model["learning_rate"] for model in config["models"].values()} == {0.1}
        recipe, study = config["recipe"], config["stochastic"]
        assert (recipe["epochs"], recipe["batch_size"], recipe["schedule"]) == (200, 128, "cosine")
        tuning = study["fine_tuning"]
        assert (tuning["epochs"], tuning["learning_rate"], tuning["weight_decay"], tuning["clip"]) == (
            100,
            1e-4,
            5e-5,
            0.1,
        )
        assert study["grid"] == {"gammas": [0.8, 0.9, 0.95], "sigmas": [0.001, 0.003, 0.005], "draws": 10}
        search = study["search"]
        assert (search["budget"], search["draws"], study["held_out"]) == (150, 10, 5000)
        assert (search["sigma"], search["gamma"]) == ([1e-4, 1e-2], [0.01, 0.99])
        assert (study["transfer"]["draws"], study["best_draws"]) == (80, 20)
        gammas = {name: model["stochastic"]["fine_tuning_gamma"] for name, model in config["models"].items()}
        assert gammas == {"resnet18_cifar": 0.9, "resnet50_cifar": 0.95, "vgg19_cifar": 0.94}


def test_the_presets_of_the_mechanism_study_are_the_papers():
    """Sections 2.1.2, 2.2 and 3, A.2."""
    whole, long = (
        validated(yaml.safe_load((STUDIES / f"mechanism2021{suffix}.yaml").read_text()), MODELS, DATA)
        for suffix in ("", "_long")
    )
    for config, epochs in ((whole, 200), (long, 5000)):
        recipe, models = config["recipe"], config["models"]
        assert config["data"]["name"] == "cifar10"
        assert (recipe["epochs"], recipe["momentum"], recipe["decay"], recipe["schedule"]) == (epochs, 0.9, 0.1, "step")
        assert recipe["decay_epochs"] == [epochs // 2, 3 * epochs // 4]
        assert {model["learning_rate"] for model in models.values()} == {0.1}
        plain = models["vanilla_cnn"]["mechanism"]
        assert (plain["momentum"], plain["weight_decay"]) == (0, 0)
        advanced = models["resnet20"]
        assert (advanced["weight_decay"], set(advanced["mechanism"].values())) == (1e-4, {None})
        assert config["mechanism"]["subsets"] == 500
        assert config["mechanism"]["levels"] == [0.01, 0.05, 0.075, 0.1, 0.15, 0.25]
    study = whole["mechanism"]
    assert (study["sizes"], study["pruning_ratios"]) == ([1.0, 0.5, 0.25], [0.25, 0.5, 0.75])
    assert (study["images"], study["retraining_epochs"], study["surface"]["recompute"]) == (None, None, True)
    cycles = study["cycles"]
    assert (cycles["number"], cycles["weights"], cycles["channels"]) == (5, 0.3, 0.2)
    assert long["mechanism"]["experiments"] == ["epochs"]


def test_the_preset_of_the_coherence_study_is_the_thesis():
    """Sections 2.1, 5.3, 5.4 and 6.1 of the thesis on gradient coherence."""
    config = validated(yaml.safe_load((STUDIES / "yauney2024.yaml").read_text()), MODELS, DATA)
    study = config["coherence"]
    assert config["data"]["name"] == "cifar10"
    resnet, vit = study["models"]["resnet50_cifar"], study["models"]["vit"]
    assert (resnet["optimiser"], resnet["learning_rate"], resnet["momentum"], resnet["weight_decay"]) == (
        "sgd",
        0.1,
        0,
        0,
    )
    assert (vit["optimiser"], vit["learning_rate"], vit["weight_decay"]) == ("adam", 1e-4, 0)
    assert [(model["epochs"], model["gaussian_epochs"]) for model in (resnet, vit)] == [(300, 1000), (200, 1000)]
    assert [(model["retraining_epochs"], model["retraining_rate"]) for model in (resnet, vit)] == [
        (300, 0.5),
        (300, None),
    ]
    assert (study["mlp"]["optimiser"], study["mlp"]["learning_rate"], study["mlp"]["epochs"]) == ("adam", 1e-4, 200)
    assert (study["mlp"]["child"], max(study["mlp"]["parents"]), max(study["mlp"]["widths"])) == (512, 62, 2800)
    assert (study["density"], study["samples"], len(study["experiments"])) == (0.1, None, 9)


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
