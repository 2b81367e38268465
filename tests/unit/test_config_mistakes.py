"""Every mistake in a config is one line that names the key and the remedy."""

import time
from typing import Any

import pytest
import yaml

from config_samples import DATA, MODELS, changed
from prunescape.config.messages import first_twice, nearest
from prunescape.config.reading import ConfigError, validated
from prunescape.errors import UserError
from prunescape.io.strict_yaml import TOO_MANY


def mistakes(raw: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        validated(raw, MODELS, DATA)
    return caught.value.mistakes


# What is written where, and what the one line about it must say.
PRIOR = "{learning_rate: 0.1, weight_decay: 1.0e-4, ratios: [0.5]}"
IMPORTED = "{import: 'nets:build', weight_decay: 1.0e-4, ratios: [0.5]}"
MODEL = "models.small_resnet"
LR, WD, R = f"{MODEL}.learning_rate", f"{MODEL}.weight_decay", f"{MODEL}.ratios"
CASES = [
    # unknown words
    ("recipe.epoch", "3", "recipe.epoch", "did you mean 'epochs'?"),
    ("model", "{}", "model", "did you mean 'models'?"),
    ("epochs", "3", "epochs", "did you mean recipe.epochs or stochastic.fine_tuning.epochs or "),
    ("grid.roi", "1.0", "grid.roi", "did you mean extension.roi or analysis.roi?"),
    ("stochastic.best_draws", "3", "stochastic.best_draws", "it is called 'confirm.draws' now"),
    ("mechanism.surface.recompute", "false", "mechanism.surface.recompute", "it is called 'statistics' now"),
    ("engine.colour", "red", "engine.colour", "choose from: device, strategy, lanes"),
    ("models.small_resnet.ratios", "[0.4, 0.4000001]", "models.small_resnet.ratios[1]", "remove one"),
    ("engine.lanes", "27", "engine.lanes", "write 1 or 32"),
    ("data", "{name: digits, 'train_size:300': }", "data.'train_size:300'", "a space after the colon"),
    ("engine.yes", "1", "engine.yes", "unknown key; choose from"),
    ("models.ResNet-56", PRIOR, "models.ResNet-56", "unknown model 'ResNet-56'; did you mean 'resnet56'?"),
    ("data.name", "CIFAR 10", "data.name", "unknown data set 'CIFAR 10'; did you mean 'cifar10'?"),
    ("data.name", "mnist", "data.name", "choose from: arrays, cifar10, cifar100, digits"),
    ("models.small_resnet.methods", "[unifrom]", "models.small_resnet.methods[0]", "did you mean 'uniform'?"),
    ("engine.device", "gpu", "engine.device", "choose from: auto, cpu, cuda"),
    ("pruning.normalise", "null", "pruning.normalise", "unknown value null"),
    ("figures.formats", "[jpg]", "figures.formats[0]", "choose from: pdf, png, svg"),
    # networks that are imported
    ("models.mine", IMPORTED, "models.mine.learning_rate", "is missing"),
    ("models.mine", PRIOR, "models.mine", "unknown model 'mine'"),
    (f"{MODEL}.import", "nets.build", f"{MODEL}.import", "did you mean 'nets:build'? write package.module:function"),
    (f"{MODEL}.import", "mine/nets.py:build", f"{MODEL}.import", "did you mean 'mine.nets:build'? write package"),
    (f"{MODEL}.import", "./nets.py:build", f"{MODEL}.import", "did you mean 'nets:build'? write package"),
    (f"{MODEL}.import", "'..\\nets.py:build'", f"{MODEL}.import", "nets.py:build'; write package.module:function"),
    (f"{MODEL}.import", "/elsewhere/nets.py:build", f"{MODEL}.import", "'; write package.module:function"),
    (f"{MODEL}.import", "nets.py", f"{MODEL}.import", "cannot be 'nets.py'; write package.module:function"),
    (f"{MODEL}.import", "nets", f"{MODEL}.import", "cannot be 'nets'; write package.module:function"),
    ("models.small_resnet.import", "'nets:build'", MODEL, "give the imported one another name"),
    ("models.small_resnet.kwargs", "{depth: 3}", f"{MODEL}.kwargs", "only an imported network uses this"),
    ("models.small_resnet.prunable", "all", f"{MODEL}.prunable", "only an imported network uses this"),
    ("models.small_resnet.prunable", "inside", f"{MODEL}.prunable", "did you mean 'inside-blocks'?"),
    (f"{MODEL}.criteria", "[tailor]", f"{MODEL}.criteria[0]", "did you mean 'taylor'?"),
    (f"{MODEL}.pipelines", "[finetuning]", f"{MODEL}.pipelines[0]", "did you mean 'fine_tuning'?"),
    ("recipe.warmup_epochs", "180", "recipe.warmup_epochs", "leaves no epoch at the full learning rate"),
    ("retraining.rewind_epoch", "180", "retraining.rewind_epoch", "recipe.epochs = 180; write at most 179"),
    # exploration
    ("exploration.method", "adaptve", "exploration.method", "did you mean 'adaptive'?"),
    ("exploration", "{trainings: 7}", "exploration.trainings", "7 is less than a batch, exploration.batch = 8"),
    # types
    ("recipe.decay", "1e-1", "recipe.decay", "YAML reads 1e-1 as text: write 1.0e-1"),
    (WD, "5.0e3", WD, "write 5.0e+3"),
    (LR, "'0,1'", LR, "write 0.1 without quotes"),
    ("recipe.epochs", "'64'", "recipe.epochs", "write 64 without quotes (values nested in --config are text"),
    ("recipe.epochs", "many", "recipe.epochs", "is 'many', not a whole number"),
    (R, "[60%]", f"{R}[0]", "is '60%', not a number; write a number; 0.6 keeps 60 % of the FLOPs"),
    ("recipe.epochs", "2.5", "recipe.epochs", "write 2 or 3"),
    ("recipe.epochs", "0.5", "recipe.epochs", "is 0.5, not a whole number; write 1"),
    ("analysis.minimum_cells", "1.5", "analysis.minimum_cells", "write a whole number of at least 3"),
    ("recipe.epochs", "null", "recipe.epochs", "is null, not a whole number; write a whole"),
    ("recipe.momentum", "yes", "recipe.momentum", "is true, not a number; write a number (YAML reads yes"),
    ("recipe.momentum", ".nan", "recipe.momentum", "is nan; write a finite number"),
    ("extension.roi", ".inf", "extension.roi", "is inf; write a finite number"),
    ("seeds", f"[{10**30}]", "seeds[0]", "is too large a number"),
    ("seeds", "[9.223372036854776e+18]", "seeds[0]", "is too large a number"),
    ("engine.threads", "1.0e+30", "engine.threads", "is too large a number"),
    ("data.download", "'false'", "data.download", "write true or false, without quotes"),
    ("data.verify", "1", "data.verify", "write true or false"),
    ("data.directory", "3", "data.directory", "is 3, not text or null; write it in quotes: '3'"),
    ("run", "2024-01-31", "run", "is a date to YAML; write it in quotes: '2024-01-31'"),
    ("run", "7", "run", "write it in quotes: '7'"),
    ("recipe", "null", "recipe", "write its keys beneath it, or remove the line"),
    ("recipe", "[epochs: 3]", "recipe", "without dashes"),
    ("data", "digits", "data", "is 'digits', not a section of 'key: value' lines"),
    ("models", "small_resnet", "models", "not a section"),
    ("models", "[small_resnet]", "models", "without dashes"),
    (R, "0.5", R, "is 0.5, not a list; write [0.5]"),
    (R, "null", R, "write a list in brackets"),
    ("figures.formats", "png", "figures.formats", "write [png]"),
    ("seeds", "0", "seeds", "write [0]"),
    # ranges and counts
    ("run", "../elsewhere", "run", "begin with a letter or a digit"),
    ("run", '"demo\\n"', "run", "use letters, digits"),
    ("run", "''", "run", "use letters, digits"),
    (R, "[60]", f"{R}[0]", "write a number above 0 and below 1; 0.6 keeps 60 % of the FLOPs"),
    (R, "[0.5, 1.0]", f"{R}[1]", "is 1.0; write a number above 0"),
    ("models.small_resnet.methods", "[]", "models.small_resnet.methods", "has 0 entries; write at least 1"),
    (R, "[0.5, 0.50]", R, "0.5 is given twice; remove one"),
    ("models", "{}", "models", "has 0 entries; write at least 1"),
    (WD, "0", WD, "the lattice is logarithmic"),
    ("seeds", "[0, 1, 0]", "seeds", "0 is given twice; remove one"),
    ("seeds", "[-1]", "seeds[0]", "write a number of at least 0"),
    ("grid.size", "[9]", "grid.size", "has 1 entry; write exactly 2"),
    ("extension.roi", "0", "extension.roi", "write a number above 0"),
    ("analysis.minimum_cells", "2", "analysis.minimum_cells", "of at least 3; an ellipse needs three cells"),
    ("data.prepared", "'{run}'", "data.prepared", "write a path without braces"),
    # keys that must agree
    ("grid.size", "[8, 9]", "grid.size[0]", "the prior is off the lattice: of 8 cells none"),
    ("grid.size", "[9, 4]", "grid.size[1]", "none is central; write 3 or 5"),
    ("grid.tile", "[3, 11]", "grid.tile[1]", "the tile is larger than the grid: 11, grid.size[1] = 9"),
    ("grid.tile", "[2, 3]", "grid.tile[0]", "tiles of 2 do not divide grid.size[0] = 9; write 1 or 3 or 9"),
    ("recipe.decay_epochs", "[90, 200]", "recipe.decay_epochs", "200 is not before the end, recipe"),
    ("recipe.decay_epochs", "[90, 45]", "recipe.decay_epochs", "increasing order: [45, 90]"),
    ("analysis.risk_roi", "0.7", "analysis.risk_roi", "is not in analysis.roi = [0.5, 1.0]; add it"),
    ("analysis.roi", "[1.0, 0.5]", "analysis.roi", "increasing order: [0.5, 1.0]"),
    (LR, "20", LR, "the prior 20.0 is outside extension.learning_rate"),
    (LR, "5", LR, "reaches 31.5, outside extension"),
    ("extension.weight_decay", "[1.0e-3, 1]", WD, "reaches 0.000792, outside"),
    ("extension.learning_rate", "[1, 0.1]", "extension.learning_rate", "1.0 is not below 0.1; write"),
    ("data.flip", "true", "data.flip", "only image_folder and arrays use this, and data.name is 'digits'"),
    ("data.validation_fraction", "0.2", "data.validation_fraction", "only image_folder and arrays use this"),
    ("data.image_size", "64", "data.image_size", "only image_folder uses this"),
    ("data.color_mode", "rgb", "data.color_mode", "only image_folder uses this"),
    ("data.color_mode", "RGB", "data.color_mode", "choose from: auto, grayscale, rgb"),
    ("data.name", "arrays", "data.directory", "arrays is never"),
    ("data.name", "imagenet", "data.directory", "is never downloaded; write the folder"),
    ("data.name", "image_folder", "data.directory", "image_folder is never"),
    # the stochastic study
    ("stochastic", "3", "stochastic", "is 3, not a section of 'key: value' lines"),
    ("stochastic", "{lanes: 27}", "stochastic.lanes", "write 1 or 32"),
    ("stochastic", "{sweep: {methods: [snip]}}", "stochastic.sweep.methods[0]", "choose from: grasp, lamp"),
    ("stochastic", "{grid: {gammas: [1.0]}}", "stochastic.grid.gammas[0]", "is 1.0; write a number above 0"),
    ("stochastic", "{search: {sigma: [0.1, 0.01]}}", "stochastic.search.sigma", "0.1 is not below 0.01"),
    ("stochastic", "{search: {gama: [0.1, 0.5]}}", "stochastic.search.gama", "did you mean 'gamma'?"),
    ("stochastic", "{sweep: {shown_sigma: 0.5}}", "stochastic.sweep.shown_sigma", "0.5 is not in stochastic.sweep"),
    # the mechanism study
    ("mechanism", "{lanes: 27}", "mechanism.lanes", "write 1 or 32"),
    ("mechanism", "{levels: [1.0]}", "mechanism.levels[0]", "is 1.0; write a number above 0"),
    ("mechanism", "{cycles: {prunings: [filters]}}", "mechanism.cycles.prunings[0]", "choose from: channels, weights"),
    ("mechanism", "{precision: 0.1, standard_error: 1.0}", "mechanism.precision", "chooses how many subsets there are"),
    ("mechanism", "{measured_epochs: [0, 999]}", "mechanism.measured_epochs", "999 is after the end, recipe.epochs = "),
    ("mechanism", "{surface: {cycles: [6]}}", "mechanism.surface.cycles", "there is no cycle 6, mechanism.cycles"),
    # the coherence study
    ("coherence", "{lanes: 27}", "coherence.lanes", "write 1 or 32"),
    ("coherence", "{models: {vitt: {learning_rate: 0.1}}}", "coherence.models.vitt", "did you mean 'vit'"),
    ("coherence", "{models: {vit: {}}}", "coherence.models.vit.learning_rate", "is missing"),
    ("coherence", "{experiments: [width]}", "coherence.experiments[0]", "choose from: "),
    ("coherence", "{measured_epochs: [1, 2], early_epochs: [3]}", "coherence.early_epochs", "3 is not in coherence.m"),
    ("models.small_resnet.stochastic", "{cell: [2.0, 0.1]}", "models.small_resnet.stochastic.cell", "gamma below 1"),
]  # fmt: skip


# Mistakes that take several keys to make.
PIPELINES = f"{MODEL}.pipelines"
TOGETHER = [
    ({"recipe.batch_size": "500", "data.train_size": "300"}, "recipe.batch_size", "write at most 300"),
    ({PIPELINES: "[scratch, fine_tuning]", "recipe.schedule": "cosine"}, PIPELINES, "fine_tuning_rate, 0.01"),
    (
        {PIPELINES: "[prune_at_init]", f"{MODEL}.criteria": "[random, bn_scale]"},
        f"{MODEL}.criteria",
        "ranks nothing in",
    ),
    ({"retraining.steps": "3"}, "retraining.steps", "is 3, and no model prunes in steps; add one of fine_tuning"),
    ({"pruning.target": "latancy"}, "pruning.target", "did you mean 'latency'?"),
]
EACH = [*(({path: text}, key, remedy) for path, text, key, remedy in CASES), *TOGETHER]


@pytest.mark.parametrize(
    ("edits", "key", "remedy"), EACH, ids=lambda value: "" if isinstance(value, str) else str(value)
)
def test_each_mistake_is_one_line_with_the_key_and_the_remedy(edits, key, remedy):
    told = mistakes(changed(*edits.items()))
    assert len(told) == 1, told
    assert told[0].startswith(f"{key}: ")
    assert remedy in told[0]
    assert "\n" not in told[0]


def test_what_is_no_mistake_is_taken() -> None:
    def taken(edits: dict[str, str]) -> dict[str, Any]:
        return validated(changed(*edits.items()), MODELS, DATA)

    cosine = {"recipe.schedule": "cosine", "recipe.warmup_epochs": "9", "retraining.rewind_epoch": "4"}
    assert taken({PIPELINES: "[scratch, prune_at_init, rate_rewinding, weight_rewinding]", **cosine})
    assert taken({PIPELINES: "[fine_tuning]", "retraining.fine_tuning_rate": "0.01", **cosine})
    steps = taken({"retraining.steps": "3", PIPELINES: "[prune_at_init, weight_rewinding]"})
    assert steps["retraining"]["steps"] == 3
    assert taken({})["pruning"]["target"] == "flops"
    latency = taken({"pruning.target": "latency"})["pruning"]["latency"]
    assert (latency["device"], latency["batch_size"], latency["threads"]) == ("cpu", 1, 1)


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("run", "is missing; write, for example, 'run: demo'"),
        ("data", "is missing; write, for example, 'data: {name: digits}'"),
        ("models", "is missing; write, for example, 'models: {small_resnet: "),
        ("data.name", "is missing; write, for example, 'name: digits'"),
        ("models.small_resnet.ratios", "is missing; write, for example, 'ratios: [0.6, 0.2]'"),
        ("models.small_resnet.weight_decay", "is missing; write, for example, 'weight_decay: "),
    ],
)
def test_what_must_be_given(key, remedy):
    raw = changed()
    part = raw
    *sections, last = key.split(".")
    for section in sections:
        part = part[section]
    del part[last]
    (told,) = mistakes(raw)
    assert told.startswith(f"{key}: {remedy}")


