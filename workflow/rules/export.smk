"""Networks for others, in open formats, and provenance."""

EXPORT = PLAN.export


# The tiles keep tables and no weights, so the best cell of each network is trained once more.
rule train_chosen:
    input:
        inputs(EXPORT.train_chosen),
    output:
        **EXPORT.train_chosen.outputs,
    log:
        EXPORT.train_chosen.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(EXPORT.train_chosen),
        cpus_per_task=CPUS,
    params:
        settings=EXPORT.train_chosen.settings,
        checkpoint=EXPORT.train_chosen.state,
    script:
        "../scripts/export/train_chosen.py"


rule export_network:
    input:
        inputs(EXPORT.export_network),
    output:
        **EXPORT.export_network.outputs,
    log:
        EXPORT.export_network.log,
    conda:
        ENVIRONMENT
    params:
        settings=EXPORT.export_network.settings,
    script:
        "../scripts/export/export_network.py"


rule provenance:
    input:
        inputs(EXPORT.provenance),
    output:
        **EXPORT.provenance.outputs,
    log:
        EXPORT.provenance.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=EXPORT.provenance.settings,
        # The folder is no part of what the results are; Snakemake does not track params that take `output`.
        project=lambda wildcards, output: str(PROJECT),
    script:
        "../scripts/export/write_provenance.py"
