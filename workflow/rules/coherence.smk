"""The study `coherence`: networks, what their gradients say, and what their masks are worth."""


rule prepare_gaussian:
    input:
        f"{DATA}/meta.json",
    output:
        # What depends on the noise reads this file: it is written last and holds the arrays' checksums.
        meta=GAUSSIAN,
        arrays=expand(
            f"{DATA}-gaussian/{{split}}_{{part}}.npy", split=["train", "validation"], part=["images", "labels"]
        ),
    log:
        f"{LOGS}/coherence/prepare_gaussian.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("coherence/prepare_gaussian.py"),
    script:
        "../scripts/coherence/prepare_gaussian.py"


rule train_run:
    input:
        unpack(data_of_run),
        architecture=DENSE_OF,
    output:
        networks=WATCHED,
        history=f"{COHERENCE}/networks/{{model}}/seed-{{seed}}/{{run}}.csv",
    log:
        f"{LOGS}/coherence/train_run/{{model}}_seed-{{seed}}_{{run}}.log",
    wildcard_constraints:
        run="|".join(RUNS),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(coherence_passes("train_run")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=watched_settings,
        checkpoint=checkpoint_of("train_run"),
    script:
        "../scripts/coherence/train_run.py"


rule measure_runs:
    input:
        **({"gaussian": GAUSSIAN} if len(RUNS) > 1 else {}),
        data=f"{DATA}/meta.json",
        architecture=DENSE_OF,
        runs=expand(WATCHED, run=RUNS, allow_missing=True),
    output:
        **{name: coherence_part(name) for name in RUN_TABLES},
        diffs=OWN_DIFFS,
    log:
        log_of("coherence", "measure_runs"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(coherence_passes("measure_runs")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: coherence_settings(
            "coherence/measure_runs.py",
            wildcards,
            1,
            samples=COHERENCE_STUDY["samples"],
            bins=COHERENCE_STUDY["bins"],
        ),
        checkpoint=checkpoint_of("measure_runs"),
    script:
        "../scripts/coherence/measure_runs.py"


rule retrain_masks:
    input:
        data=f"{DATA}/meta.json",
        architecture=DENSE_OF,
        networks=WATCHED.replace("{run}", "real_fresh"),
        epochs=coherence_part("epochs"),
        diffs=OWN_DIFFS,
    output:
        **{name: coherence_part(part) for name, part in SPARSE_TABLES.items()},
    log:
        log_of("coherence", "retrain_masks"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(coherence_passes("retrain_masks")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=sparse_settings,
        checkpoint=checkpoint_of("retrain_masks"),
    script:
        "../scripts/coherence/retrain_masks.py"


rule train_widths:
    input:
        data=f"{DATA}/meta.json",
        architecture=DENSE_OF.format(model=MLP),
    output:
        widths=mlp_part("widths"),
        diffs=mlp_part("width_diffs"),
    log:
        f"{LOGS}/coherence/train_widths/seed-{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(coherence_passes("train_widths"), MLP),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: mlp_settings(
            "coherence/train_widths.py", wildcards, 1, widths=all_widths(), bins=COHERENCE_STUDY["bins"]
        ),
        checkpoint=checkpoint_of("train_widths"),
    script:
        "../scripts/coherence/train_widths.py"


rule prune_parents:
    input:
        data=f"{DATA}/meta.json",
        architecture=DENSE_OF.format(model=MLP),
        widths=mlp_part("widths"),
    output:
        mlp_part("children_{experiment}"),
    log:
        f"{LOGS}/coherence/prune_parents/{{experiment}}_seed-{{seed}}.log",
    wildcard_constraints:
        experiment="wide|fixed",
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(coherence_passes("prune_parents"), MLP),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: mlp_settings(
            "coherence/prune_parents.py",
            wildcards,
            COHERENCE_STUDY["lanes"],
            pairs=pairs(wildcards.experiment),
            **{name: COHERENCE_STUDY[name] for name in ("scores", "ends", "scopes")},
        ),
        checkpoint=checkpoint_of("prune_parents"),
    script:
        "../scripts/coherence/prune_parents.py"


rule collect_coherence:
    input:
        coherence_parts,
    output:
        f"{COHERENCE}/{{table}}.csv",
    log:
        f"{LOGS}/coherence/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(COHERENCE_TABLES),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("studies/collect.py"),
    script:
        "../scripts/studies/collect.py"