def test_all_mistakes_are_told_at_once_each_with_its_prefix():
    raw = changed(("recipe.epoch", "3"), ("data.name", "cifar"), ("seeds", "[0, 0]"), ("grid.size", "[4, 9]"))
    told = mistakes(raw)
    assert {line.split(":")[0] for line in told} == {"recipe.epoch", "data.name", "seeds", "grid.size[0]"}
    error = ConfigError(told)
    assert isinstance(error, UserError)
    assert str(error) == "\n".join(f"config: {line}" for line in told)


def test_a_mistake_does_not_hide_those_of_other_models():
    raw = changed((R, "[2]"))
    raw["models"]["resnet20"] = {"learning_rate": 100, "weight_decay": 1.0e-4, "ratios": [0.5]}
    assert [line.split(":")[0] for line in mistakes(raw)] == [f"{R}[0]", "models.resnet20.learning_rate"]


@pytest.mark.parametrize(
    ("mistaken", "other"),
    [
        (("recipe.epochs", "many"), ("recipe.decay_epochs", "[300, 400]")),
        (("engine.device", "gpu"), ("engine.lanes", "27")),
        (("grid.size", "[x, 9]"), ("grid.tile", "[4, 4]")),
        (("models.small_resnet.pipelines", "[go_on]"), ("retraining.steps", "3")),
    ],
)
def test_nothing_is_said_of_what_depends_on_a_mistake(mistaken: tuple[str, str], other: tuple[str, str]) -> None:
    (told,) = mistakes(changed(mistaken, other))
    assert told.startswith(mistaken[0])


