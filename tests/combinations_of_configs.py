"""Configs that together have every pair of what a config can combine: a pairwise covering array."""

import itertools
import random
from typing import Any

from project_copy import TINY, merged
from prunescape.training.retraining import AT_INIT, FINE_TUNING, SCRATCH, WEIGHT_REWINDING

PIPELINES = [SCRATCH, FINE_TUNING, "rate_rewinding", WEIGHT_REWINDING, AT_INIT]
IMPORTED = {
    "import": "torchvision:resnet18",
    "kwargs": {},
    "learning_rate": 0.1,
    "weight_decay": 0.001,
    "ratios": [0.5],
}
STOCHASTIC = {"held_out": 25}
COHERENCE = {"models": {"small_resnet": {"learning_rate": 0.05}, "small_vit": {"learning_rate": 0.01}}}


def axis(name: str, step: float) -> dict[str, Any]:
    return {"name": name, "step": step, "size": 3}


def axes(*pair: dict[str, Any]) -> dict[str, Any]:
    return {"grid": {"step": None, "size": None, "axes": list(pair)}}


# What a config can combine: by name, the changes of each choice.
CHOICES: dict[str, list[dict[str, Any]]] = {
    "stochastic": [{"stochastic": None}, {"stochastic": STOCHASTIC}],
    "mechanism": [{"mechanism": None}, {"mechanism": {}}, {"mechanism": {"experiments": ["epochs", "cycles"]}}],
    "coherence": [{"coherence": None}, {"coherence": COHERENCE}, {"coherence": {**COHERENCE, "experiments": ["wide"]}}],
    "pipelines": [
        {"models": {"small_resnet": {"pipelines": pipelines}}}
        for pipelines in ([SCRATCH], *([SCRATCH, pipeline] for pipeline in PIPELINES[1:]), PIPELINES)
    ],
    "criteria": [{"models": {"small_resnet": {"criteria": of}}} for of in (["norm"], ["norm", "taylor", "random"])],
    "target": [{"pruning": {"target": target}} for target in ("flops", "parameters", "latency")],
    "steps": [{"retraining": {"steps": steps}} for steps in (1, 3)],
    "axes": [
        {},
        axes(axis("momentum", 0.04), axis("label_smoothing", 0.05)) | {"recipe": {"label_smoothing": 0.1}},
        axes(axis("learning_rate", 0.2), axis("batch_size", 0.3)),
    ],
    "exploration": [{}, {"exploration": {"method": "adaptive", "trainings": 10, "batch": 5}}],
    "extension": [{"extension": {"rounds": rounds}} for rounds in (0, 2)],
    "imported": [{}, {"models": {"mine": IMPORTED}}],
    "seeds": [{"seeds": [0]}, {"seeds": [3, 1, 2]}],
    "strategy": [{}, {"engine": {"strategy": "auto", "lanes": None}}],
    "formats": [{"figures": {"formats": formats}} for formats in (["png"], ["pdf", "svg"])],
    "metrics": [{}, {"data": {"name": "cifar100", "train_size": None, "validation_size": None}}],
}


def allowed(config: dict[str, Any]) -> dict[str, Any]:
    """A config without the combinations that are refused in one line."""
    grid = {key: value for key, value in config["grid"].items() if value is not None}
    config = {**config, "grid": grid}
    if "mine" in config["models"] and config["data"]["name"] == "digits":
        config = merged(config, {"data": {"name": "cifar10", "train_size": None, "validation_size": None}})
    pipelines = config["models"]["small_resnet"].get("pipelines", [SCRATCH])
    if set(pipelines) <= {SCRATCH, AT_INIT}:
        config = merged(config, {"retraining": {"steps": 1}})  # more is refused where nothing is pruned in steps
    # Studies of the catalogue's networks alone refuse those that are imported.
    if "mine" in config["models"]:
        config = {**config, "stochastic": None, "mechanism": None}
    return config


def covering(choices: dict[str, list[Any]], rounds: int = 60) -> list[dict[str, int]]:
    """Rows that together have every pair of choices of two keys (a pairwise covering array), found greedily."""
    numbers = random.Random(0)
    keys = list(choices)

    def pairs(row: dict[str, int]) -> set[tuple[Any, ...]]:
        return {(a, row[a], b, row[b]) for a, b in itertools.combinations(keys, 2)}

    left = {
        (a, i, b, j)
        for a, b in itertools.combinations(keys, 2)
        for i in range(len(choices[a]))
        for j in range(len(choices[b]))
    }
    rows = []
    while left:
        a, i, b, j = min(left)
        tried = [{key: numbers.randrange(len(of)) for key, of in choices.items()} | {a: i, b: j} for _ in range(rounds)]
        best = max(tried, key=lambda row: len(pairs(row) & left))
        left -= pairs(best)
        rows.append(best)
    return rows


ROWS = covering(CHOICES)


def combined(row: dict[str, int]) -> dict[str, Any]:
    """The config of a row of the covering array."""
    config = TINY
    for key, index in row.items():
        config = merged(config, CHOICES[key][index])
    return allowed(config)
