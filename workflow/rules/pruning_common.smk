"""Pruned variants: how each is pruned, from what, and what is done with it then."""

from prunescape.training.retraining import (
    AT_INIT,
    FROM_TRAINED,
    SCRATCH,
    WEIGHT_REWINDING,
    retraining,
    step_ratio,
    until,
)

TARGET = config["pruning"]["target"]
REWIND_EPOCH = config["retraining"]["rewind_epoch"]
UNNAMED = ("norm", SCRATCH, "flops")  # in a variant's name
# Of its own, so that the order of `seeds` says nothing; its weights are only what pruning ranks.
CHECKPOINT_SEED = 0


def pruned_variants(model):
    """Names of a model's pruned variants, with method, ratio, criterion and pipeline; what is the default goes unnamed."""
    section = config["models"][model]
    return {
        f"{'_'.join([method, *(word for word in (criterion, pipeline, TARGET) if word not in UNNAMED)])}-{ratio:g}": {
            "method": method,
            "ratio": ratio,
            "criterion": criterion,
            "pipeline": pipeline,
        }
        for pipeline in section["pipelines"]
        for criterion in section["criteria"]
        for method in section["methods"]
        for ratio in section["ratios"]
    }


def variants(model):
    """Names of all variants of a model; the dense network comes first."""
    return ["dense", *pruned_variants(model)]


def without_control():
    """Criteria beside the filter norm, by model, where none of its networks is pruned at random."""
    found = {
        model: [name for name in section["criteria"] if name != "norm"] for model, section in config["models"].items()
    }
    return {model: names for model, names in found.items() if names and "random" not in names}


def pipeline_of(model, variant):
    """What is done with a variant; the dense network is trained from scratch, too."""
    return SCRATCH if variant == "dense" else pruned_variants(model)[variant]["pipeline"]


def steps_of(model, variant):
    """The steps in which a variant is pruned."""
    return config["retraining"]["steps"] if pipeline_of(model, variant) in FROM_TRAINED else 1


def ranking(**more):
    """The section `pruning`, without what its target has no use for."""
    unused = [] if TARGET == "latency" else ["latency"]
    return {key: value for key, value in config["pruning"].items() if key not in unused} | more


def flops_ranking():
    """The same for studies that prune to a part of the FLOPs, whatever the main job's target is."""
    return {key: value for key, value in config["pruning"].items() if key not in ("target", "latency")}


def prune_settings(wildcards):
    """How a network is pruned, as a whole or in one step; the default criterion is left out."""
    pruned, steps = pruned_variants(wildcards.model)[wildcards.pruned], steps_of(wildcards.model, wildcards.pruned)
    step = int(wildcards.get("step", steps))
    criterion = {} if pruned["criterion"] == "norm" else {"criterion": pruned["criterion"]}
    ratio = step_ratio(pruned["ratio"], step, steps)
    further = {"exact": False} if step < steps else {}
    if "seed" in wildcards.keys():
        further["seed"] = int(wildcards.seed)
    return {"method": pruned["method"], "ratio": ratio, "pruning": ranking(**criterion), **further}


def pruned_from(wildcards):
    """What pruning reads: the dense one, what a step before has left, or an untrained one."""
    pruned, models = pruned_variants(wildcards.model)[wildcards.pruned], f"{RESULTS}/models/{wildcards.model}"
    step = int(wildcards.get("step", steps_of(wildcards.model, wildcards.pruned)))
    dense, before = f"{models}/dense/architecture.json", f"{models}/{wildcards.pruned}/step-{step - 1}"
    found = {"data": f"{DATA}/meta.json"} if pruned["criterion"] == "taylor" else {}  # it needs gradients
    if "seed" in wildcards.keys():
        return {**found, **checked_network(wildcards), "architecture": dense}
    if step == 1:
        found |= {"architecture": dense, "weights": f"{models}/dense/weights.safetensors"}
    else:
        found |= {"architecture": f"{before}/architecture.json", "weights": f"{before}/retrained.safetensors"}
        found |= {"dense": dense, "previous": f"{before}/pruning.json"}
    if pruned["pipeline"] == WEIGHT_REWINDING:
        early = f"{models}/dense/epoch-{REWIND_EPOCH}/weights.safetensors"
        found["rewound"] = early if step == 1 else f"{before}/weights.safetensors"
    return found


def found_widths(wildcards):
    """Where widths are kept that were found by measuring latency, apart from what Snakemake makes again."""
    return f"{RESULTS}/latency/{wildcards.model}" if TARGET == "latency" else None


def network_folder(model, variant, seed):
    """Where a network lies; those pruned at initialisation differ from seed to seed."""
    folder = f"{RESULTS}/models/{model}/{variant}"
    return f"{folder}/seed-{seed}" if variant != "dense" and pipeline_of(model, variant) == AT_INIT else folder