def test_values_that_cannot_be_read_are_not_said_to_be_equal() -> None:
    assert len(mistakes(changed(("seeds", "[2024-01-31, 2024-01-31]")))) == 2


def test_nearest_is_blind_to_case_and_hyphens():
    assert nearest("ResNet-20", MODELS) == "resnet20"
    assert nearest("transformer", MODELS) is None


@pytest.mark.parametrize("raw", [None, [], "demo", 3, {10**5000: 10**5000}])
def test_what_is_no_config_at_all_is_told_as_such(raw):
    assert mistakes(raw)


def test_half_a_surrogate_pair_is_told_in_keys_and_values():
    (value,) = mistakes({**changed(), "run": "a\ud800"})
    assert value == "run: is 'a\\ud800', which no file can hold; write it without the broken character"
    (key,) = mistakes({**changed(), "\ud800": 1})
    assert "ud800" in key
    assert key.encode()  # can be printed
    assert "unknown key" in key


@pytest.mark.parametrize("change", [("data.directory", r'"a\0b"'), ("data.prepared", r'"\0"'), ("run", r'"a\0"')])
def test_no_text_holds_what_no_path_can(change: tuple[str, str]) -> None:
    (line,) = mistakes(changed(change))
    assert line.startswith(change[0])
    assert line.endswith("which no file can hold; write it without the broken character")
    assert "\0" not in line


