"""The study `mechanism`: its tables, the utility paper's tables beside ours, and the findings."""

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


rule collect_mechanism:
    input:
        parts_of,
    output:
        f"{MECHANISM}/{{table}}.csv",
    log:
        f"{LOGS}/mechanism/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(name for tables in EXPERIMENT_TABLES.values() for name in tables),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("studies/collect.py"),
    script:
        "../scripts/studies/collect.py"


rule summarise_mechanism:
    input:
        f"{MECHANISM}/{{sampled}}.csv",
    output:
        f"{MECHANISM}/{{sampled}}_summary.csv",
    log:
        f"{LOGS}/mechanism/summarise/{{sampled}}.log",
    wildcard_constraints:
        sampled="|".join(SUMMARISED),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("mechanism/summarise.py", by=SUMMARISED[wildcards.sampled]),
    script:
        "../scripts/mechanism/summarise.py"


rule mechanism_table_1:
    input:
        cycles=mechanism_table("cycles"),
    output:
        answer_of("Mechanism", mechanism_table("table_1"), "mechanism_table_1", "2 Table 1"),
    log:
        f"{LOGS}/mechanism/table_1.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("mechanism/table_1.py", data=config["data"]["name"]),
    script:
        "../scripts/mechanism/table_1.py"


rule mechanism_table_2:
    input:
        retrained=mechanism_table("retrained"),
    output:
        answer_of("Mechanism", mechanism_table("table_2"), "mechanism_table_2", "3 Table 2"),
    log:
        f"{LOGS}/mechanism/table_2.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("mechanism/table_2.py", data=config["data"]["name"]),
    script:
        "../scripts/mechanism/table_2.py"


rule mechanism_findings:
    input:
        **{name: mechanism_table(name) for experiment in PERFORMED for name in STATED[experiment]},
    output:
        json=f"{MECHANISM}/findings.json",
        text=f"{MECHANISM}/findings.txt",
        page=answer_of("Mechanism", f"{MECHANISM}/findings.html", "mechanism_findings", "1 findings"),
    log:
        f"{LOGS}/mechanism/findings.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "mechanism/state_findings.py", models=list(config["models"]), tolerance=MECHANISM_STUDY["tolerance"]
        ),
    script:
        "../scripts/mechanism/state_findings.py"
