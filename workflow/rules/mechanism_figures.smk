"""Figures of the study `mechanism`. Each has a rule of its own, so that a change to one draws that one again."""


rule figure_utility_epochs:
    input:
        summary=mechanism_table("utility_epochs_summary"),
        samples=mechanism_table("utility_epochs"),
    output:
        utility_figure("utility_epochs", "4 over training"),
    log:
        f"{LOGS}/mechanism/figure_utility_epochs/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_utility_epochs.py"),
    script:
        "../scripts/mechanism/figure_utility_epochs.py"


rule figure_utility_bands:
    input:
        bands=mechanism_table("utility_bands"),
    output:
        utility_figure("utility_bands", "5 by magnitude"),
    log:
        f"{LOGS}/mechanism/figure_utility_bands/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_utility_bands.py"),
    script:
        "../scripts/mechanism/figure_utility_bands.py"


rule figure_utility_sizes:
    input:
        summary=mechanism_table("utility_sizes_summary"),
        samples=mechanism_table("utility_sizes"),
    output:
        utility_figure("utility_sizes", "6 by network size"),
    log:
        f"{LOGS}/mechanism/figure_utility_sizes/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_utility_sizes.py"),
    script:
        "../scripts/mechanism/figure_utility_sizes.py"


rule figure_utility_pruned:
    input:
        summary=mechanism_table("utility_pruned_summary"),
        samples=mechanism_table("utility_pruned"),
    output:
        utility_figure("utility_pruned", "7 pruned and retrained"),
    log:
        f"{LOGS}/mechanism/figure_utility_pruned/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_utility_pruned.py"),
    script:
        "../scripts/mechanism/figure_utility_pruned.py"


rule figure_utility_channels:
    input:
        channels=mechanism_table("utility_channels"),
        correlations=mechanism_table("rank_correlations"),
    output:
        utility_figure("utility_channels", "8 channels, and what utility predicts"),
    log:
        f"{LOGS}/mechanism/figure_utility_channels/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_utility_channels.py"),
    script:
        "../scripts/mechanism/figure_utility_channels.py"


rule figure_cycles:
    input:
        cycles=mechanism_table("cycles"),
    output:
        utility_figure("cycles", "9 cycles"),
    log:
        f"{LOGS}/mechanism/figure_cycles/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_cycles.py"),
    script:
        "../scripts/mechanism/figure_cycles.py"


rule figure_surfaces:
    input:
        surface=mechanism_table("surface"),
        marks=mechanism_table("marks"),
        distances=mechanism_table("distances"),
    output:
        utility_figure("surfaces_{pruning}_{retraining}", "10 surfaces, {pruning}, {retraining}"),
    log:
        f"{LOGS}/mechanism/figure_surfaces/{{model}}_{{pruning}}_{{retraining}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_surfaces.py"),
    script:
        "../scripts/mechanism/figure_surfaces.py"


rule figure_barriers:
    input:
        lines=mechanism_table("lines"),
        barriers=mechanism_table("barriers"),
    output:
        utility_figure("barriers", "11 barriers"),
    log:
        f"{LOGS}/mechanism/figure_barriers/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("mechanism/figure_barriers.py"),
    script:
        "../scripts/mechanism/figure_barriers.py"


rule mechanism:
    input:
        mechanism_answers(),
        companion_page("mechanism"),
        INDEX,
    # The whole study.
    localrule: True
