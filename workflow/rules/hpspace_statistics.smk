"""The main job's statistics: intervals, tests, and what tuning again would buy."""

RESAMPLING = {key: config["analysis"][key] for key in ("roi", "draws", "confidence")} | AXES
ELLIPSES = {key: config["analysis"][key] for key in ("roi", "sigma", "minimum_cells")} | AXES
# Smith's relation is one of learning rate and weight decay, given the others.
BAND = (
    {
        "band": report(
            f"{HPSPACE}/band.csv",
            category="Answer",
            caption=f"{CAPTIONS}/band.rst",
            labels={"figure": "6 table of Smith's relation"},
        )
    }
    if PAIR.is_thesis
    else {}
)


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
        data=f"{DATA}/meta.json",
    output:
        f"{HPSPACE}/decisions.csv",
    log:
        f"{LOGS}/decide.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/decide.py",
            **RESAMPLING,
            risk_roi=config["analysis"]["risk_roi"],
            border_roi=config["extension"]["roi"],
            verdict=config["verdict"],
        ),
    script:
        "../scripts/hpspace/decide.py"


rule measure_tuning:
    input:
        cells=f"{HPSPACE}/cells.csv",
    output:
        **BAND,
        regret=f"{HPSPACE}/regret.csv",
        transfer=f"{HPSPACE}/transfer.csv",
    log:
        f"{LOGS}/measure_tuning.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/measure_tuning.py",
            **RESAMPLING | ELLIPSES,
            **{"recipe": {key: config["recipe"][key] for key in ("batch_size", "momentum")}} if BAND else {},
        ),
    script:
        "../scripts/hpspace/measure_tuning.py"
