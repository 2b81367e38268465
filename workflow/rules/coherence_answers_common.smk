"""The study `coherence`: which tables its findings and figures are made of."""

# What the findings follow from; those that the config does not ask for are left out.
STATED_COHERENCE = [
    name
    for name in [
        "epochs",
        "diff_histogram",
        "widths",
        "width_diffs",
        "children",
        "mask_overlap",
        "early_masks",
        "matched",
    ]
    if name in COHERENCE_TABLES
]
# By figure of a model, the table that it is made of.
COHERENCE_FIGURES = {
    "training": "epochs",
    "weight_magnitudes": "weight_histogram",
    "trained_start": "epochs",
    "diff_histograms": "diff_histogram",
    "trajectories": "trajectories",
    "accuracies": "children",
    "layer_densities": "densities",
    "mask_overlap": "mask_overlap",
    "early_masks": "early_masks",
    "matched": "matched",
}
# Likewise, of the multilayer perceptrons.
MLP_FIGURES = {
    "widths": "widths",
    "width_diffs": "width_diffs",
    "children_wide": "children",
    "gap": "children",
    "children_fixed": "children",
}


def coherence_figure(name, title):
    """The files of a figure of one model."""
    path, caption = f"{COHERENCE}/figures/{{model}}/{name}", f"coherence_{name}"
    return figure(path, "Coherence", caption, figure=title, model="{model}")


def mlp_figure(name, title):
    """The files of a figure of the multilayer perceptrons."""
    return figure(f"{COHERENCE}/figures/mlp/{name}", "Coherence", f"coherence_{name}", figure=title, model="mlp")
