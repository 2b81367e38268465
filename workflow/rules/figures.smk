"""Figures of the main job. Each has a rule of its own, so that a change to one draws that one again."""

FIGURES = f"{HPSPACE}/figures"
HISTORIES = ".history.csv"
CONFIDENCE = {"confidence": config["analysis"]["confidence"]}
BAND_FIGURE = ["band"] if PAIR.is_thesis else []
MODEL_FIGURES = ["summary", "landscape", "grid_dense", "regret", "transfer", *BAND_FIGURE]


rule figure_summary:
    input:
        ellipses=f"{HPSPACE}/ellipses.csv",
        risk=f"{HPSPACE}/risk.csv",
    output:
        figure(f"{FIGURES}/{{model}}/summary_{{metric}}", "{model}", "summary", figure="1 summary", metric="{metric}"),
    log:
        f"{LOGS}/figure_summary/{{model}}_{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_summary.py", risk_roi=config["analysis"]["risk_roi"], **AXES),
    script:
        "../scripts/hpspace/figure_summary.py"


rule figure_landscape:
    input:
        cells=f"{HPSPACE}/cells.csv",
        ellipses=f"{HPSPACE}/ellipses.csv",
    output:
        figure(
            f"{FIGURES}/{{model}}/landscape_{{metric}}",
            "{model}",
            "landscape",
            figure="2 landscapes",
            metric="{metric}",
        ),
    log:
        f"{LOGS}/figure_landscape/{{model}}_{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings(
            "hpspace/figure_landscape.py",
            roi=config["analysis"]["roi"],
            colour_map=config["figures"]["colour_map"],
            colour_range_percent=config["figures"]["colour_range_percent"],
            **AXES,
        ),
    script:
        "../scripts/hpspace/figure_landscape.py"


rule figure_annotated_grid:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        figure(
            f"{FIGURES}/{{model}}/grid_{{variant}}_{{metric}}",
            "{model}",
            "annotated_grid",
            figure="4 grid, {variant}",
            metric="{metric}",
        ),
    log:
        f"{LOGS}/figure_annotated_grid/{{model}}_{{variant}}_{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings(
            "hpspace/figure_annotated_grid.py",
            roi=config["analysis"]["roi"],
            initial_size=size_of(config["grid"]),
            **AXES,
        ),
    script:
        "../scripts/hpspace/figure_annotated_grid.py"


rule figure_risk:
    input:
        risk_cells=f"{HPSPACE}/risk_cells.csv",
    output:
        figure(f"{FIGURES}/risk_{{metric}}", "Answer", "risk_figure", figure="2 performance risk", metric="{metric}"),
    log:
        f"{LOGS}/figure_risk/{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_risk.py", risk_roi=config["analysis"]["risk_roi"]),
    script:
        "../scripts/hpspace/figure_risk.py"


rule figure_regret:
    input:
        regret=f"{HPSPACE}/regret.csv",
    output:
        figure(f"{FIGURES}/{{model}}/regret_{{metric}}", "{model}", "regret", figure="6 regret", metric="{metric}"),
    log:
        f"{LOGS}/figure_regret/{{model}}_{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_regret.py", margin=config["verdict"]["margin"], **CONFIDENCE),
    script:
        "../scripts/hpspace/figure_regret.py"


rule figure_tuning_transfer:
    input:
        transfer=f"{HPSPACE}/transfer.csv",
    output:
        figure(
            f"{FIGURES}/{{model}}/transfer_{{metric}}", "{model}", "transfer", figure="7 transfer", metric="{metric}"
        ),
    log:
        f"{LOGS}/figure_tuning_transfer/{{model}}_{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_tuning_transfer.py", **CONFIDENCE),
    script:
        "../scripts/hpspace/figure_tuning_transfer.py"


rule figure_channels:
    input:
        channels=f"{HPSPACE}/channels.csv",
    output:
        figure(f"{FIGURES}/{{model}}/channels", "{model}", "channels", figure="5 channels kept", metric="-"),
    log:
        f"{LOGS}/figure_channels/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_channels.py"),
    script:
        "../scripts/hpspace/figure_channels.py"


rule figure_curves:
    input:
        cells=f"{HPSPACE}/cells.csv",
        histories=lambda wildcards: tile_files(wildcards.model, config["extension"]["rounds"], HISTORIES),
    output:
        figure(f"{FIGURES}/{{model}}/curves", "{model}", "curves", figure="3 training curves", metric="top1"),
    log:
        f"{LOGS}/figure_curves/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_curves.py"),
    script:
        "../scripts/hpspace/figure_curves.py"


def trained_files(wildcards):
    """The tables of all tiles of the main job."""
    return [
        path
        for model in config["models"]
        for suffix in (".csv", HISTORIES, ".timing.csv")
        for path in tile_files(model, config["extension"]["rounds"], suffix)
    ]


rule hpspace:
    input:
        # Every file that README.md and datapackage.json name: Snakemake makes again only what a target asks for.
        trained_files,
        [path for model in config["models"] for path in model_files(model)],
        [plan for model in config["models"] for plan in plans(model, config["extension"]["rounds"])],
        expand(f"{HPSPACE}/{{table}}.csv", table=["cells", "timing", "ellipses", "risk", "risk_cells"]),
        expand(f"{HPSPACE}/{{table}}.csv", table=["intervals", "decisions", "shifts", "regret", "transfer"]),
        expand(f"{HPSPACE}/{{table}}.csv", table=["pruning", "channels", *THESIS_TABLES]),
        expand(f"{HPSPACE}/verdict.{{suffix}}", suffix=["json", "txt", "html"]),
        f"{RESULTS}/datapackage.json",
        f"{HPSPACE}/explore.html",
        INDEX,
        expand(f"{RESULTS}/figures/samples.{{suffix}}", suffix=FORMATS),
        expand(f"{FIGURES}/risk_{{metric}}.{{suffix}}", metric=METRICS, suffix=FORMATS),
        expand(
            f"{FIGURES}/{{model}}/{{figure}}.{{suffix}}",
            model=config["models"],
            figure=["channels", "curves"] + [f"{name}_{metric}" for name in MODEL_FIGURES for metric in METRICS],
            suffix=FORMATS,
        ),
    # The whole main job.
    localrule: True