def test_a_config_cannot_rule_the_terminal() -> None:
    raw = {**changed(), "seeds": "\x1b[2J", "\x1b[31m": 1, "run": "\x9b31m", "engine": {"threads": "\x1b]0;t\x07"}}
    with pytest.raises(ConfigError) as caught:
        validated(raw, MODELS, DATA)
    text = str(caught.value)
    assert len(text.splitlines()) == 4
    assert all(line.isprintable() for line in text.splitlines())


def test_anchors_that_nest_without_end_are_told_once():
    raw = changed()
    raw["data"]["name"] = yaml.safe_load("&a [*a]")
    assert len(mistakes(raw)) <= 2


def test_values_shared_without_end_are_told_at_once() -> None:
    """As they come out of aliases that another program has read, or of --config."""
    shared: Any = [0]
    for _ in range(9):
        shared = [shared] * 10
    assert mistakes(changed() | {"seeds": shared}) == [f"(the whole config): {TOO_MANY}"]


@pytest.mark.parametrize("item", [str, lambda i: {"a": i}, lambda i: [i], lambda i: -1 - i])
def test_long_lists_of_mistakes_are_told_soon(item) -> None:
    before = time.process_time()
    entries = [item(i) for i in range(1600)]
    assert len(mistakes(changed() | {"seeds": [*entries, entries[0]]})) == 1602
    assert len(mistakes(changed() | {"models": {f"model{i}": item(i) for i in range(1000)}})) > 1000
    assert time.process_time() - before < 10


