"""The main job: tiles of hyperparameters are trained, and the grid grows where good cells touch its border."""

MAIN = PLAN.hpspace


rule train_tile:
    input:
        inputs(MAIN.train_tile),
    output:
        **MAIN.train_tile.outputs,
    log:
        MAIN.train_tile.log,
    conda:
        ENVIRONMENT
    threads: RUN.threads
    resources:
        runtime=PLAN.minutes(MAIN.train_tile),
        cpus_per_task=CPUS,
    params:
        settings=MAIN.train_tile.settings,
        checkpoint=MAIN.train_tile.state,
    script:
        "../scripts/hpspace/train_tile.py"


# Round 0 is the configured grid; each later round looks at all results before it. The earlier plans are inputs, or
# Snakemake would run the rounds side by side.
checkpoint extend_grid:
    input:
        unpack(grown(MAIN.extend_grid.reads)),
    output:
        **MAIN.extend_grid.outputs,
    log:
        MAIN.extend_grid.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=MAIN.extend_grid.settings,
    script:
        "../scripts/hpspace/extend_grid.py"


rule collect_cells:
    input:
        unpack(grown(MAIN.collect_cells.reads)),
    output:
        **MAIN.collect_cells.outputs,
    log:
        MAIN.collect_cells.log,
    conda:
        ENVIRONMENT
    params:
        settings=MAIN.collect_cells.param,
    script:
        "../scripts/studies/table.py"


# Not in light.smk, because its histories are those of tiles that are known when the grid has grown.
rule figure_curves:
    input:
        unpack(grown(MAIN.curves.reads)),
    output:
        **outputs(MAIN.curves),
    log:
        MAIN.curves.log,
    conda:
        ENVIRONMENT
    params:
        settings=MAIN.curves.param,
        caption=caption(MAIN.curves),
    script:
        "../scripts/studies/figure.py"
