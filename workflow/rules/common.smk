"""What all rules share: the validated config, where things are, and what code a rule depends on."""

import hashlib
import math
from dataclasses import asdict

from prunescape.codehash import digest, remember
from prunescape.config import ConfigError, validated
from prunescape.data.catalog import CATALOG as DATA_SETS, count_classes, lookup as data_set
from prunescape.errors import UserError
from prunescape.hpspace.axes import pair_of, size_of
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.hpspace.plan import read_plan
from prunescape.models.catalog import CATALOG as MODELS, lookup as model_info
from prunescape.own_code import check_import, own_digest
from prunescape.training.recipe import TOP5_CLASSES
from prunescape.training.strategy import needs_calibration
from prunescape.workload import visible_gpus

try:
    config = validated(config, MODELS, DATA_SETS)
except ConfigError as error:
    sys.exit(str(error))

# Networks of the main job, and of the companion study that has some of its own.
OWN_MODELS = [] if config["coherence"] is None else [*config["coherence"]["models"], "mlp"]
ALL_MODELS = list(dict.fromkeys([*config["models"], *OWN_MODELS]))
IMPORTED = [name for name, section in config["models"].items() if section["import"] is not None]

for name in IMPORTED:
    try:
        check_import(config["models"][name]["import"])
    except UserError as error:
        sys.exit(f"config: models.{name}.import: {error}")

for name, section in config["models"].items():
    if name in IMPORTED:
        continue
    if not model_info(name).channels:
        sys.exit(
            f"config: models.{name}: has no channels to prune; name it in coherence.models, or choose another model"
        )
    if "bn_scale" in section["criteria"] and not model_info(name).batch_norm:
        sys.exit(f"config: models.{name}.criteria: bn_scale ranks by batch norm, and {name} has none; remove it")

for name in [name for name in ALL_MODELS if name not in IMPORTED]:
    crop = data_set(config["data"]["name"]).geometry(config["data"]["image_size"]).crop
    if crop < model_info(name).smallest_image:
        sys.exit(
            f"config: {'models' if name in config['models'] else 'coherence.models'}.{name}: needs images of at least"
            f" {model_info(name).smallest_image} pixels, and those of {config['data']['name']} have {crop}; choose another"
            " model or data set"
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
INDEX = f"{RESULTS}/index.html"
TILE = f"{HPSPACE}/tiles/{{model}}/{{variant}}/seed-{{seed}}/{{i}}_{{j}}"
STRATEGY = f"{RESULTS}/models/{{model}}/{{variant}}/strategy.json"
PLAN = f"{HPSPACE}/extension/{{model}}/round-{{round}}.json"
CAPTIONS = f"{PROJECT}/workflow/report"
ENVIRONMENT = f"{PROJECT}/envs/prunescape.yaml"

OWN = "own:"
OWN_BUILDER = "prunescape.models.own"  # makes networks that are imported; loaded by name, so that no script shows it
SEEDS = config["seeds"]
FORMATS = config["figures"]["formats"]
METRICS = measured_metrics()
PAIR = pair_of(config["grid"])
AXES = {"axes": PAIR.to_json()}
PRIOR = Cell(0, 0)
# Made of the thesis' hyperparameters alone.
THESIS_TABLES = ["band", "table_3_4", "table_4_1", "table_4_2"] if PAIR.is_thesis else []


def lattice(model):
    """The lattice around a model's prior."""
    return Lattice.from_config(config["grid"], {**config["recipe"], **config["models"][model]})


def fixed(model):
    """Learning rate and weight decay of all cells of a model, as far as they are no axes."""
    return {name: config["models"][model][name] for name in ("learning_rate", "weight_decay") if name not in PAIR.names}


def settings(*sources, **values):
    """The one `params` value of a rule: what its results depend on beside its inputs.

    `code` is a digest of the script and the modules behind it, so that a rule reruns when the meaning of its code changes.
    One dict, because Snakemake compares params without their names.
    """
    return {**values, **code_of(*sources)}


def code_of(*sources):
    """Digests of code: of scripts and modules of ours, and of networks that are imported.

    What an imported network is called with is in its architecture.
    """
    own = [own_digest(source.removeprefix(OWN)) for source in sources if source.startswith(OWN)]
    code = digest(*(source for source in sources if not source.startswith(OWN)), *([OWN_BUILDER] if own else []))
    return {"code": code, "own_code": own} if own else {"code": code}


def published_tables(study):
    """A digest of the published tables of a study, which its rules stand ours beside."""
    files = sorted(Path(LIBRARY, "reference").glob(f"{study}_*.csv"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def figure(path, category, caption, **labels):
    """The files of a figure, one a format; the first one goes into the report."""
    first = report(f"{path}.{FORMATS[0]}", category=category, caption=f"{CAPTIONS}/{caption}.rst", labels=labels)
    return [first, *(f"{path}.{suffix}" for suffix in FORMATS[1:])]


def figure_settings(script, **values):
    """The params of a figure: its resolution, and what else it depends on."""
    return settings(script, dpi=config["figures"]["dpi"], **values)


def imported(model):
    """Where a model comes from that is not in the catalogue, and how it is called and pruned; else None."""
    return (
        {key: config["models"][model][key] for key in ("import", "kwargs", "prunable")} if model in IMPORTED else None
    )


def model_code(model):
    """The module that builds a model, as `settings` takes it."""
    if imported(model):
        return OWN + config["models"][model]["import"].split(":")[0]
    return f"prunescape.models.{model_info(model).module}"


def origin_settings(model):
    """The setting that says where a model comes from; none for the catalogue's."""
    return {"origin": imported(model)} if imported(model) else {}


def checked_network(wildcards):
    """An imported network is checked before it is trained; another check of the same network trains nothing again."""
    return (
        {"check": ancient(f"{RESULTS}/models/{wildcards.model}/dense/check.json")} if imported(wildcards.model) else {}
    )


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
        plan = checkpoints.extend_grid.get(model=model, round=round).output[0]
        try:
            found += read_plan(plan)
        except UserError as error:  # in one line, where Snakemake would say that an input function failed
            sys.exit(f"prunescape: {error}")
    return found


def tile_files(model, rounds, suffix=".csv"):
    """The files of all variants, seeds and tiles of a model after some rounds of extension."""
    chosen = tiles(model, rounds)
    return [
        TILE.format(model=model, variant=variant, seed=seed, i=tile.i, j=tile.j) + suffix
        for variant in variants(model)
        for seed in SEEDS
        for tile in chosen
    ]


def tile_cells(wildcards):
    """Coordinates and hyperparameters of the cells of a tile."""
    grid = lattice(wildcards.model)
    cells = grid.cells(Cell(int(wildcards.i), int(wildcards.j)))
    return [{**cell._asdict(), **grid.named(cell)} for cell in cells]


wildcard_constraints:
    model="|".join(ALL_MODELS),
    variant=r"dense|(?:uniform|non_uniform)(?:_[a-z0-9_]+)?-[0-9.e-]+",
    pruned=r"(?:uniform|non_uniform)(?:_[a-z0-9_]+)?-[0-9.e-]+",
    metric="top1|top5",
    method="magnitude|lamp|grasp|random",
    seed=r"\d+",
    i=r"-?\d+",
    j=r"-?\d+",
    round=r"\d+",
