"""Results for others: what the tables mean, the networks in open formats with model cards, and provenance."""


rule describe_tables:
    output:
        f"{RESULTS}/datapackage.json",
    log:
        f"{LOGS}/describe_tables.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("export/describe_tables.py", run=config["run"], before=tables_before(), **AXES),
    script:
        "../scripts/export/describe_tables.py"


# The tiles keep tables and no weights, so the best cell of each network is trained once more.
EXPORT = f"{RESULTS}/export/{{model}}/{{variant}}"


rule choose_network:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        f"{EXPORT}/cell.json",
    log:
        f"{LOGS}/choose_network/{{model}}_{{variant}}.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("export/choose_network.py"),
    script:
        "../scripts/export/choose_network.py"


rule train_chosen:
    input:
        unpack(networks_to_choose),
        **chosen_strategy(),
        data=f"{DATA}/meta.json",
        cell=f"{EXPORT}/cell.json",
    output:
        architecture=f"{EXPORT}/architecture.json",
        weights=f"{EXPORT}/weights.safetensors",
        history=f"{EXPORT}/history.csv",
    log:
        f"{LOGS}/train_chosen/{{model}}_{{variant}}.log",
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=training_minutes,
        cpus_per_task=config["engine"]["threads"],
    params:
        # As in `train_tile`, with the same idle lanes beside it: on a CPU the same bits come out.
        settings=lambda wildcards: settings(
            "export/train_chosen.py",
            model_code(wildcards.model),
            **{"recipe": config["recipe"], "rate_factor": 1.0} | (retrained(*wildcards) or {}),
            engine=engine_settings(),
            seeds=SEEDS if pipeline_of(*wildcards) == AT_INIT else [],
            fixed=fixed(wildcards.model),
            **AXES,
        ),
        checkpoint=lambda wildcards, output: f"{RESULTS}/checkpoints/export/" + "_".join(wildcards),
    script:
        "../scripts/export/train_chosen.py"


rule export_network:
    input:
        data=f"{DATA}/meta.json",
        architecture=f"{EXPORT}/architecture.json",
        weights=f"{EXPORT}/weights.safetensors",
    output:
        onnx=f"{EXPORT}/model.onnx",
        program=f"{EXPORT}/model.pt2",
        check=f"{EXPORT}/check.json",
    log:
        f"{LOGS}/export_network/{{model}}_{{variant}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("export/export_network.py", model_code(wildcards.model)),
    script:
        "../scripts/export/export_network.py"


rule write_card:
    input:
        data=f"{DATA}/meta.json",
        cell=f"{EXPORT}/cell.json",
        history=f"{EXPORT}/history.csv",
        check=f"{EXPORT}/check.json",
        pruning=f"{HPSPACE}/pruning.csv",
        channels=f"{HPSPACE}/channels.csv",
        risk=f"{HPSPACE}/risk.csv",
        verdict=f"{HPSPACE}/verdict.json",
    output:
        f"{EXPORT}/model_card.md",
    log:
        f"{LOGS}/write_card/{{model}}_{{variant}}.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            "export/write_card.py",
            run=config["run"],
            method=wildcards.variant.rpartition("-")[0],
            pipeline=pipeline_of(*wildcards),
            target=TARGET,
            recipe=config["recipe"],
            fixed=fixed(wildcards.model),
            **AXES,
            risk_roi=config["analysis"]["risk_roi"],
        ),
    script:
        "../scripts/export/write_card.py"


EXPORTED = ["cell.json", "architecture.json", "weights.safetensors", "history.csv"]
EXPORTED += ["model.onnx", "model.pt2", "check.json", "model_card.md"]


rule export:
    input:
        [
            f"{EXPORT}/{name}".format(model=model, variant=variant)
            for model in config["models"]
            for variant in variants(model)
            for name in EXPORTED
        ],
    # Each network at its best cell, in open formats, with a model card.
    localrule: True


# What the main job's results depend on.
MAIN_SCRIPTS = [path for room in ("data", "models", "hpspace") for path in Path(LIBRARY, "scripts", room).glob("*.py")]


rule provenance:
    input:
        # The overview is written anew after every run.
        [path for path in rules.hpspace.input if path not in (INDEX, f"{HPSPACE}/timing.csv")],
        timing=f"{HPSPACE}/timing.csv",
    output:
        crate=f"{RESULTS}/ro-crate-metadata.json",
        config=f"{RESULTS}/config.json",
    log:
        f"{LOGS}/provenance.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        # The folder is no part of what the results are; Snakemake does not track params that take `output`.
        project=lambda wildcards, output: str(PROJECT),
        settings=settings(
            "export/write_provenance.py",
            config=config,
            results_code=code_of(
                *(f"{path.parent.name}/{path.name}" for path in MAIN_SCRIPTS),
                *(model_code(model) for model in config["models"]),
            ),
        ),
    script:
        "../scripts/export/write_provenance.py"
