"""Models: the dense network, its checkpoint, and what pruning makes of it."""

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
            pruning=ranking(),
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
            **prior_settings(wildcards.model, config["recipe"]),
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/dense/{wildcards.model}",
    script:
        "../scripts/models/train_dense.py"


use rule train_dense as train_to_rewind with:
    output:
        weights=f"{MODEL_FOLDER}/dense/epoch-{{epoch}}/weights.safetensors",
        history=f"{MODEL_FOLDER}/dense/epoch-{{epoch}}/history.csv",
    log:
        f"{LOGS}/train_to_rewind/{{model}}_{{epoch}}.log",
    params:
        # The same training again as far as the epoch: the very weights that `train_dense` passes through, and `train_dense`
        # need not run again where this pipeline is added, or another epoch is asked for.
        settings=lambda wildcards: settings(
            "models/train_dense.py",
            model_code(wildcards.model),
            **prior_settings(wildcards.model, until(config["recipe"], int(wildcards.epoch))),
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/rewind/" + "_".join(wildcards),


rule calibrate:
    input:
        data=f"{DATA}/meta.json",
        architecture=lambda wildcards: network_to_train(*wildcards, SEEDS[0])["architecture"],
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
        unpack(pruned_from),
    output:
        architecture=f"{MODEL_FOLDER}/{{pruned}}/architecture.json",
        weights=f"{MODEL_FOLDER}/{{pruned}}/weights.safetensors",
        record=f"{MODEL_FOLDER}/{{pruned}}/pruning.json",
    log:
        f"{LOGS}/prune/{{model}}_{{pruned}}.log",
    conda:
        ENVIRONMENT
    # What is measured must not share the machine with other jobs of this run.
    threads: (workflow.cores or config["pruning"]["latency"]["threads"]) if TARGET == "latency" else 1
    resources:
        **({"cpus_per_task": config["pruning"]["latency"]["threads"]} if TARGET == "latency" else {}),
    params:
        settings=lambda wildcards: settings("models/prune.py", model_code(wildcards.model), **prune_settings(wildcards)),
        # Not tracked, because it takes `output`: latency is never measured twice for the same question.
        saved=lambda wildcards, output: found_widths(wildcards),
    script:
        "../scripts/models/prune.py"


use rule prune as prune_step with:
    output:
        architecture=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/architecture.json",
        weights=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/weights.safetensors",
        record=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/pruning.json",
    log:
        f"{LOGS}/prune/{{model}}_{{pruned}}_step-{{step}}.log",


use rule prune as prune_initial with:
    output:
        architecture=f"{MODEL_FOLDER}/{{pruned}}/seed-{{seed}}/architecture.json",
        weights=f"{MODEL_FOLDER}/{{pruned}}/seed-{{seed}}/weights.safetensors",
        record=f"{MODEL_FOLDER}/{{pruned}}/seed-{{seed}}/pruning.json",
    log:
        f"{LOGS}/prune/{{model}}_{{pruned}}_seed-{{seed}}.log",


use rule train_dense as retrain_step with:
    input:
        data=f"{DATA}/meta.json",
        architecture=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/architecture.json",
        start=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/weights.safetensors",
    output:
        weights=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/retrained.safetensors",
        history=f"{MODEL_FOLDER}/{{pruned}}/step-{{step}}/history.csv",
    log:
        f"{LOGS}/retrain_step/{{model}}_{{pruned}}_{{step}}.log",
    params:
        settings=lambda wildcards: settings(
            "models/train_dense.py",
            model_code(wildcards.model),
            **prior_settings(wildcards.model, None) | retrained(wildcards.model, wildcards.pruned),
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/steps/" + "_".join(wildcards),


rule pruning_table:
    input:
        [
            record
            for model in config["models"]
            for variant in pruned_variants(model)
            for record in records_of(model, variant)
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
            variants=[
                (model, variant)
                for model in config["models"]
                for variant in pruned_variants(model)
                for _ in records_of(model, variant)
            ],
        ),
    script:
        "../scripts/models/pruning_table.py"