def network_to_train(model, variant, seed):
    """The files of a network that is trained in the end: its architecture, and weights to start from if there are any."""
    folder = network_folder(model, variant, seed)
    start = {} if pipeline_of(model, variant) == SCRATCH else {"start": f"{folder}/weights.safetensors"}
    return {"architecture": f"{folder}/architecture.json", **start}


def networks_to_choose(wildcards):
    """The networks of a variant, those of all seeds where they differ, for a job that learns later which it needs."""
    files = [network_to_train(*wildcards, seed) for seed in SEEDS]
    found = {key: list(dict.fromkeys(of[key] for of in files)) for key in files[0]}
    starts = {"starts": found["start"]} if "start" in found else {}
    # The first alone tells what the job will take.
    return {"architecture": found["architecture"][0], "networks": found["architecture"], **starts}


def records_of(model, variant):
    """The records of how a variant was pruned: one, or one a seed."""
    folders = dict.fromkeys(network_folder(model, variant, seed) for seed in SEEDS)
    return [f"{folder}/pruning.json" for folder in folders]


def retrained(model, variant):
    """How a variant is trained that starts from the weights that pruning left; None where it is trained from scratch."""
    pipeline = pipeline_of(model, variant)
    if pipeline == SCRATCH:
        return None
    recipe, factor = retraining(config["recipe"], pipeline, REWIND_EPOCH)
    return {"recipe": recipe, "rate_factor": factor}


def recipe_of(wildcards):
    """The recipe of a training job, by its wildcards."""
    if "epoch" in wildcards.keys():
        return until(config["recipe"], int(wildcards.epoch))
    variant = wildcards.get("variant", wildcards.get("pruned", "dense"))
    return (retrained(wildcards.model, variant) or config)["recipe"]


def prior_settings(model, recipe):
    """How a network is trained that pruning ranks then."""
    return {
        **fixed(model),
        **lattice(model).named(PRIOR),
        "recipe": recipe,
        "engine": engine_settings(strategy="serial"),
        "seed": CHECKPOINT_SEED,
    }


def preparations(model):
    """Trainings before those of the grid, beside the dense network's: row, folder, log, part of the FLOPs and recipe."""
    section = config["models"][model]
    found = []
    if WEIGHT_REWINDING in section["pipelines"]:
        found.append(
            (
                f"(to epoch {REWIND_EPOCH})",
                f"dense/epoch-{REWIND_EPOCH}/weights.safetensors",
                f"{LOGS}/train_to_rewind/{model}_{REWIND_EPOCH}.log",
                1.0,
                until(config["recipe"], REWIND_EPOCH),
            )
        )
    for name, pruned in pruned_variants(model).items():
        steps = steps_of(model, name)
        found += [
            (
                f"{name} (step {step} of {steps})",
                f"{name}/step-{step}/retrained.safetensors",
                f"{LOGS}/retrain_step/{model}_{name}_{step}.log",
                step_ratio(pruned["ratio"], step, steps),
                retrained(model, name)["recipe"],
            )
            for step in range(1, steps)
        ]
    return found


def is_ranked(model):
    """Whether a model has pruned variants whose channels are ranked by the weights of a trained dense network."""
    return any(variant["pipeline"] != AT_INIT for variant in pruned_variants(model).values())


def tables_before():
    """Histories that this run has of trainings before those of the grid."""
    steps = [steps_of(model, variant) for model in config["models"] for variant in pruned_variants(model)]
    there = {
        "dense_history": any(is_ranked(model) for model in config["models"]),
        "rewound_history": any(WEIGHT_REWINDING in section["pipelines"] for section in config["models"].values()),
        "step_history": max(steps, default=1) > 1,
    }
    return [name for name, is_there in there.items() if is_there]


def model_files(model):
    """A model's networks, with the histories of their trainings and the records of their pruning, and how they train."""
    models = f"{RESULTS}/models/{model}"
    pruned = ["architecture.json", "weights.safetensors", "pruning.json"]
    folders = {f"{models}/dense": ["architecture.json", *(["weights.safetensors", "history.csv"] * is_ranked(model))]}
    if any(variant["pipeline"] == WEIGHT_REWINDING for variant in pruned_variants(model).values()):
        folders[f"{models}/dense/epoch-{REWIND_EPOCH}"] = ["weights.safetensors", "history.csv"]
    for variant in pruned_variants(model):
        folders |= {network_folder(model, variant, seed): pruned for seed in SEEDS}
        for step in range(1, steps_of(model, variant)):
            folders[f"{models}/{variant}/step-{step}"] = [*pruned, "retrained.safetensors", "history.csv"]
    measured = expand(STRATEGY, model=model, variant=variants(model)) if chosen_strategy() else []
    return [*(f"{folder}/{name}" for folder, names in folders.items() for name in names), *measured]


wildcard_constraints:
    step=r"\d+",
    epoch=r"\d+",
