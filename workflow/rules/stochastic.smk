"""The study `stochastic`: networks pruned with and without noise, and what is measured on each."""

STOCHASTIC = PLAN.companions["stochastic"]


use rule train_dense as pretrain with:
    output:
        **STOCHASTIC.pretrain.outputs,
    log:
        STOCHASTIC.pretrain.log,
    resources:
        runtime=PLAN.minutes(STOCHASTIC.pretrain),
        cpus_per_task=RUN.dense_cpus,
    params:
        settings=STOCHASTIC.pretrain.settings,
        checkpoint=STOCHASTIC.pretrain.state,


rule evaluate_sweep:
    input:
        inputs(STOCHASTIC.evaluate_sweep),
    output:
        **STOCHASTIC.evaluate_sweep.outputs,
    log:
        STOCHASTIC.evaluate_sweep.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(STOCHASTIC.evaluate_sweep),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.evaluate_sweep.settings,
    script:
        "../scripts/stochastic/evaluate.py"


use rule evaluate_sweep as evaluate_grid with:
    output:
        **STOCHASTIC.evaluate_grid.outputs,
    log:
        STOCHASTIC.evaluate_grid.log,
    resources:
        runtime=PLAN.minutes(STOCHASTIC.evaluate_grid),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.evaluate_grid.settings,


rule choose_cell:
    input:
        inputs(STOCHASTIC.choose_cell),
    output:
        **STOCHASTIC.choose_cell.outputs,
    log:
        STOCHASTIC.choose_cell.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=STOCHASTIC.choose_cell.settings,
    script:
        "../scripts/stochastic/choose_cell.py"


use rule evaluate_sweep as evaluate_best with:
    input:
        inputs(STOCHASTIC.evaluate_best),
    output:
        **STOCHASTIC.evaluate_best.outputs,
    log:
        STOCHASTIC.evaluate_best.log,
    resources:
        runtime=PLAN.minutes(STOCHASTIC.evaluate_best),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.evaluate_best.settings,


use rule evaluate_best as transfer_masks with:
    output:
        **STOCHASTIC.transfer_masks.outputs,
    log:
        STOCHASTIC.transfer_masks.log,
    resources:
        runtime=PLAN.minutes(STOCHASTIC.transfer_masks),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.transfer_masks.settings,


rule measure_weight_cdf:
    input:
        inputs(STOCHASTIC.measure_weight_cdf),
    output:
        **STOCHASTIC.measure_weight_cdf.outputs,
    log:
        STOCHASTIC.measure_weight_cdf.log,
    conda:
        ENVIRONMENT
    params:
        settings=STOCHASTIC.measure_weight_cdf.settings,
    script:
        "../scripts/stochastic/measure_weight_cdf.py"


rule measure_feature_variance:
    input:
        inputs(STOCHASTIC.measure_feature_variance),
    output:
        **STOCHASTIC.measure_feature_variance.outputs,
    log:
        STOCHASTIC.measure_feature_variance.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(STOCHASTIC.measure_feature_variance),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.measure_feature_variance.settings,
    script:
        "../scripts/stochastic/measure_feature_variance.py"


rule fine_tune:
    input:
        inputs(STOCHASTIC.fine_tune),
    output:
        **STOCHASTIC.fine_tune.outputs,
    log:
        STOCHASTIC.fine_tune.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(STOCHASTIC.fine_tune),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.fine_tune.settings,
        checkpoint=STOCHASTIC.fine_tune.state,
    script:
        "../scripts/stochastic/fine_tune.py"


rule search:
    input:
        inputs(STOCHASTIC.search),
    output:
        **STOCHASTIC.search.outputs,
    log:
        STOCHASTIC.search.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(STOCHASTIC.search),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.search.settings,
        states=STOCHASTIC.search.state,
    script:
        "../scripts/stochastic/search.py"


rule evaluate_structured:
    input:
        inputs(STOCHASTIC.evaluate_structured),
    output:
        **STOCHASTIC.evaluate_structured.outputs,
    log:
        STOCHASTIC.evaluate_structured.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(STOCHASTIC.evaluate_structured),
        cpus_per_task=CPUS,
    params:
        settings=STOCHASTIC.evaluate_structured.settings,
    script:
        "../scripts/stochastic/evaluate_structured.py"
