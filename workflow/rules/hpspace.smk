"""The main job: tiles of hyperparameters are trained, and the grid grows where good cells touch its border."""

MAIN = PLAN.hpspace


def tile_files(model, rounds, suffix=".csv"):
    """The files of all tiles of a model after some rounds of extension, each of which must have been planned."""
    for round in range(1, rounds + 1):
        checkpoints.extend_grid.get(model=model, round=round)
    return MAIN.tile_files(model, rounds, suffix)


def all_files(suffix=".csv"):
    """A function that gives the files of all tiles of all models, after all rounds."""
    return lambda wildcards: [path for model in RUN.models for path in tile_files(model, MAIN.rounds, suffix)]


rule train_tile:
    input:
        unpack(MAIN.tile_inputs),
        **NETS.chosen_strategy(),
        data=RUN.meta,
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
        plans=lambda wildcards: MAIN.plans(wildcards.model, int(wildcards.round) - 1),
        tables=lambda wildcards: tile_files(wildcards.model, int(wildcards.round) - 1),
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
        plans=[plan for model in RUN.models for plan in MAIN.plans(model, MAIN.rounds)],
        tables=all_files(),
        timing=all_files(".timing.csv"),
    output:
        **MAIN.collect_cells.outputs,
    log:
        MAIN.collect_cells.log,
    conda:
        ENVIRONMENT
    params:
        settings=MAIN.collect_cells.param,
    script:
        "../scripts/hpspace/collect_cells.py"


# Not in light.smk, because its histories are those of tiles that are known when the grid has grown.
rule figure_curves:
    input:
        **MAIN.tables("cells"),
        histories=lambda wildcards: tile_files(wildcards.model, MAIN.rounds, ".history.csv"),
    output:
        **outputs(MAIN.curves),
    log:
        MAIN.curves.log,
    conda:
        ENVIRONMENT
    params:
        settings=MAIN.curves.param,
    script:
        "../scripts/hpspace/figure_curves.py"
