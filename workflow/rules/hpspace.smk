"""The main job: hyperparameter landscapes of dense and pruned networks, and whether to tune again."""

VERDICT_TABLES = ["cells", "ellipses", "risk", "intervals", "decisions", "shifts", "regret"]


rule train_tile:
    input:
        unpack(checked_network),
        unpack(lambda wildcards: network_to_train(wildcards.model, wildcards.variant, wildcards.seed)),
        **chosen_strategy(),
        data=f"{DATA}/meta.json",
    output:
        table=f"{TILE}.csv",
        history=f"{TILE}.history.csv",
        timing=f"{TILE}.timing.csv",
    log:
        f"{LOGS}/train_tile/{{model}}/{{variant}}/seed-{{seed}}_{{i}}_{{j}}.log",
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=training_minutes,
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: settings(
            "hpspace/train_tile.py",
            model_code(wildcards.model),
            cells=tile_cells(wildcards),
            **{"fixed": fixed(wildcards.model)} if fixed(wildcards.model) else {},
            **{"recipe": config["recipe"]} | (retrained(wildcards.model, wildcards.variant) or {}),
            engine=engine_settings(),
            seed=int(wildcards.seed),
        ),
        # Outside the outputs, which Snakemake removes when a job fails; not tracked, because it takes `output`.
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/" + "_".join(wildcards),
    script:
        "../scripts/hpspace/train_tile.py"


checkpoint extend_grid:
    input:
        plans=lambda wildcards: plans(wildcards.model, int(wildcards.round) - 1),
        tables=lambda wildcards: tile_files(wildcards.model, int(wildcards.round) - 1),
    output:
        PLAN,
    log:
        f"{LOGS}/extend_grid/{{model}}_round-{{round}}.log",
    # Round 0 is the configured grid; each later round looks at all results before it. The earlier plans are inputs, or
    # Snakemake would run the rounds side by side.
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            "hpspace/extend_grid.py",
            grid=config["grid"],
            prior=lattice(wildcards.model).named(PRIOR),
            extension={key: value for key, value in config["extension"].items() if key != "rounds"},
        ),
    script:
        "../scripts/hpspace/extend_grid.py"


rule collect_cells:
    input:
        plans=[plan for model in config["models"] for plan in plans(model, config["extension"]["rounds"])],
        tables=lambda wildcards: [
            path for model in config["models"] for path in tile_files(model, config["extension"]["rounds"])
        ],
        timing=lambda wildcards: [
            path
            for model in config["models"]
            for path in tile_files(model, config["extension"]["rounds"], ".timing.csv")
        ],
    output:
        cells=f"{HPSPACE}/cells.csv",
        timing=f"{HPSPACE}/timing.csv",
    log:
        f"{LOGS}/collect_cells.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("hpspace/collect_cells.py"),
    script:
        "../scripts/hpspace/collect_cells.py"


rule fit_ellipses:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        f"{HPSPACE}/ellipses.csv",
    log:
        f"{LOGS}/fit_ellipses.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/fit_ellipses.py",
            **{key: config["analysis"][key] for key in ("roi", "sigma", "minimum_cells")} | AXES,
        ),
    script:
        "../scripts/hpspace/fit_ellipses.py"


rule measure_risk:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        cells=f"{HPSPACE}/risk_cells.csv",
        table=f"{HPSPACE}/risk.csv",
    log:
        f"{LOGS}/measure_risk.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("hpspace/measure_risk.py", risk_roi=config["analysis"]["risk_roi"]),
    script:
        "../scripts/hpspace/measure_risk.py"


rule give_verdict:
    input:
        **{table: f"{HPSPACE}/{table}.csv" for table in VERDICT_TABLES},
    output:
        json=f"{HPSPACE}/verdict.json",
        text=f"{HPSPACE}/verdict.txt",
        page=report(
            f"{HPSPACE}/verdict.html",
            category="Answer",
            caption=f"{CAPTIONS}/verdict.rst",
            labels={"figure": "1 verdict"},
        ),
    log:
        f"{LOGS}/give_verdict.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/give_verdict.py",
            verdict={**config["verdict"], **{key: config["analysis"][key] for key in ("risk_roi", "confidence")}},
            border_roi=config["extension"]["roi"],
            without_control=without_control(),
            **AXES,
        ),
    script:
        "../scripts/hpspace/give_verdict.py"
