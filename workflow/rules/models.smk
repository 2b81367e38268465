"""Data, and what pruning makes of a network."""

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
        told=PLAN.prepare.untracked,
    script:
        "../scripts/data/prepare.py"


rule prune:
    input:
        inputs(NETS.prune),
    output:
        **NETS.prune.outputs,
    log:
        NETS.prune.log,
    conda:
        ENVIRONMENT
    threads: NETS.prune.threads
    resources:
        **PLAN.resources(NETS.prune),
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
