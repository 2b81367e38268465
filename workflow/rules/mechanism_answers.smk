"""The study `mechanism`: its tables, the utility paper's tables beside ours, and the findings."""


rule collect_mechanism:
    input:
        parts_of,
    output:
        f"{MECHANISM}/{{table}}.csv",
    log:
        f"{LOGS}/mechanism/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(name for tables in EXPERIMENT_TABLES.values() for name in tables),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("studies/collect.py"),
    script:
        "../scripts/studies/collect.py"


rule summarise_mechanism:
    input:
        f"{MECHANISM}/{{sampled}}.csv",
    output:
        f"{MECHANISM}/{{sampled}}_summary.csv",
    log:
        f"{LOGS}/mechanism/summarise/{{sampled}}.log",
    wildcard_constraints:
        sampled="|".join(SUMMARISED),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("mechanism/summarise.py", by=SUMMARISED[wildcards.sampled]),
    script:
        "../scripts/mechanism/summarise.py"


rule mechanism_table_1:
    input:
        cycles=mechanism_table("cycles"),
    output:
        answer_of("Mechanism", mechanism_table("table_1"), "mechanism_table_1", "2 Table 1"),
    log:
        f"{LOGS}/mechanism/table_1.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("mechanism/table_1.py", data=config["data"]["name"]),
    script:
        "../scripts/mechanism/table_1.py"


rule mechanism_table_2:
    input:
        retrained=mechanism_table("retrained"),
    output:
        answer_of("Mechanism", mechanism_table("table_2"), "mechanism_table_2", "3 Table 2"),
    log:
        f"{LOGS}/mechanism/table_2.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("mechanism/table_2.py", data=config["data"]["name"]),
    script:
        "../scripts/mechanism/table_2.py"


rule mechanism_findings:
    input:
        **{name: mechanism_table(name) for experiment in PERFORMED for name in STATED[experiment]},
    output:
        json=f"{MECHANISM}/findings.json",
        text=f"{MECHANISM}/findings.txt",
        page=answer_of("Mechanism", f"{MECHANISM}/findings.html", "mechanism_findings", "1 findings"),
    log:
        f"{LOGS}/mechanism/findings.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "mechanism/state_findings.py", models=list(config["models"]), tolerance=MECHANISM_STUDY["tolerance"]
        ),
    script:
        "../scripts/mechanism/state_findings.py"
