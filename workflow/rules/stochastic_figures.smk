"""Figures of the study `stochastic`. Each has a rule of its own, so that a change to one draws that one again."""


rule figure_seeds:
    input:
        one_shot=f"{STOCHASTIC}/sweep.csv",
        intervals=f"{STOCHASTIC}/sweep_intervals.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/seeds",
            "Noise before pruning",
            "stochastic_seeds",
            figure="5 every seed",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_seeds/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_seeds.py", sigma=None, gammas=None),
    script:
        "../scripts/stochastic/figure_seeds.py"


rule figure_one_shot:
    input:
        intervals=f"{STOCHASTIC}/sweep_intervals.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/one_shot_{{method}}",
            "Noise before pruning",
            "stochastic_one_shot",
            figure="6 one-shot, {method}",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_one_shot/{{model}}_{{method}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_one_shot.py"),
    script:
        "../scripts/stochastic/figure_one_shot.py"


rule figure_grid:
    input:
        intervals=f"{STOCHASTIC}/grid_intervals.csv",
        tests=f"{STOCHASTIC}/grid_tests.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/grid",
            "Noise before pruning",
            "stochastic_grid",
            figure="7 grid search",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_grid/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_grid.py"),
    script:
        "../scripts/stochastic/figure_grid.py"


rule figure_best_draws:
    input:
        best_draws=f"{STOCHASTIC}/best_draws.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/best_draws",
            "Noise before pruning",
            "stochastic_best_draws",
            figure="8 single networks",
            model="all",
        ),
    log:
        f"{LOGS}/stochastic/figure_best_draws.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_best_draws.py"),
    script:
        "../scripts/stochastic/figure_best_draws.py"


rule figure_transfer:
    input:
        transfer=f"{STOCHASTIC}/transfer.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/transfer",
            "Noise before pruning",
            "stochastic_transfer",
            figure="9 mask transfer",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_transfer/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_transfer.py"),
    script:
        "../scripts/stochastic/figure_transfer.py"


rule figure_weight_cdf:
    input:
        weight_cdf=f"{STOCHASTIC}/weight_cdf.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/weight_cdf",
            "Noise before pruning",
            "stochastic_weight_cdf",
            figure="10 weights against noise",
            model="all",
        ),
    log:
        f"{LOGS}/stochastic/figure_weight_cdf.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings(
            "stochastic/figure_weight_cdf.py", sigmas={model: STUDY["sweep"]["sigmas"] for model in config["models"]}
        ),
    script:
        "../scripts/stochastic/figure_weight_cdf.py"


rule figure_feature_variance:
    input:
        feature_variance=f"{STOCHASTIC}/feature_variance.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/feature_variance",
            "Noise before pruning",
            "stochastic_feature_variance",
            figure="11 feature variance",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_feature_variance/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_feature_variance.py", gamma=None),
    script:
        "../scripts/stochastic/figure_feature_variance.py"


rule figure_fronts:
    input:
        fronts=f"{STOCHASTIC}/fronts.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/fronts",
            "Noise before pruning",
            "stochastic_fronts",
            figure="12 Pareto fronts",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_fronts/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_fronts.py"),
    script:
        "../scripts/stochastic/figure_fronts.py"


rule figure_search_progress:
    input:
        search_progress=f"{STOCHASTIC}/search_progress.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/search_progress",
            "Noise before pruning",
            "stochastic_search_progress",
            figure="13 search progress",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_search_progress/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_search_progress.py"),
    script:
        "../scripts/stochastic/figure_search_progress.py"


rule figure_fine_tuning:
    input:
        fine_tuning=f"{STOCHASTIC}/fine_tuning.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/fine_tuning",
            "Noise before pruning",
            "stochastic_fine_tuning",
            figure="14 fine-tuning",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_fine_tuning/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_fine_tuning.py"),
    script:
        "../scripts/stochastic/figure_fine_tuning.py"


rule figure_structured:
    input:
        structured=f"{STOCHASTIC}/structured.csv",
    output:
        figure(
            f"{STUDY_FIGURES}/{{model}}/structured",
            "Noise before pruning",
            "stochastic_structured",
            figure="15 whole filters",
            model="{model}",
        ),
    log:
        f"{LOGS}/stochastic/figure_structured/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("stochastic/figure_structured.py"),
    script:
        "../scripts/stochastic/figure_structured.py"


rule stochastic:
    input:
        stochastic_answers(),
        companion_page("stochastic"),
        INDEX,
    # The whole study.
    localrule: True
