"""Figures of the study `coherence`. Each has a rule of its own, so that a change to one draws that one again."""


rule figure_coherence_training:
    input:
        epochs=coherence_table("epochs"),
    output:
        coherence_figure("training", "5 real data and noise"),
    log:
        f"{LOGS}/coherence/figure_training/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_training.py"),
    script:
        "../scripts/coherence/figure_training.py"


rule figure_coherence_weight_magnitudes:
    input:
        weight_histogram=coherence_table("weight_histogram"),
    output:
        coherence_figure("weight_magnitudes", "6 weight magnitudes"),
    log:
        f"{LOGS}/coherence/figure_weight_magnitudes/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_weight_magnitudes.py"),
    script:
        "../scripts/coherence/figure_weight_magnitudes.py"


rule figure_coherence_trained_start:
    input:
        epochs=coherence_table("epochs"),
    output:
        coherence_figure("trained_start", "7 noise from trained weights"),
    log:
        f"{LOGS}/coherence/figure_trained_start/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_trained_start.py"),
    script:
        "../scripts/coherence/figure_trained_start.py"


rule figure_coherence_diff_histograms:
    input:
        diff_histogram=coherence_table("diff_histogram"),
    output:
        coherence_figure("diff_histograms", "8 diffs by layer"),
    log:
        f"{LOGS}/coherence/figure_diff_histograms/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_diff_histograms.py"),
    script:
        "../scripts/coherence/figure_diff_histograms.py"


rule figure_coherence_trajectories:
    input:
        trajectories=coherence_table("trajectories"),
    output:
        coherence_figure("trajectories", "9 single weights"),
    log:
        f"{LOGS}/coherence/figure_trajectories/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_trajectories.py"),
    script:
        "../scripts/coherence/figure_trajectories.py"


rule figure_coherence_widths:
    input:
        widths=coherence_table("widths"),
    output:
        mlp_figure("widths", "10 over width"),
    log:
        f"{LOGS}/coherence/figure_widths.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_widths.py"),
    script:
        "../scripts/coherence/figure_widths.py"


rule figure_coherence_width_diffs:
    input:
        width_diffs=coherence_table("width_diffs"),
    output:
        mlp_figure("width_diffs", "11 diffs over width"),
    log:
        f"{LOGS}/coherence/figure_width_diffs.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_width_diffs.py"),
    script:
        "../scripts/coherence/figure_width_diffs.py"


rule figure_coherence_children_wide:
    input:
        children=coherence_table("children"),
    output:
        mlp_figure("children_wide", "12 masked, over width"),
    log:
        f"{LOGS}/coherence/figure_children_wide.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_children.py", experiment="wide"),
    script:
        "../scripts/coherence/figure_children.py"


rule figure_coherence_gap:
    input:
        children=coherence_table("children"),
    output:
        mlp_figure("gap", "13 generalisation gap"),
    log:
        f"{LOGS}/coherence/figure_gap.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_gap.py"),
    script:
        "../scripts/coherence/figure_gap.py"


rule figure_coherence_children_fixed:
    input:
        children=coherence_table("children"),
    output:
        mlp_figure("children_fixed", "14 larger parents"),
    log:
        f"{LOGS}/coherence/figure_children_fixed.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_children.py", experiment="fixed"),
    script:
        "../scripts/coherence/figure_children.py"


rule figure_coherence_accuracies:
    input:
        children=coherence_table("children"),
    output:
        coherence_figure("accuracies", "15 masked networks"),
    log:
        f"{LOGS}/coherence/figure_accuracies/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_accuracies.py", data=config["data"]["name"]),
    script:
        "../scripts/coherence/figure_accuracies.py"


rule figure_coherence_layer_densities:
    input:
        densities=coherence_table("densities"),
    output:
        coherence_figure("layer_densities", "16 layer densities"),
    log:
        f"{LOGS}/coherence/figure_layer_densities/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_layer_densities.py"),
    script:
        "../scripts/coherence/figure_layer_densities.py"


rule figure_coherence_mask_overlap:
    input:
        mask_overlap=coherence_table("mask_overlap"),
    output:
        coherence_figure("mask_overlap", "17 masks over epochs"),
    log:
        f"{LOGS}/coherence/figure_mask_overlap/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_mask_overlap.py"),
    script:
        "../scripts/coherence/figure_mask_overlap.py"


rule figure_coherence_early_masks:
    input:
        early_masks=coherence_table("early_masks"),
    output:
        coherence_figure("early_masks", "18 early masks"),
    log:
        f"{LOGS}/coherence/figure_early_masks/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_early_masks.py", tolerance=COHERENCE_TOLERANCE),
    script:
        "../scripts/coherence/figure_early_masks.py"


rule figure_coherence_matched:
    input:
        matched=coherence_table("matched"),
    output:
        coherence_figure("matched", "19 random masks of equal layers"),
    log:
        f"{LOGS}/coherence/figure_matched/{{model}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("coherence/figure_matched.py", tolerance=COHERENCE_TOLERANCE),
    script:
        "../scripts/coherence/figure_matched.py"


rule coherence:
    input:
        coherence_answers(),
        companion_page("coherence"),
        INDEX,
    # The whole study.
    localrule: True
