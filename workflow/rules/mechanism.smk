"""The study `mechanism`: networks, and the utility of subsets of their weights."""


rule pretrain_sizes:
    input:
        data=f"{DATA}/meta.json",
        architecture=f"{RESULTS}/models/{{model}}/dense/architecture.json",
    output:
        sizes=TRAINED,
        epochs=f"{NETWORKS_OF}/epochs.safetensors",
        history=f"{NETWORKS_OF}/history.csv",
    log:
        log_of("mechanism", "pretrain_sizes"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("pretrain_sizes")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: training_settings(
            "mechanism/pretrain_sizes.py",
            wildcards,
            sizes=sizes_of(wildcards.model),
            measured_epochs=measured_epochs(),
        ),
        checkpoint=checkpoint_of("pretrain_sizes"),
    script:
        "../scripts/mechanism/pretrain_sizes.py"


rule ablate_epochs:
    input:
        data=f"{DATA}/meta.json",
        architecture=f"{RESULTS}/models/{{model}}/dense/architecture.json",
        epochs=f"{NETWORKS_OF}/epochs.safetensors",
    output:
        epochs=mechanism_part("utility_epochs"),
        bands=mechanism_part("utility_bands"),
    log:
        log_of("mechanism", "ablate_epochs"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("ablate_epochs")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: sampling_settings(
            "mechanism/ablate_epochs.py", wildcards, bands=MECHANISM_STUDY["bands"]
        ),
    script:
        "../scripts/mechanism/ablate_epochs.py"


rule ablate_sizes:
    input:
        **OF_TRAINED,
    output:
        mechanism_part("utility_sizes"),
    log:
        log_of("mechanism", "ablate_sizes"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("ablate_sizes")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: sampling_settings(
            "mechanism/ablate_sizes.py",
            wildcards,
            sizes=sizes_of(wildcards.model),
            epoch=config["recipe"]["epochs"],
        ),
    script:
        "../scripts/mechanism/ablate_sizes.py"


rule retrain_pruned:
    input:
        **OF_TRAINED,
    output:
        networks=f"{NETWORKS_OF}/pruned.safetensors",
        table=mechanism_part("retrained"),
    log:
        log_of("mechanism", "retrain_pruned"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("retrain_pruned")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: training_settings(
            "mechanism/retrain_pruned.py",
            wildcards,
            retraining=mechanism_retraining(wildcards.model),
            pruning_ratios=MECHANISM_STUDY["pruning_ratios"],
        ),
        checkpoint=checkpoint_of("retrain_pruned"),
    script:
        "../scripts/mechanism/retrain_pruned.py"


rule ablate_pruned:
    input:
        **OF_TRAINED,
        networks=f"{NETWORKS_OF}/pruned.safetensors",
    output:
        mechanism_part("utility_pruned"),
    log:
        log_of("mechanism", "ablate_pruned"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("ablate_pruned")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: sampling_settings(
            "mechanism/ablate_pruned.py", wildcards, pruning_ratios=MECHANISM_STUDY["pruning_ratios"]
        ),
    script:
        "../scripts/mechanism/ablate_pruned.py"


rule ablate_channels:
    input:
        **OF_TRAINED,
    output:
        channels=mechanism_part("utility_channels"),
        correlations=mechanism_part("rank_correlations"),
    log:
        log_of("mechanism", "ablate_channels"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=companion_minutes(mechanism_passes("ablate_channels")),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: sampling_settings("mechanism/ablate_channels.py", wildcards),
    script:
        "../scripts/mechanism/ablate_channels.py"
