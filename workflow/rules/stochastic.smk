"""The study `stochastic`: does noise before pruning give better sparse networks? Networks, and what is measured on each."""

from prunescape.workload import population

STOCHASTIC = f"{RESULTS}/stochastic"
STUDY = config["stochastic"]
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


GRASP_PASSES = 8  # forward passes that a gradient of a gradient is worth


def part(table):
    """The path of a table of one model and seed; `collect` puts them together."""
    return f"{STOCHASTIC}/parts/{table}/{{model}}/seed-{{seed}}.csv"


def study_log(rule):
    """The log of a rule that looks at one pretrained network."""
    return f"{LOGS}/stochastic/{rule}/{{model}}_seed-{{seed}}.log"


def study_settings(script, wildcards, **values):
    """The params of a rule that looks at one pretrained network."""
    return settings(
        script,
        model_code(wildcards.model),
        **{name: STUDY[name] for name in ("held_out", "sample", "perturbed")},
        batch_size=config["recipe"]["batch_size"],
        engine=engine_settings(strategy="fused" if STUDY["lanes"] > 1 else "serial", lanes=STUDY["lanes"]),
        seed=int(wildcards.seed),
        **values,
    )


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


use rule train_dense as pretrain with:
    output:
        weights=f"{PRETRAINED}/weights.safetensors",
        history=f"{PRETRAINED}/history.csv",
    log:
        study_log("pretrain"),
    params:
        settings=lambda wildcards: settings(
            "models/train_dense.py",
            model_code(wildcards.model),
            learning_rate=config["models"][wildcards.model]["learning_rate"],
            weight_decay=config["models"][wildcards.model]["weight_decay"],
            recipe=config["recipe"],
            engine=engine_settings(strategy="serial"),
            seed=int(wildcards.seed),
            held_out=STUDY["held_out"],
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/pretrain/" + "_".join(wildcards),


rule evaluate_sweep:
    input:
        **OF_PRETRAINED,
    output:
        part("sweep"),
    log:
        study_log("evaluate_sweep"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("evaluate_sweep"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings("stochastic/evaluate.py", wildcards, variants=sweep(wildcards.model)),
    script:
        "../scripts/stochastic/evaluate.py"


use rule evaluate_sweep as evaluate_grid with:
    output:
        part("grid"),
    log:
        study_log("evaluate_grid"),
    resources:
        runtime=evaluation_minutes("evaluate_grid"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings("stochastic/evaluate.py", wildcards, variants=grid(wildcards.model)),


rule choose_cell:
    input:
        expand(part("grid"), seed=SEEDS, allow_missing=True),
    output:
        CELL,
    log:
        f"{LOGS}/stochastic/choose_cell/{{model}}.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("stochastic/choose_cell.py", cell=of_model(wildcards.model)["cell"]),
    script:
        "../scripts/stochastic/choose_cell.py"


use rule evaluate_sweep as evaluate_best with:
    input:
        **OF_PRETRAINED,
        best=CELL,
    output:
        part("best_draws"),
    log:
        study_log("evaluate_best"),
    resources:
        runtime=evaluation_minutes("evaluate_best"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/evaluate.py", wildcards, variants=best_draws(wildcards.model)
        ),


use rule evaluate_best as transfer_masks with:
    output:
        part("transfer"),
    log:
        study_log("transfer_masks"),
    resources:
        runtime=evaluation_minutes("transfer_masks"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/evaluate.py", wildcards, variants=transfer(wildcards.model)
        ),


rule measure_weight_cdf:
    input:
        **OF_PRETRAINED,
    output:
        part("weight_cdf"),
    log:
        study_log("measure_weight_cdf"),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("stochastic/measure_weight_cdf.py", model_code(wildcards.model)),
    script:
        "../scripts/stochastic/measure_weight_cdf.py"


rule measure_feature_variance:
    input:
        **OF_PRETRAINED,
    output:
        part("feature_variance"),
    log:
        study_log("measure_feature_variance"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("measure_feature_variance"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/measure_feature_variance.py", wildcards, variants=variance_sweep(wildcards.model)
        ),
    script:
        "../scripts/stochastic/measure_feature_variance.py"


rule fine_tune:
    input:
        **OF_PRETRAINED,
        best=CELL,
    output:
        accuracies=part("fine_tuning"),
        variances=part("variances"),
    log:
        study_log("fine_tune"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("fine_tune", FINE_TUNING),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/fine_tune.py",
            wildcards,
            variants=fine_tuned(wildcards.model),
            recipe=FINE_TUNING,
            learning_rate=STUDY["fine_tuning"]["learning_rate"],
            weight_decay=STUDY["fine_tuning"]["weight_decay"],
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/fine_tune/" + "_".join(wildcards),
    script:
        "../scripts/stochastic/fine_tune.py"


rule search:
    input:
        **OF_PRETRAINED,
    output:
        evaluations=part("search"),
        progress=part("search_progress"),
        fronts=part("fronts"),
    log:
        study_log("search"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("search"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings("stochastic/search.py", wildcards, search=STUDY["search"]),
        # Outside the outputs, so that a killed search goes on.
        states=lambda wildcards, output: f"{RESULTS}/checkpoints/search/" + "_".join(wildcards),
    script:
        "../scripts/stochastic/search.py"


rule evaluate_structured:
    input:
        **OF_PRETRAINED,
    output:
        part("structured"),
    log:
        study_log("evaluate_structured"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("evaluate_structured"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/evaluate_structured.py",
            wildcards,
            variants=structured(wildcards.model),
            pruning=config["pruning"],
        ),
    script:
        "../scripts/stochastic/evaluate_structured.py"
