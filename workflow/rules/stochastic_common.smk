"""The study `stochastic`: where things are, and which networks each experiment looks at."""

from prunescape.workload import population

STUDY = config["stochastic"]
GRASP_PASSES = 8  # forward passes that a gradient of a gradient is worth
STOCHASTIC = f"{RESULTS}/stochastic"
PRETRAINED = f"{STOCHASTIC}/pretrained/{{model}}/seed-{{seed}}"
CELL = f"{STOCHASTIC}/cells/{{model}}.json"  # a model's best pruning rate and noise
# What every experiment on a pretrained network reads.
OF_PRETRAINED = {
    "data": f"{DATA}/meta.json",
    "architecture": f"{RESULTS}/models/{{model}}/dense/architecture.json",
    "weights": f"{PRETRAINED}/weights.safetensors",
}
FINE_TUNING = {
    **config["recipe"],
    **{key: STUDY["fine_tuning"][key] for key in ("epochs", "clip")},
    "schedule": "cosine",
    "decay_epochs": [],
    "evaluate_every": STUDY["fine_tuning"]["epochs"],
}
COLLECTED = [
    "sweep",
    "grid",
    "best_draws",
    "transfer",
    "weight_cdf",
    "feature_variance",
    "fine_tuning",
    "variances",
    "search",
    "search_progress",
    "fronts",
    "structured",
]
CELLS = expand(CELL, model=config["models"])
STUDY_FIGURES = f"{STOCHASTIC}/figures"


def part(table):
    """The path of a table of one model and seed; `collect` puts them together."""
    return part_of("stochastic", table)


def study_log(rule):
    """The log of a rule that looks at one pretrained network."""
    return log_of("stochastic", rule)


def evaluation_minutes(rule):
    """The run time of a job on one pretrained network."""
    return companion_minutes(stochastic_passes(rule))


def study_settings(script, wildcards, **values):
    """The params of a rule that looks at one pretrained network."""
    return settings(
        script,
        model_code(wildcards.model),
        **{name: STUDY[name] for name in ("held_out", "sample", "perturbed")},
        batch_size=config["recipe"]["batch_size"],
        engine=lanes_engine(STUDY["lanes"]),
        seed=int(wildcards.seed),
        **values,
    )


def collected(*names):
    """The study's tables of all models and seeds, by name."""
    return {name: f"{STOCHASTIC}/{name}.csv" for name in names}


def answer(path, caption, figure):
    """A file that the report shows first."""
    return answer_of("Noise before pruning", path, caption, figure)


def of_model(model):
    """What the config says of a model for this study alone."""
    return config["models"][model]["stochastic"]


def sweep(model):
    """The networks of the sweep."""
    kinds = ["dense", "dense_stochastic", "deterministic", "stochastic"]
    return {**STUDY["sweep"], "kinds": kinds}


def grid(model):
    """The networks of the grid search."""
    return {"methods": ["magnitude"], **STUDY["grid"], "kinds": ["deterministic", "stochastic"]}


def best_draws(model):
    """The networks at the best cell; None stands for its pruning rate and noise."""
    return {
        "methods": ["magnitude"],
        "gammas": None,
        "sigmas": None,
        "draws": STUDY["best_draws"],
        "kinds": ["deterministic", "stochastic"],
    }


def transfer(model):
    """The networks with masks and weights exchanged."""
    sigma = of_model(model)["transfer_sigma"]
    return {
        "methods": ["magnitude"],
        "gammas": of_model(model)["transfer_gammas"] or STUDY["transfer"]["gammas"],
        "sigmas": sigma and [sigma],
        "draws": STUDY["transfer"]["draws"],
        "kinds": ["deterministic", "stochastic", "mask_s_to_d", "mask_d_to_s"],
    }


def variance_sweep(model):
    """The networks of the sweep whose feature variance is measured."""
    return {**STUDY["sweep"], "methods": ["magnitude"], "kinds": ["deterministic", "stochastic"]}


def fine_tuned(model):
    """The networks that are fine-tuned, beside the best cell."""
    keys = ("methods", "sigmas", "draws")
    chosen = {key: STUDY["fine_tuning"][key] for key in keys}
    return {**chosen, "gamma": of_model(model)["fine_tuning_gamma"]}


def structured(model):
    """The networks that lose whole filters."""
    section = config["models"][model]
    return {**{key: section[key] for key in ("methods", "ratios")}, **STUDY["structured"]}


def fine_tuned_networks(model):
    """How many are fine-tuned, from above."""
    chosen = fine_tuned(model)
    return len(chosen["methods"]) * (2 + (len(chosen["sigmas"]) + 1) * chosen["draws"])


def searched_networks(model):
    """How many the searches evaluate."""
    chosen = STUDY["search"]
    return 2 * len(chosen["algorithms"]) * chosen["budget"] * (chosen["draws"] + 1)


def structured_networks(model):
    """How many lose whole filters."""
    chosen = structured(model)
    return len(chosen["methods"]) * len(chosen["ratios"]) * (1 + len(chosen["sigmas"]) * chosen["draws"])


# By rule, how many networks a job on one model and seed looks at.
NETWORKS = {
    "pretrain": lambda model: 1,
    "evaluate_sweep": lambda model: population(sweep(model)),
    "evaluate_grid": lambda model: population(grid(model)),
    "evaluate_best": lambda model: population(best_draws(model)),
    "transfer_masks": lambda model: population(transfer(model)),
    "measure_feature_variance": lambda model: population(variance_sweep(model)),
    "fine_tune": fine_tuned_networks,
    "search": searched_networks,
    "evaluate_structured": structured_networks,
}


def images(rule, sizes):
    """How many images each of these networks sees forwards, where it is not trained."""
    sample = min(STUDY["sample"] or sizes["train"], sizes["train"])
    grasp = GRASP_PASSES * sample
    once = {
        "pretrain": 0,
        "measure_feature_variance": 3 * sample,  # as pretrained; recalibrated, and that itself
        "fine_tune": 2 * sizes["validation"] + 8 * sample + grasp,  # gradients and variances, before and after
        "search": STUDY["held_out"],
        "evaluate_sweep": 2 * sizes["validation"] + sample + (grasp if "grasp" in STUDY["sweep"]["methods"] else 0),
    }
    return once.get(rule, 2 * sizes["validation"] + sample)


def stochastic_passes(rule):
    """A function of a model and the images of each split: how many images a job sends forwards, training included."""
    recipe = {"pretrain": config["recipe"], "fine_tune": FINE_TUNING}.get(rule)

    def passes(model, sizes):
        networks = NETWORKS[rule](model)
        trained = 0 if recipe is None else training_flops(1, networks, sizes, recipe)
        return networks * images(rule, sizes) + trained

    return passes


def stochastic_answers():
    """The study's findings, tables and figures."""
    tables = ["table_1", "table_2", "table_3", *COLLECTED]
    tables += ["sweep_intervals", "crossovers", "grid_intervals", "grid_tests"]
    of_models = [
        "seeds",
        "grid",
        "transfer",
        "feature_variance",
        "fronts",
        "search_progress",
        "fine_tuning",
        "structured",
    ]
    of_models += [f"one_shot_{method}" for method in STUDY["sweep"]["methods"]]
    figures = ["best_draws", "weight_cdf"] + [f"{model}/{name}" for model in config["models"] for name in of_models]
    return [
        *findings_of("stochastic"),
        *collected(*tables).values(),
        *(f"{STUDY_FIGURES}/{name}.{suffix}" for name in figures for suffix in FORMATS),
    ]


ANSWERS["stochastic"] = stochastic_answers
