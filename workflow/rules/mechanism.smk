"""The study `mechanism`: networks, the utility of subsets of their weights, cycles of pruning, surfaces and barriers."""

MECHANISM = PLAN.companions["mechanism"]


rule pretrain_sizes:
    input:
        **MECHANISM.of_network,
    output:
        **MECHANISM.pretrain_sizes.outputs,
    log:
        MECHANISM.pretrain_sizes.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.pretrain_sizes),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.pretrain_sizes.settings,
        checkpoint=MECHANISM.pretrain_sizes.state,
    script:
        "../scripts/mechanism/pretrain_sizes.py"


rule ablate_epochs:
    input:
        **MECHANISM.of_network,
        epochs=MECHANISM.pretrain_sizes.outputs["epochs"],
    output:
        **MECHANISM.ablate_epochs.outputs,
    log:
        MECHANISM.ablate_epochs.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.ablate_epochs),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.ablate_epochs.settings,
    script:
        "../scripts/mechanism/ablate_epochs.py"


rule ablate_sizes:
    input:
        **MECHANISM.of_trained,
    output:
        **MECHANISM.ablate_sizes.outputs,
    log:
        MECHANISM.ablate_sizes.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.ablate_sizes),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.ablate_sizes.settings,
    script:
        "../scripts/mechanism/ablate_sizes.py"


rule retrain_pruned:
    input:
        **MECHANISM.of_trained,
    output:
        **MECHANISM.retrain_pruned.outputs,
    log:
        MECHANISM.retrain_pruned.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.retrain_pruned),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.retrain_pruned.settings,
        checkpoint=MECHANISM.retrain_pruned.state,
    script:
        "../scripts/mechanism/retrain_pruned.py"


rule ablate_pruned:
    input:
        **MECHANISM.of_trained,
        networks=MECHANISM.retrain_pruned.outputs["networks"],
    output:
        **MECHANISM.ablate_pruned.outputs,
    log:
        MECHANISM.ablate_pruned.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.ablate_pruned),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.ablate_pruned.settings,
    script:
        "../scripts/mechanism/ablate_pruned.py"


rule ablate_channels:
    input:
        **MECHANISM.of_trained,
    output:
        **MECHANISM.ablate_channels.outputs,
    log:
        MECHANISM.ablate_channels.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.ablate_channels),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.ablate_channels.settings,
    script:
        "../scripts/mechanism/ablate_channels.py"


rule prune_in_cycles:
    input:
        **MECHANISM.of_trained,
    output:
        **MECHANISM.prune_in_cycles.outputs,
    log:
        MECHANISM.prune_in_cycles.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.prune_in_cycles),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.prune_in_cycles.settings,
        checkpoint=MECHANISM.prune_in_cycles.state,
    script:
        "../scripts/mechanism/prune_in_cycles.py"


rule map_surfaces:
    input:
        **MECHANISM.of_cycled,
    output:
        **MECHANISM.map_surfaces.outputs,
    log:
        MECHANISM.map_surfaces.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.map_surfaces),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.map_surfaces.settings,
    script:
        "../scripts/mechanism/map_surfaces.py"


rule connect_cycles:
    input:
        **MECHANISM.of_cycled,
    output:
        **MECHANISM.connect_cycles.outputs,
    log:
        MECHANISM.connect_cycles.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.connect_cycles),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.connect_cycles.settings,
    script:
        "../scripts/mechanism/connect_cycles.py"


rule connect_seeds:
    input:
        **MECHANISM.of_seeds,
    output:
        **MECHANISM.connect_seeds.outputs,
    log:
        MECHANISM.connect_seeds.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MECHANISM.connect_seeds),
        cpus_per_task=CPUS,
    params:
        settings=MECHANISM.connect_seeds.settings,
    script:
        "../scripts/mechanism/connect_seeds.py"
