"""The main job's statistics: intervals, tests, what tuning again would buy, and the thesis' tables beside ours."""

RESAMPLING = {key: config["analysis"][key] for key in ("roi", "draws", "confidence")}
ELLIPSES = {key: config["analysis"][key] for key in ("roi", "sigma", "minimum_cells")}


rule estimate_intervals:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        f"{HPSPACE}/intervals.csv",
    log:
        f"{LOGS}/estimate_intervals.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/estimate_intervals.py", **RESAMPLING | ELLIPSES, risk_roi=config["analysis"]["risk_roi"]
        ),
    script:
        "../scripts/hpspace/estimate_intervals.py"


rule test_shifts:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        report(
            f"{HPSPACE}/shifts.csv",
            category="Answer",
            caption=f"{CAPTIONS}/shifts.rst",
            labels={"figure": "5 tests of shifts"},
        ),
    log:
        f"{LOGS}/test_shifts.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("hpspace/test_shifts.py", **ELLIPSES),
    script:
        "../scripts/hpspace/test_shifts.py"


rule decide:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        f"{HPSPACE}/decisions.csv",
    log:
        f"{LOGS}/decide.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/decide.py", **RESAMPLING, risk_roi=config["analysis"]["risk_roi"], verdict=config["verdict"]
        ),
    script:
        "../scripts/hpspace/decide.py"


rule measure_tuning:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        regret=f"{HPSPACE}/regret.csv",
        transfer=f"{HPSPACE}/transfer.csv",
        band=report(
            f"{HPSPACE}/band.csv",
            category="Answer",
            caption=f"{CAPTIONS}/band.rst",
            labels={"figure": "6 table of Smith's relation"},
        ),
    log:
        f"{LOGS}/measure_tuning.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/measure_tuning.py",
            **RESAMPLING | ELLIPSES,
            recipe={key: config["recipe"][key] for key in ("batch_size", "momentum")},
        ),
    script:
        "../scripts/hpspace/measure_tuning.py"


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
            config={
                "data": {key: config["data"][key] for key in ("name", "train_size", "validation_size")},
                "models": {
                    model: {key: section[key] for key in ("learning_rate", "weight_decay")}
                    for model, section in config["models"].items()
                },
                "pruning": {"norm": config["pruning"]["norm"]},
                **{section: config[section] for section in ("recipe", "grid", "analysis")},
            },
        ),
    script:
        "../scripts/hpspace/thesis_tables.py"
