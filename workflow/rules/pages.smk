"""The main job's results on one page, to explore in a browser."""

# What the page to explore shows: tables, and figures by name, model and metric.
PAGE_TABLES = ["cells", "timing", "ellipses", "risk", "intervals", "decisions", "shifts", "regret", "transfer"]
PAGE_TABLES += ["pruning", *THESIS_TABLES]
PAGE_FIGURES = [(("risk", "", metric), f"risk_{metric}") for metric in METRICS]
for model in config["models"]:
    for name in ["landscape", "summary", "regret", "transfer", *BAND_FIGURE]:
        PAGE_FIGURES += [((name, model, metric), f"{model}/{name}_{metric}") for metric in METRICS]
    PAGE_FIGURES += [((name, model, ""), f"{model}/{name}") for name in ["curves", "channels"]]
if "png" not in FORMATS:
    PAGE_FIGURES = []


rule explore:
    input:
        **{name: f"{HPSPACE}/{name}.csv" for name in PAGE_TABLES},
        verdict=f"{HPSPACE}/verdict.json",
        pictures=[f"{FIGURES}/{path}.png" for _, path in PAGE_FIGURES],
    output:
        report(
            f"{HPSPACE}/explore.html",
            category="Answer",
            caption=f"{CAPTIONS}/explore.rst",
            labels={"figure": "0 explore", "metric": "all"},
        ),
    log:
        f"{LOGS}/explore.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "hpspace/explore.py",
            pictures=[of for of, _ in PAGE_FIGURES],
            **{key: config["analysis"][key] for key in ("roi", "sigma", "minimum_cells", "risk_roi")},
            **{key: config["figures"][key] for key in ("colour_map", "colour_range_percent")} | AXES,
        ),
        # What the results were made with, whatever has no say in them included. Not tracked, because it takes `output`.
        provenance=lambda wildcards, output: {"config": config, "root": str(PROJECT)},
    script:
        "../scripts/hpspace/explore.py"
