"""The study `mechanism`: pruning and retraining in cycles, the surfaces around the networks, and barriers."""


wildcard_constraints:
    pruning="weights|channels",
    retraining="fine_tuning|rewinding",


rule prune_in_cycles:
    input:
        **OF_TRAINED,
    output:
        networks=CYCLED,
        table=f"{MECHANISM}/parts/cycles/{{model}}/seed-{{seed}}_{{retraining}}.csv",
    log:
        f"{LOGS}/mechanism/prune_in_cycles/{{model}}_seed-{{seed}}_{{retraining}}.log",
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("prune_in_cycles")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: training_settings(
            "mechanism/prune_in_cycles.py",
            wildcards,
            retraining=mechanism_retraining(wildcards.model),
            fractions={name: CYCLES[name] for name in prunings_of(wildcards.model)},
            cycles=CYCLES["number"],
            small=CYCLES["small"],
        ),
        checkpoint=checkpoint_of("prune_in_cycles"),
    script:
        "../scripts/mechanism/prune_in_cycles.py"


rule map_surfaces:
    input:
        **OF_CYCLED,
    output:
        surface=mechanism_part("surface"),
        marks=mechanism_part("marks"),
        distances=mechanism_part("distances"),
    log:
        log_of("mechanism", "map_surfaces"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("map_surfaces")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: cycled_settings(
            "mechanism/map_surfaces.py", wildcards, planes=planes(), side=SURFACE["side"]
        ),
    script:
        "../scripts/mechanism/map_surfaces.py"


rule connect_cycles:
    input:
        **OF_CYCLED,
    output:
        lines=mechanism_part("lines"),
        barriers=mechanism_part("barriers"),
    log:
        log_of("mechanism", "connect_cycles"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("connect_cycles")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: cycled_settings("mechanism/connect_cycles.py", wildcards, points=SURFACE["line"]),
    script:
        "../scripts/mechanism/connect_cycles.py"


rule connect_seeds:
    input:
        data=f"{DATA}/meta.json",
        architecture=f"{RESULTS}/models/{{model}}/dense/architecture.json",
        sizes=expand(TRAINED, seed=SEEDS, allow_missing=True),
    output:
        lines=f"{MECHANISM}/parts/lines/{{model}}/seeds.csv",
        barriers=f"{MECHANISM}/parts/barriers/{{model}}/seeds.csv",
    log:
        f"{LOGS}/mechanism/connect_seeds/{{model}}.log",
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("connect_seeds")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: basin_settings(
            "mechanism/connect_seeds.py", wildcards, points=SURFACE["line"], seeds=SEEDS, seed=SEEDS[0]
        ),
    script:
        "../scripts/mechanism/connect_seeds.py"
