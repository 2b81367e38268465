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
    if name in coherence_tables()
]
# By figure of a model, the experiment that it needs beside the training on real images.
COHERENCE_FIGURES = {
    "training": None,
    "weight_magnitudes": None,
    "trained_start": "trained",
    "diff_histograms": None,
    "trajectories": None,
    "accuracies": "network",
    "layer_densities": "network",
    "mask_overlap": "stability",
    "early_masks": "early",
    "matched": "matched",
}
# Likewise, of the multilayer perceptrons.
MLP_FIGURES = {
    "widths": "widths",
    "width_diffs": "widths",
    "children_wide": "wide",
    "gap": "wide",
    "children_fixed": "fixed",
}


def coherence_figure(name, title):
    """The files of a figure of one model."""
    path, caption = f"{COHERENCE}/figures/{{model}}/{name}", f"coherence_{name}"
    return figure(path, "Coherence", caption, figure=title, model="{model}")


def mlp_figure(name, title):
    """The files of a figure of the multilayer perceptrons."""
    return figure(f"{COHERENCE}/figures/mlp/{name}", "Coherence", f"coherence_{name}", figure=title, model="mlp")


def coherence_answers():
    """The study's findings, tables and figures, all that the config asks for."""
    published = ["table_6_1_2", "table_6_5_6"] if performed("network") else []
    of_models = [name for name, experiment in COHERENCE_FIGURES.items() if experiment is None or performed(experiment)]
    of_mlps = [name for name, experiment in MLP_FIGURES.items() if performed(experiment)]
    figures = [f"{model}/{name}" for model in STUDIED for name in of_models] + [f"mlp/{name}" for name in of_mlps]
    return [
        *findings_of("coherence"),
        *(coherence_table(name) for name in [*coherence_tables(), *published]),
        *(f"{COHERENCE}/figures/{name}.{suffix}" for name in figures for suffix in FORMATS),
    ]


ANSWERS["coherence"] = coherence_answers
