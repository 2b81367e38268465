"""The study `mechanism`: where things are, and the params that its rules share."""

NETWORKS_OF = f"{MECHANISM}/networks/{{model}}/seed-{{seed}}"
TRAINED = f"{NETWORKS_OF}/sizes.safetensors"
# What every experiment on a pretrained network reads.
OF_TRAINED = {
    "data": f"{DATA}/meta.json",
    "architecture": f"{RESULTS}/models/{{model}}/dense/architecture.json",
    "sizes": TRAINED,
}


def mechanism_part(table):
    """The path of a table of one model and seed; `collect_mechanism` puts them together."""
    return part_of("mechanism", table)


def training_settings(script, wildcards, **values):
    """The params of a rule that trains networks of one model and seed."""
    return settings(
        script,
        model_code(wildcards.model),
        recipe=pretraining(wildcards.model),
        **study_rates(wildcards.model),
        engine=lanes_engine(MECHANISM_STUDY["lanes"]),
        seed=int(wildcards.seed),
        **values,
    )


def measuring_settings(script, wildcards, **values):
    """The params of a rule that measures networks of one model."""
    return settings(
        script,
        model_code(wildcards.model),
        images=MECHANISM_STUDY["images"],
        engine=lanes_engine(MECHANISM_STUDY["lanes"]),
        **values,
    )


def sampling_settings(script, wildcards, **values):
    """The params of a rule that ablates subsets of weights."""
    chosen = {name: MECHANISM_STUDY[name] for name in ("levels", "subsets", "standard_error")}
    return measuring_settings(script, wildcards, seed=int(wildcards.seed), **chosen, **values)


CYCLED = f"{NETWORKS_OF}/cycles-{{retraining}}.safetensors"
# What every experiment on the networks of all cycles of a seed reads.
OF_CYCLED = {**OF_TRAINED, "networks": expand(CYCLED, retraining=CYCLES["retrainings"], allow_missing=True)}


def basin_settings(script, wildcards, **values):
    """The params of a rule that measures surfaces or lines."""
    return measuring_settings(
        script,
        wildcards,
        statistics=config["recipe"]["batch_size"] if SURFACE["recompute"] else None,
        **values,
    )


def cycled_settings(script, wildcards, **values):
    """The params of a rule that looks at the networks of all cycles of a seed."""
    return basin_settings(
        script,
        wildcards,
        seed=int(wildcards.seed),
        prunings=prunings_of(wildcards.model),
        retrainings=CYCLES["retrainings"],
        cycles=CYCLES["number"],
        **values,
    )


# By experiment, its tables that are put together from those of each model and seed.
EXPERIMENT_TABLES = {
    "epochs": ["utility_epochs", "utility_bands"],
    "sizes": ["utility_sizes"],
    "pruned": ["retrained", "utility_pruned"],
    "channels": ["utility_channels", "rank_correlations"],
    "cycles": ["cycles", "surface", "marks", "distances", "lines", "barriers"],
}
# By table of sample sets, the columns that tell them apart.
SUMMARISED = {
    "utility_epochs": ["model", "seed", "epoch", "whole_top1", "ablation", "level"],
    "utility_sizes": ["model", "seed", "size", "epoch", "whole_top1", "ablation", "level"],
    "utility_pruned": ["model", "seed", "pruning_ratio", "network", "whole_top1", "ablation", "level"],
}
# By published table, the one that ours is made of.
PUBLISHED = {"table_1": "cycles", "table_2": "retrained"}
# What the findings follow from.
STATED = {
    "epochs": ["utility_epochs_summary"],
    "sizes": ["utility_sizes_summary"],
    "pruned": ["utility_pruned_summary", "retrained"],
    "channels": ["rank_correlations"],
    "cycles": ["cycles", "barriers"],
}
PERFORMED = [name for name in EXPERIMENT_TABLES if models_with(name)]


def experiment_of(table):
    """The experiment that a table belongs to."""
    return next(name for name, tables in EXPERIMENT_TABLES.items() if table in tables)


def mechanism_table(name):
    """The path of a table of the study."""
    return f"{MECHANISM}/{name}.csv"


def parts_of(wildcards):
    """The tables of each model and seed."""
    table = wildcards.table
    files = []
    for model in models_with(experiment_of(table)):
        others = [f"_{name}" for name in CYCLES["retrainings"]] if table == "cycles" else [""]
        own = [f"seed-{seed}{other}" for seed in SEEDS for other in others]
        own += ["seeds"] if table in ("lines", "barriers") and len(SEEDS) > 1 else []
        files += [f"{MECHANISM}/parts/{table}/{model}/{name}.csv" for name in own]
    return files


def answer_tables():
    """Names of all tables that the config asks for."""
    names = [name for experiment in PERFORMED for name in EXPERIMENT_TABLES[experiment]]
    names += [f"{name}_summary" for name in SUMMARISED if name in names]
    return names + [table for table, source in PUBLISHED.items() if source in names]


UTILITY_FIGURES = f"{MECHANISM}/figures/{{model}}"


def utility_figure(name, title):
    """The files of a figure of one model."""
    caption = f"mechanism_{name.partition('_{')[0]}"
    return figure(f"{UTILITY_FIGURES}/{name}", "Mechanism", caption, figure=title, model="{model}")


def figures_of(model):
    """The names of a model's figures."""
    surfaces = expand("surfaces_{pruning}_{retraining}", pruning=prunings_of(model), retraining=CYCLES["retrainings"])
    drawn = {
        "epochs": ["utility_epochs", "utility_bands"],
        "sizes": ["utility_sizes"],
        "pruned": ["utility_pruned"],
        "channels": ["utility_channels"],
        "cycles": ["cycles", "barriers", *surfaces],
    }
    return [name for experiment in experiments(model) for name in drawn[experiment]]


def mechanism_answers():
    """The study's findings, tables and figures, all that the config asks for."""
    figures = [f"{model}/{name}" for model in config["models"] for name in figures_of(model)]
    return [
        *findings_of("mechanism"),
        *(mechanism_table(name) for name in answer_tables()),
        *(f"{MECHANISM}/figures/{name}.{suffix}" for name in figures for suffix in FORMATS),
    ]


ANSWERS["mechanism"] = mechanism_answers
