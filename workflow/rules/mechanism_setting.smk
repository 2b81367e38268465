"""The study `mechanism`: what it does with each model, and how much work that is, as the config has it."""

from prunescape.training.retraining import resized

MECHANISM_STUDY = config["mechanism"]
MECHANISM = f"{RESULTS}/mechanism"
CYCLES = MECHANISM_STUDY["cycles"]
SURFACE = MECHANISM_STUDY["surface"]
LEVELS = len(MECHANISM_STUDY["levels"]) * MECHANISM_STUDY["subsets"]  # subsets of a network
EVEN_EPOCHS = 20


def experiments(model):
    """What a model takes part in."""
    chosen = config["models"][model]["mechanism"]["experiments"]
    return [name for name in MECHANISM_STUDY["experiments"] if chosen is None or name in chosen]


def models_with(experiment):
    """The models that take part in an experiment."""
    return [model for model in config["models"] if experiment in experiments(model)]


def sizes_of(model):
    """The sizes at which a model is trained; the whole one comes first."""
    sizes = MECHANISM_STUDY["sizes"] if "sizes" in experiments(model) else []
    return sorted({1.0, *sizes}, reverse=True)


def prunings_of(model):
    """What a model loses in cycles: without batch norm there is nothing to rank channels by."""
    return [name for name in CYCLES["prunings"] if name == "weights" or model_info(model).batch_norm]


def measured_epochs():
    """The epochs after which utility is measured."""
    epochs = config["recipe"]["epochs"]
    even = [round(epochs * step / EVEN_EPOCHS) for step in range(EVEN_EPOCHS + 1)]
    return sorted({*(MECHANISM_STUDY["measured_epochs"] or even), epochs})


def planes():
    """The cycles whose planes are measured."""
    return sorted(SURFACE["cycles"] or range(1, CYCLES["number"] + 1))


def pretraining(model):
    """How a model is trained in this study: the recipe, with momentum as the study has it."""
    momentum = config["models"][model]["mechanism"]["momentum"]
    return config["recipe"] if momentum is None else {**config["recipe"], "momentum": momentum}


def mechanism_retraining(model):
    """How a model is retrained: as it was pretrained, in the epochs that are given to that."""
    return resized(pretraining(model), MECHANISM_STUDY["retraining_epochs"])


def study_rates(model):
    """Learning rate and weight decay of a model in this study."""
    section = config["models"][model]
    decay = section["mechanism"]["weight_decay"]
    return {
        "learning_rate": section["learning_rate"],
        "weight_decay": section["weight_decay"] if decay is None else decay,
    }


def cycles_of(model):
    """How many cycles with planes and lines a model's job looks at: those of each pruning and retraining."""
    return len(prunings_of(model)) * len(CYCLES["retrainings"])


# By rule, how many networks a job on one model trains or evaluates, and the experiment that it is a part of.
WORK = {
    "pretrain_sizes": (None, lambda model: len(sizes_of(model))),
    "ablate_epochs": (
        "epochs",
        lambda model: len(measured_epochs()) * LEVELS + MECHANISM_STUDY["bands"] * len(MECHANISM_STUDY["levels"]),
    ),
    "ablate_sizes": ("sizes", lambda model: 2 * len(sizes_of(model)) * LEVELS),
    "retrain_pruned": ("pruned", lambda model: 2 * len(MECHANISM_STUDY["pruning_ratios"])),
    "ablate_pruned": ("pruned", lambda model: 3 * len(MECHANISM_STUDY["pruning_ratios"]) * LEVELS),
    # The channels themselves, some hundreds, are left out.
    "ablate_channels": ("channels", lambda model: LEVELS),
    "prune_in_cycles": ("cycles", lambda model: len(prunings_of(model)) * CYCLES["number"] + small_networks(model)),
    "map_surfaces": ("cycles", lambda model: cycles_of(model) * len(planes()) * SURFACE["side"] ** 2),
    "connect_cycles": (
        "cycles",
        lambda model: cycles_of(model) * CYCLES["number"] * SURFACE["line"]
        + 2 * len(CYCLES["retrainings"]) * small_networks(model),
    ),
    "connect_seeds": ("cycles", lambda model: math.comb(len(SEEDS), 2) * SURFACE["line"]),
}


def small_networks(model):
    """How many small networks are trained beside the cycles of one retraining."""
    return len(prunings_of(model)) * (CYCLES["number"] if CYCLES["small"] == "every" else 1)


def networks_of(rule):
    """A function of a model: how many networks a job looks at, 0 where the model takes no part."""
    experiment, count = WORK[rule]
    return lambda model: count(model) if experiment is None or experiment in experiments(model) else 0


MECHANISM_NETWORKS = {rule: networks_of(rule) for rule in WORK}


def mechanism_passes(job):
    """A function of a model and the images of each split: how many images a job sends forwards, training included."""

    def passes(model, sizes):
        networks = MECHANISM_NETWORKS[job](model)
        images = min(MECHANISM_STUDY["images"] or sizes["train"], sizes["train"])
        again = training_flops(1, 1, sizes, mechanism_retraining(model))
        once = training_flops(1, 1, sizes, pretraining(model))
        if job == "pretrain_sizes":
            return networks * once
        if job == "retrain_pruned":
            return networks * again + networks // 2 * once
        if job == "prune_in_cycles":
            small = small_networks(model)
            return (networks - small) * again + small * (once + CYCLES["number"] * again)
        if job == "ablate_channels":
            return networks * (images + sizes["validation"])
        recomputed = job in ("map_surfaces", "connect_cycles", "connect_seeds") and SURFACE["recompute"]
        return networks * images * (2 if recomputed else 1)

    return passes