def test_entries_given_twice_are_found_whatever_they_are() -> None:
    assert first_twice([1, True, "1", None, [1], {"a": 1}, {"a": True}, {"a": [1]}]) is None
    for twice in (1.0, True, "1", None, [1], {"b": [1], "a": 2}):
        assert first_twice([1, True, "1", None, [1.0], {"a": 2, "b": [1]}, twice]) == (twice,)


def imported(**changes: Any) -> dict[str, Any]:
    """A config with an imported network, and changes of its sections."""
    network = {"import": "nets:build", "learning_rate": 0.1, "weight_decay": 0.001, "ratios": [0.5]}
    return changed() | {"models": {"mine": network}} | changes


def test_what_adaptive_exploration_excludes() -> None:
    raw = changed(("exploration.method", "adaptive"), ("grid.size", "[33, 33]"), ("verdict.policy", "true"))
    raw |= {"grid": {**raw["grid"], "step": 0.05}}
    assert mistakes(raw) == [
        "exploration.method: adaptive, and the grid has 1,089 cells; write a grid of at most 1,000, or"
        " exploration.method: grid",
        "verdict.policy: needs the grid; write false, or exploration.method: grid",
    ]
    raw["exploration"] = {"method": "grid"}
    assert validated(raw, MODELS, DATA)["verdict"]["policy"]


