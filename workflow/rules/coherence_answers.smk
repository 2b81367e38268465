"""The study `coherence`: the thesis' tables beside ours, and the findings."""


rule coherence_table_6_1_2:
    input:
        children=coherence_table("children"),
    output:
        coherence_answer(coherence_table("table_6_1_2"), "coherence_table_6", "2 Tables 6.1 and 6.2"),
    log:
        f"{LOGS}/coherence/table_6_1_2.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("coherence/table_6.py", table="table_6_1_2", data=config["data"]["name"]),
    script:
        "../scripts/coherence/table_6.py"


rule coherence_table_6_5_6:
    input:
        children=coherence_table("children"),
    output:
        coherence_answer(coherence_table("table_6_5_6"), "coherence_table_6", "3 Tables 6.5 and 6.6"),
    log:
        f"{LOGS}/coherence/table_6_5_6.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("coherence/table_6.py", table="table_6_5_6", data=config["data"]["name"]),
    script:
        "../scripts/coherence/table_6.py"


rule coherence_findings:
    input:
        **{name: coherence_table(name) for name in STATED_COHERENCE},
    output:
        json=f"{COHERENCE}/findings.json",
        text=f"{COHERENCE}/findings.txt",
        page=coherence_answer(f"{COHERENCE}/findings.html", "coherence_findings", "1 findings"),
    log:
        f"{LOGS}/coherence/findings.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("coherence/state_findings.py", models=list(STUDIED), tolerance=COHERENCE_TOLERANCE),
    script:
        "../scripts/coherence/state_findings.py"
