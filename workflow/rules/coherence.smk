"""The study `coherence`: networks, what their gradients say, and what their masks are worth."""

COHERENCE = PLAN.companions["coherence"]


rule prepare_gaussian:
    input:
        inputs(COHERENCE.prepare_gaussian),
    output:
        **COHERENCE.prepare_gaussian.outputs,
    log:
        COHERENCE.prepare_gaussian.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=COHERENCE.prepare_gaussian.param,
    script:
        "../scripts/coherence/prepare_gaussian.py"


rule train_run:
    input:
        inputs(COHERENCE.train_run),
    output:
        **COHERENCE.train_run.outputs,
    log:
        COHERENCE.train_run.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(COHERENCE.train_run),
        cpus_per_task=CPUS,
    params:
        settings=COHERENCE.train_run.settings,
        checkpoint=COHERENCE.train_run.state,
    script:
        "../scripts/coherence/train_run.py"


rule measure_runs:
    input:
        inputs(COHERENCE.measure_runs),
    output:
        **COHERENCE.measure_runs.outputs,
    log:
        COHERENCE.measure_runs.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(COHERENCE.measure_runs),
        cpus_per_task=CPUS,
    params:
        settings=COHERENCE.measure_runs.settings,
        checkpoint=COHERENCE.measure_runs.state,
    script:
        "../scripts/coherence/measure_runs.py"


rule retrain_masks:
    input:
        inputs(COHERENCE.retrain_masks),
    output:
        **COHERENCE.retrain_masks.outputs,
    log:
        COHERENCE.retrain_masks.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(COHERENCE.retrain_masks),
        cpus_per_task=CPUS,
    params:
        settings=COHERENCE.retrain_masks.settings,
        checkpoint=COHERENCE.retrain_masks.state,
    script:
        "../scripts/coherence/retrain_masks.py"


rule train_widths:
    input:
        inputs(COHERENCE.train_widths),
    output:
        **COHERENCE.train_widths.outputs,
    log:
        COHERENCE.train_widths.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(COHERENCE.train_widths),
        cpus_per_task=CPUS,
    params:
        settings=COHERENCE.train_widths.settings,
        checkpoint=COHERENCE.train_widths.state,
    script:
        "../scripts/coherence/train_widths.py"


rule prune_parents:
    input:
        inputs(COHERENCE.prune_parents),
    output:
        **COHERENCE.prune_parents.outputs,
    log:
        COHERENCE.prune_parents.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(COHERENCE.prune_parents),
        cpus_per_task=CPUS,
    params:
        settings=COHERENCE.prune_parents.settings,
        checkpoint=COHERENCE.prune_parents.state,
    script:
        "../scripts/coherence/prune_parents.py"
