"""The study `stochastic`: its tables, the SP paper's tables beside ours, and the findings."""


rule collect_stochastic:
    input:
        lambda wildcards: expand(part(wildcards.table), model=config["models"], seed=SEEDS),
    output:
        f"{STOCHASTIC}/{{table}}.csv",
    log:
        f"{LOGS}/stochastic/collect/{{table}}.log",
    wildcard_constraints:
        table="|".join(COLLECTED),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings("studies/collect.py"),
    script:
        "../scripts/studies/collect.py"


rule summarise_stochastic:
    input:
        **collected("sweep", "grid"),
    output:
        sweep=f"{STOCHASTIC}/sweep_intervals.csv",
        crossovers=f"{STOCHASTIC}/crossovers.csv",
        grid=f"{STOCHASTIC}/grid_intervals.csv",
        tests=f"{STOCHASTIC}/grid_tests.csv",
    log:
        f"{LOGS}/stochastic/summarise.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings("stochastic/summarise.py", tolerance=STUDY["tolerance"]),
    script:
        "../scripts/stochastic/summarise.py"


rule paper_tables:
    input:
        **collected("grid", "best_draws", "fronts", "fine_tuning", "variances"),
        tests=f"{STOCHASTIC}/grid_tests.csv",
        data=f"{DATA}/meta.json",
        cells=CELLS,
    output:
        one=answer(f"{STOCHASTIC}/table_1.csv", "stochastic_table_1", "2 Table I"),
        two=answer(f"{STOCHASTIC}/table_2.csv", "stochastic_table_2", "3 Table II"),
        three=answer(f"{STOCHASTIC}/table_3.csv", "stochastic_table_3", "4 Table III"),
    log:
        f"{LOGS}/stochastic/paper_tables.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "stochastic/paper_tables.py",
            models=list(config["models"]),
            data=config["data"]["name"],
            held_out=STUDY["held_out"],
        ),
    script:
        "../scripts/stochastic/paper_tables.py"


rule state_findings:
    input:
        **collected("transfer", "variances", "fine_tuning", "fronts", "search_progress", "structured"),
        sweep_intervals=f"{STOCHASTIC}/sweep_intervals.csv",
        crossovers=f"{STOCHASTIC}/crossovers.csv",
        grid_tests=f"{STOCHASTIC}/grid_tests.csv",
        table_1=f"{STOCHASTIC}/table_1.csv",
        data=f"{DATA}/meta.json",
        cells=CELLS,
    output:
        json=f"{STOCHASTIC}/findings.json",
        text=f"{STOCHASTIC}/findings.txt",
        page=answer(f"{STOCHASTIC}/findings.html", "stochastic_findings", "1 findings"),
    log:
        f"{LOGS}/stochastic/state_findings.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            "stochastic/state_findings.py",
            models=list(config["models"]),
            **{name: STUDY[name] for name in ("tolerance", "held_out")},
        ),
    script:
        "../scripts/stochastic/state_findings.py"
