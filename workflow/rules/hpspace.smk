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
    threads: MAIN.train_tile.threads
    resources:
        **PLAN.resources(MAIN.train_tile),
    params:
        settings=MAIN.train_tile.settings,
        checkpoint=MAIN.train_tile.state,
    script:
        "../scripts/hpspace/train_tile.py"


# Round 0 is the configured grid; each later round looks at all results before it. The earlier plans are inputs, or
# Snakemake would run the rounds side by side.
checkpoint extend_grid:
    input:
        inputs(MAIN.extend_grid),
    output:
        **MAIN.extend_grid.outputs,
    log:
        MAIN.extend_grid.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=MAIN.extend_grid.settings,
        tables=tables,
    script:
        "../scripts/hpspace/extend_grid.py"
