"""What all rules share: the validated config, where things are, and what code a rule depends on."""

import hashlib
import math
from dataclasses import asdict

from prunescape.codehash import digest
from prunescape.config import ConfigError, validated
from prunescape.data.catalog import CATALOG as DATA_SETS, count_classes, lookup as data_set
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.models.catalog import CATALOG as MODELS, lookup as model_info
from prunescape.training.recipe import TOP5_CLASSES
from prunescape.training.strategy import needs_calibration
from prunescape.workload import visible_gpus

try:
    config = validated(config, MODELS, DATA_SETS)
except ConfigError as error:
    sys.exit(str(error))

for name in config["models"]:
    crop = data_set(config["data"]["name"]).geometry(config["data"]["image_size"]).crop
    if crop < model_info(name).smallest_image:
        sys.exit(
            f"config: models.{name}: needs images of at least {model_info(name).smallest_image} pixels, and those of"
            f" {config['data']['name']} have {crop}; choose another model or data set"
        )


def content_settings():
    """What decides the bytes of the prepared data, beside the files themselves."""
    keys = ["name", "train_size", "validation_size", "image_size", "validation_fraction", "flip"]
    info = data_set(config["data"]["name"])
    content = {key: config["data"][key] for key in keys}
    if info.module == "folders":  # elsewhere `directory` holds a copy of what everyone has
        content["directory"] = config["data"]["directory"]
    return {"options": content, "set": asdict(info), "sizes": asdict(info.geometry(config["data"]["image_size"]))}


def content_key():
    """A short name for `content_settings`, so that runs may share a folder of prepared data."""
    return hashlib.sha256(json.dumps(content_settings(), sort_keys=True).encode()).hexdigest()[:8]


def folder_digest():
    """Names and sizes of the user's own images, so that a change to them prepares them again; else None."""
    if config["data"]["name"] != "image_folder":
        return None
    folder = Path(config["data"]["directory"])
    files = sorted((str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]


def measured_metrics():
    """Top-1 accuracy, and top-5 where there are enough classes."""
    try:
        classes = len(json.loads(Path(f"{DATA}/meta.json").read_text())["classes"])
    except (OSError, ValueError, KeyError):  # not prepared yet; a damaged file is told by the job that reads it
        classes = count_classes(config["data"]) or 0
    return ["top1", "top5"] if classes >= TOP5_CLASSES else ["top1"]


RESULTS = f"results/{config['run']}"
DATA = f"{config['data']['prepared']}/{config['data']['name']}-{content_key()}"
HPSPACE = f"{RESULTS}/hpspace"
LOGS = f"{RESULTS}/logs"
TILE = f"{HPSPACE}/tiles/{{model}}/{{variant}}/seed-{{seed}}/{{i}}_{{j}}"
STRATEGY = f"{RESULTS}/models/{{model}}/{{variant}}/strategy.json"
PLAN = f"{HPSPACE}/extension/{{model}}/round-{{round}}.json"
CAPTIONS = f"{PROJECT}/workflow/report"
ENVIRONMENT = f"{PROJECT}/envs/prunescape.yaml"

SEEDS = config["seeds"]
FORMATS = config["figures"]["formats"]
METRICS = measured_metrics()


def pruned_variants(model):
    """Names of a model's pruned variants, with their method and ratio."""
    section = config["models"][model]
    return {
        f"{method}-{ratio:g}": {"method": method, "ratio": ratio}
        for method in section["methods"]
        for ratio in section["ratios"]
    }


def variants(model):
    """Names of all variants of a model; the dense network comes first."""
    return ["dense", *pruned_variants(model)]


def lattice(model):
    """The lattice around a model's prior."""
    return Lattice.from_config(config["grid"], config["models"][model])


def settings(*sources, **values):
    """The one `params` value of a rule: what its results depend on beside its inputs.

    `code` is a digest of the script and the modules behind it, so that a rule reruns when the meaning of its code changes.
    One dict, because Snakemake compares params without their names.
    """
    return {**values, "code": digest(*sources)}


def figure(path, category, caption, **labels):
    """The files of a figure, one a format; the first one goes into the report."""
    first = report(f"{path}.{FORMATS[0]}", category=category, caption=f"{CAPTIONS}/{caption}.rst", labels=labels)
    return [first, *(f"{path}.{suffix}" for suffix in FORMATS[1:])]


def figure_settings(script, **values):
    """The params of a figure: its resolution, and what else it depends on."""
    return settings(script, dpi=config["figures"]["dpi"], **values)


def model_code(model):
    """The module that builds a model."""
    return f"prunescape.models.{model_info(model).module}"


def engine_settings(**fixed):
    """What of the engine's settings can change results; the number of cores cannot, because each array has one."""
    return {key: value for key, value in config["engine"].items() if key != "threads"} | fixed


def training_threads():
    """Cores of a training job. On a machine with GPUs its jobs share the cores evenly, so that each GPU has one job."""
    gpus = 0 if config["engine"]["device"] == "cpu" else visible_gpus()
    return max(config["engine"]["threads"], (workflow.cores or 0) // gpus if gpus else 0)


def chosen_strategy():
    """The input of a training job that says how cells are trained, where the config leaves that to be measured."""
    return {"strategy": STRATEGY} if needs_calibration(config["engine"]) else {}


def plans(model, rounds):
    """The plans of the extension rounds 1 to `rounds`."""
    return expand(PLAN, model=model, round=range(1, rounds + 1))


def tiles(model, rounds):
    """First cells of the tiles of a model's grid after some rounds of extension."""
    found = lattice(model).initial_tiles()
    for round in range(1, rounds + 1):
        with checkpoints.extend_grid.get(model=model, round=round).output[0].open() as file:
            found += [Cell(*tile) for tile in json.load(file)["tiles"]]
    return found


def tile_files(model, rounds, suffix=".csv"):
    """The files of all variants, seeds and tiles of a model after some rounds of extension."""
    return [
        TILE.format(model=model, variant=variant, seed=seed, i=tile.i, j=tile.j) + suffix
        for variant in variants(model)
        for seed in SEEDS
        for tile in tiles(model, rounds)
    ]


def tile_cells(wildcards):
    """Coordinates and hyperparameters of the cells of a tile."""
    grid = lattice(wildcards.model)
    return [
        {**cell._asdict(), **dict(zip(("learning_rate", "weight_decay"), grid.values(cell)))}
        for cell in grid.cells(Cell(int(wildcards.i), int(wildcards.j)))
    ]


wildcard_constraints:
    model="|".join(config["models"]),
    variant=r"dense|(?:uniform|non_uniform)-[0-9.e-]+",
    pruned=r"(?:uniform|non_uniform)-[0-9.e-]+",
    metric="top1|top5",
    method="magnitude|lamp|grasp|random",
    seed=r"\d+",
    i=r"-?\d+",
    j=r"-?\d+",
    round=r"\d+",
