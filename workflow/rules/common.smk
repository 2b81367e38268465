"""What all rules share: the validated config, where things are, and what code a rule depends on."""

from prunescape.codehash import digest
from prunescape.config import ConfigError, validated
from prunescape.data.catalog import CATALOG as DATA_SETS, count_classes, lookup as data_set
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.models.catalog import CATALOG as MODELS, lookup as model_info

try:
    config = validated(config, MODELS, DATA_SETS)
except ConfigError as error:
    sys.exit(str(error))

RESULTS = f"results/{config['run']}"
DATA = f"{config['data']['prepared']}/{config['data']['name']}"
HPSPACE = f"{RESULTS}/hpspace"
LOGS = f"{RESULTS}/logs"
TILE = f"{HPSPACE}/tiles/{{model}}/{{variant}}/seed-{{seed}}/{{i}}_{{j}}"
PLAN = f"{HPSPACE}/extension/{{model}}/round-{{round}}.json"
CAPTIONS = f"{workflow.basedir}/workflow/report"
ENVIRONMENT = f"{workflow.basedir}/envs/prunescape.yaml"

SEEDS = config["seeds"]
FORMATS = config["figures"]["formats"]
TOP5_CLASSES = 100
METRICS = ["top1", "top5"] if (count_classes(config["data"]) or 0) >= TOP5_CLASSES else ["top1"]


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
    """The params of a figure: how figures look, and what else this one shows."""
    style = {key: value for key, value in config["figures"].items() if key != "formats"}
    return settings(script, **style, **values)


def model_code(model):
    """The module that builds a model."""
    return f"prunescape.models.{model_info(model).module}"


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
    metric="|".join(METRICS),
    seed=r"\d+",
    i=r"-?\d+",
    j=r"-?\d+",
    round=r"\d+",
