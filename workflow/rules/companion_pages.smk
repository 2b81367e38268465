"""The results of each companion study on one page."""


rule explore_companion:
    input:
        unpack(shown_on_page),
    output:
        report(
            f"{RESULTS}/{{study}}/explore.html",
            category="Explore",
            caption=f"{CAPTIONS}/explore_companion.rst",
            labels={"figure": "0 explore", "study": "{study}"},
        ),
    log:
        f"{LOGS}/{{study}}/explore.log",
    wildcard_constraints:
        study="|".join(COMPANION_STUDIES),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            "studies/explore.py", study=wildcards.study, captions=captions_on_page(wildcards)
        ),
        # As that of `explore`.
        provenance=lambda wildcards, output: {
            "config": config,
            "root": str(PROJECT),
            "jobs": companion_jobs(wildcards.study),
        },
    script:
        "../scripts/studies/explore.py"
