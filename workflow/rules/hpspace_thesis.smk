"""What concerns the hyperparameters of the thesis alone: its tables beside ours, and the figure of Smith's relation."""

from prunescape.hpspace.setting import counted, published_settings


rule thesis_tables:
    input:
        cells=f"{HPSPACE}/cells.csv",
        intervals=f"{HPSPACE}/intervals.csv",
    output:
        table_3_4=report(
            f"{HPSPACE}/table_3_4.csv",
            category="Answer",
            caption=f"{CAPTIONS}/table_3_4.rst",
            labels={"figure": "7 Table 3.4, dense network at the prior"},
        ),
        table_4_1=report(
            f"{HPSPACE}/table_4_1.csv",
            category="Answer",
            caption=f"{CAPTIONS}/table_4_1.rst",
            labels={"figure": "3 Table 4.1, ellipses"},
        ),
        table_4_2=report(
            f"{HPSPACE}/table_4_2.csv",
            category="Answer",
            caption=f"{CAPTIONS}/table_4_2.rst",
            labels={"figure": "4 Table 4.2, risk"},
        ),
    log:
        f"{LOGS}/thesis_tables.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/thesis_tables.py",
            published=published_tables("matthiesen2023"),
            # Our defaults stand for what the thesis does not say.
            theirs={model: published_settings(model) for model in counted(config).get("models", ())},
            config=counted(config),
        ),
    script:
        "../scripts/hpspace/thesis_tables.py"


rule figure_band:
    input:
        band=f"{HPSPACE}/band.csv",
    output:
        figure(
            f"{FIGURES}/{{model}}/band_{{metric}}",
            "{model}",
            "band_figure",
            figure="8 optimal band",
            metric="{metric}",
        ),
    log:
        f"{LOGS}/figure_band/{{model}}_{{metric}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("hpspace/figure_band.py", **CONFIDENCE),
    script:
        "../scripts/hpspace/figure_band.py"