def test_an_imported_network_has_arguments_of_its_own() -> None:
    raw = imported()
    raw["models"]["mine"] |= {"kwargs": {"width": 8, "deep": {"stages": [1, 2]}}, "prunable": "all"}
    section = validated(raw, MODELS, DATA)["models"]["mine"]
    assert section["kwargs"] == {"width": 8, "deep": {"stages": [1, 2]}}
    assert validated(imported(), MODELS, DATA)["models"]["mine"]["prunable"] == "inside-blocks"


def test_what_an_imported_network_excludes() -> None:
    (line,) = mistakes(imported(engine={"strategy": "graphed"}))
    assert "graphed is for networks of the catalogue" in line
    for study in ("stochastic", "mechanism"):
        (line,) = mistakes(imported(**{study: {}}))
        assert line.startswith(f"{study}: works on networks of the catalogue, and models.mine is imported")
    raw = imported()
    raw["models"] = {"../up": raw["models"]["mine"]}
    (line,) = mistakes(raw)
    assert "names a folder; use letters, digits" in line


def test_names_that_a_file_system_may_not_tell_apart() -> None:
    raw = imported(coherence={"models": {"small_resnet": {"learning_rate": 0.1}}})
    section = raw["models"].pop("mine")
    raw["models"] |= dict.fromkeys(["Net", "Small_ResNet", "net", "NETS", "MLP", "nEt"], section)
    told = "where a file system is blind to case; give it another name"
    others = {"Small_ResNet": "small_resnet", "net": "Net", "MLP": "mlp", "nEt": "Net"}
    assert mistakes(raw) == [f"models.{name}: is one folder with '{other}' {told}" for name, other in others.items()]
    del raw["coherence"]
    assert [line.split(":")[0] for line in mistakes(raw)] == ["models.net", "models.nEt"]
