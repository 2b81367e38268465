"""The study `mechanism`: networks, the utility of subsets of their weights, cycles of pruning, surfaces and barriers."""

MECHANISM = PLAN.companions["mechanism"]


rule pretrain_sizes:
    input:
        inputs(MECHANISM.pretrain_sizes),
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
        inputs(MECHANISM.ablate_epochs),
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
        inputs(MECHANISM.ablate_sizes),
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
        inputs(MECHANISM.retrain_pruned),
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
        inputs(MECHANISM.ablate_pruned),
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
        inputs(MECHANISM.ablate_channels),
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
        inputs(MECHANISM.prune_in_cycles),
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
        inputs(MECHANISM.map_surfaces),
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
        inputs(MECHANISM.connect_cycles),
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
        inputs(MECHANISM.connect_seeds),
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
