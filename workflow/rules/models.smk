"""Models: the dense network, its checkpoint, and what pruning makes of it."""

# Of its own, so that the order of `seeds` says nothing; its weights are only what pruning ranks.
CHECKPOINT_SEED = 0
# On a CPU each array of networks has one core, and a single network is a single array.
DENSE_THREADS = 1 if config["engine"]["device"] == "cpu" else training_threads()
MODEL_FOLDER = f"{RESULTS}/models/{{model}}"


rule describe_dense:
    input:
        data=f"{DATA}/meta.json",
    output:
        f"{MODEL_FOLDER}/dense/architecture.json",
    log:
        f"{LOGS}/describe_dense/{{model}}.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            "models/describe_dense.py", model_code(wildcards.model), **origin_settings(wildcards.model)
        ),
    script:
        "../scripts/models/describe_dense.py"


rule check_network:
    input:
        architecture=f"{MODEL_FOLDER}/dense/architecture.json",
    output:
        f"{MODEL_FOLDER}/dense/check.json",
    log:
        f"{LOGS}/check_network/{{model}}.log",
    # Before anything is trained: whether an imported network learns, and can be pruned as the config says.
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            "models/check_network.py",
            model_code(wildcards.model),
            variants=pruned_variants(wildcards.model),
            pruning=config["pruning"],
            strategy=config["engine"]["strategy"],
        ),
    script:
        "../scripts/models/check_network.py"


rule check:
    input:
        [f"{RESULTS}/models/{model}/dense/check.json" for model in config["models"] if imported(model)],
    localrule: True


rule train_dense:
    input:
        unpack(checked_network),
        data=f"{DATA}/meta.json",
        architecture=f"{MODEL_FOLDER}/dense/architecture.json",
    output:
        weights=f"{MODEL_FOLDER}/dense/weights.safetensors",
        history=f"{MODEL_FOLDER}/dense/history.csv",
    log:
        f"{LOGS}/train_dense/{{model}}.log",
    conda:
        ENVIRONMENT
    threads: DENSE_THREADS
    resources:
        runtime=training_minutes,
        cpus_per_task=1 if config["engine"]["device"] == "cpu" else config["engine"]["threads"],
    params:
        settings=lambda wildcards: settings(
            "models/train_dense.py",
            model_code(wildcards.model),
            **fixed(wildcards.model) | lattice(wildcards.model).named(PRIOR),
            recipe=config["recipe"],
            engine=engine_settings(strategy="serial"),
            seed=CHECKPOINT_SEED,
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/dense/{wildcards.model}",
    script:
        "../scripts/models/train_dense.py"


rule calibrate:
    input:
        data=f"{DATA}/meta.json",
        architecture=f"{MODEL_FOLDER}/{{variant}}/architecture.json",
    output:
        STRATEGY,
    log:
        f"{LOGS}/calibrate/{{model}}_{{variant}}.log",
    conda:
        ENVIRONMENT
    # As training has them; on a cluster it must run on the same kind of machine, too.
    threads: training_threads()
    resources:
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: settings(
            "models/calibrate.py",
            model_code(wildcards.model),
            recipe=config["recipe"],
            engine=engine_settings(),
            cells=lattice(wildcards.model).alike,
        ),
    script:
        "../scripts/models/calibrate.py"


rule prune:
    input:
        unpack(images_to_rank_by),
        architecture=f"{MODEL_FOLDER}/dense/architecture.json",
        weights=f"{MODEL_FOLDER}/dense/weights.safetensors",
    output:
        architecture=f"{MODEL_FOLDER}/{{pruned}}/architecture.json",
        weights=f"{MODEL_FOLDER}/{{pruned}}/weights.safetensors",
        record=f"{MODEL_FOLDER}/{{pruned}}/pruning.json",
    log:
        f"{LOGS}/prune/{{model}}_{{pruned}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            "models/prune.py",
            model_code(wildcards.model),
            **prune_settings(pruned_variants(wildcards.model)[wildcards.pruned]),
        ),
    script:
        "../scripts/models/prune.py"


rule pruning_table:
    input:
        [
            f"{RESULTS}/models/{model}/{variant}/pruning.json"
            for model in config["models"]
            for variant in pruned_variants(model)
        ],
    output:
        pruning=report(
            f"{HPSPACE}/pruning.csv",
            category="Data and pruning",
            caption=f"{CAPTIONS}/pruning.rst",
            labels={"figure": "table: FLOPs and parameters"},
        ),
        channels=f"{HPSPACE}/channels.csv",
    log:
        f"{LOGS}/pruning_table.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "models/pruning_table.py",
            variants=[(model, variant) for model in config["models"] for variant in pruned_variants(model)],
        ),
    script:
        "../scripts/models/pruning_table.py"
