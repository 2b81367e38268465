"""Data, the dense network, its checkpoint, and what pruning makes of it."""

NETS = PLAN.networks


# Every data set becomes the same prepared form. It runs where Snakemake runs, so that compute nodes need no network.
rule prepare:
    output:
        **PLAN.prepare.outputs,
    log:
        PLAN.prepare.log,
    localrule: True
    conda:
        ENVIRONMENT
    threads: workflow.cores if RUN.data_set.module == "folders" else 1
    params:
        settings=PLAN.prepare.settings,
        # Where the files are found is no part of what they are; Snakemake does not track params that take `output`.
        data=lambda wildcards, output: {
            key: value for key, value in RUN.config.data.plain().items() if key != "prepared"
        },
    script:
        "../scripts/data/prepare.py"


rule describe_dense:
    input:
        inputs(NETS.describe),
    output:
        **NETS.describe.outputs,
    log:
        NETS.describe.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=NETS.describe.settings,
    script:
        "../scripts/models/describe_dense.py"


# Before anything is trained: whether a network that is imported, or has layers of its own to ignore, can be pruned.
rule check_network:
    input:
        inputs(NETS.check),
    output:
        **NETS.check.outputs,
    log:
        NETS.check.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=NETS.check.settings,
    script:
        "../scripts/models/check_network.py"


rule train_dense:
    input:
        inputs(NETS.train_dense),
    output:
        **NETS.train_dense.outputs,
    log:
        NETS.train_dense.log,
    conda:
        ENVIRONMENT
    threads: RUN.dense_threads
    resources:
        runtime=PLAN.minutes(NETS.train_dense),
        cpus_per_task=RUN.dense_cpus,
    params:
        settings=NETS.train_dense.settings,
        checkpoint=NETS.train_dense.state,
    script:
        "../scripts/models/train_dense.py"


use rule train_dense as train_to_rewind with:
    output:
        **NETS.train_to_rewind.outputs,
    log:
        NETS.train_to_rewind.log,
    resources:
        runtime=PLAN.minutes(NETS.train_to_rewind),
        cpus_per_task=RUN.dense_cpus,
    params:
        settings=NETS.train_to_rewind.settings,
        checkpoint=NETS.train_to_rewind.state,


use rule train_dense as retrain_step with:
    input:
        inputs(NETS.retrain_step),
    output:
        **NETS.retrain_step.outputs,
    log:
        NETS.retrain_step.log,
    resources:
        runtime=PLAN.minutes(NETS.retrain_step),
        cpus_per_task=RUN.dense_cpus,
    params:
        settings=NETS.retrain_step.settings,
        checkpoint=NETS.retrain_step.state,


# As training has them; on a cluster it must run on the same kind of machine, too.
rule calibrate:
    input:
        inputs(NETS.calibrate),
    output:
        **NETS.calibrate.outputs,
    log:
        NETS.calibrate.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        cpus_per_task=CPUS,
    params:
        settings=NETS.calibrate.settings,
    script:
        "../scripts/models/calibrate.py"


rule prune:
    input:
        inputs(NETS.prune),
    output:
        **NETS.prune.outputs,
    log:
        NETS.prune.log,
    conda:
        ENVIRONMENT
    # What is measured must not share the machine with other jobs of this run.
    threads: NETS.prune_threads
    resources:
        **NETS.prune_resources,
    params:
        settings=NETS.prune.settings,
        saved=NETS.found_widths,
    script:
        "../scripts/models/prune.py"


use rule prune as prune_step with:
    output:
        **NETS.prune_step.outputs,
    log:
        NETS.prune_step.log,


use rule prune as prune_initial with:
    output:
        **NETS.prune_initial.outputs,
    log:
        NETS.prune_initial.log,
