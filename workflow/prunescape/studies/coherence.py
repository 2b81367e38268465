"""The entry of the study `coherence`."""

from prunescape.studies.study import Analysis, Figure, Study, Table

TABLES = (
    Table(
        name="table_6_1_2",
        title="2 Tables 6.1 and 6.2",
        when=("network",),
        caption=(
            "Training and validation accuracy (percent) of masked networks that were trained again from a fresh "
            "initialisation, and of dense ones (``none``); ``gain`` is validation accuracy over that of the dense "
            "network of the same seed, in points. Means over seeds with 95 % intervals; columns that begin with "
            "``published`` are the thesis' tables (its Figs. 6.1 and 6.2 with a floor for each layer, 6.5 and 6.6 "
            "within each layer) where it has the same network, data and density."
        ),
    ),
    Table(
        name="table_6_5_6",
        title="3 Tables 6.5 and 6.6",
        when=("network",),
        caption=(
            "Training and validation accuracy (percent) of masked networks that were trained again from a fresh "
            "initialisation, and of dense ones (``none``); ``gain`` is validation accuracy over that of the dense "
            "network of the same seed, in points. Means over seeds with 95 % intervals; columns that begin with "
            "``published`` are the thesis' tables (its Figs. 6.1 and 6.2 with a floor for each layer, 6.5 and 6.6 "
            "within each layer) where it has the same network, data and density."
        ),
    ),
)

ANALYSES = (
    Analysis(
        rule="tabulate_coherence_6_1_2",
        function="prunescape.coherence.tables:table_6",
        gives=("table_6_1_2",),
        tables=("children",),
        settings={"data": "data.name"},
        given={"name": "table_6_1_2"},
        reference="yauney2024",
        when=("network",),
    ),
    Analysis(
        rule="tabulate_coherence_6_5_6",
        function="prunescape.coherence.tables:table_6",
        gives=("table_6_5_6",),
        tables=("children",),
        settings={"data": "data.name"},
        given={"name": "table_6_5_6"},
        reference="yauney2024",
        when=("network",),
    ),
)

FIGURES = (
    Figure(
        name="training",
        title="5 real data and noise",
        draw="prunescape.figures.coherence.training:draw",
        tables=("epochs",),
        caption=(
            "Losses, accuracies and coherence of {{ model }} on {{ config.data.name }} and on Gaussian noise of the "
            "same shape with the same labels, over epochs and, for coherence, over the training loss. Coherence is "
            "measured at weights that are held still after an epoch, from 0 to 1. After Figs. 2.1 and 2.2 of the "
            "thesis; the last panel after the fourth column of its Fig. 1.1."
        ),
    ),
    Figure(
        name="weight_magnitudes",
        title="6 weight magnitudes",
        draw="prunescape.figures.coherence.weight_magnitudes:draw",
        tables=("weight_histogram",),
        caption=(
            "Magnitudes of the prunable weights of {{ model }} before training and after it, on {{ config.data.name "
            "}} and on Gaussian noise; the largest 1 % are cut off. After Fig. 2.3 of the thesis."
        ),
    ),
    Figure(
        name="trained_start",
        title="7 noise from trained weights",
        draw="prunescape.figures.coherence.trained_start:draw",
        tables=("epochs",),
        when=("trained",),
        caption=(
            "Coherence and training accuracy of {{ model }} on {{ config.data.name }} from random weights, and on "
            "Gaussian noise from random weights and from those trained on {{ config.data.name }}; right: the highest "
            "coherence after an epoch, a dot a seed, with 95 % intervals. After Fig. 2.4 of the thesis."
        ),
    ),
    Figure(
        name="diff_histograms",
        title="8 diffs by layer",
        draw="prunescape.figures.coherence.diff_histograms:draw",
        tables=("diff_histogram",),
        caption=(
            "Diffs of {{ model }} on {{ config.data.name }} (left) and on Gaussian noise (right) after the epochs of "
            "the highest and of the lowest coherence: of the whole network, of a few layers, and, at the bottom, "
            "their mean magnitude in every layer. After Figs. 3.1 and 3.2 of the thesis, which have linear axes."
        ),
    ),
    Figure(
        name="trajectories",
        title="9 single weights",
        draw="prunescape.figures.coherence.trajectories:draw",
        tables=("trajectories",),
        caption=(
            "The weights of {{ model }} with the ten highest and the ten lowest diffs at the epoch of the highest "
            "coherence, during training on {{ config.data.name }}: their values, their diffs, and how far they move. "
            "After Figs. 3.3 and 3.4 of the thesis."
        ),
    ),
    Figure(
        name="widths",
        title="10 over width",
        draw="prunescape.figures.coherence.widths:draw",
        tables=("widths",),
        path="mlp/widths",
        label="mlp",
        when=("widths",),
        caption=(
            "Multilayer perceptrons with three hidden layers on {{ config.data.name }}, over the width of these: "
            "losses and accuracies after training, the generalisation gap, and the highest coherence after an epoch. "
            "After Figs. 4.1 to 4.3 of the thesis."
        ),
    ),
    Figure(
        name="width_diffs",
        title="11 diffs over width",
        draw="prunescape.figures.coherence.width_diffs:draw",
        tables=("width_diffs",),
        path="mlp/width_diffs",
        label="mlp",
        when=("widths",),
        caption=(
            "Diffs of multilayer perceptrons on {{ config.data.name }} after the epoch of their highest coherence, an "
            "outline a width, and their mean magnitude over width. After Fig. 4.4 of the thesis."
        ),
    ),
    Figure(
        name="children_wide",
        title="12 masked, over width",
        draw="prunescape.figures.coherence.children:draw",
        tables=("children",),
        path="mlp/children_wide",
        label="mlp",
        when=("wide",),
        given={"experiment": "wide"},
        caption=(
            "Multilayer perceptrons on {{ config.data.name }}, masked and trained again from a fresh initialisation, "
            'beside dense ones of as many weights ("dense"): losses and accuracies over width. After Fig. 5.1 of the '
            "thesis."
        ),
    ),
    Figure(
        name="gap",
        title="13 generalisation gap",
        draw="prunescape.figures.coherence.gap:draw",
        tables=("children",),
        path="mlp/gap",
        label="mlp",
        when=("wide",),
        caption=(
            "The generalisation gap of masked and of dense multilayer perceptrons of as many weights on {{ "
            "config.data.name }}, over width, and how much better the masked ones are on validation images. Left "
            "after Fig. 5.2 of the thesis."
        ),
    ),
    Figure(
        name="children_fixed",
        title="14 larger parents",
        draw="prunescape.figures.coherence.children:draw",
        tables=("children",),
        path="mlp/children_fixed",
        label="mlp",
        when=("fixed",),
        given={"experiment": "fixed"},
        caption=(
            "Multilayer perceptrons of one size on {{ config.data.name }}, chosen in ever larger parents and trained "
            "again from a fresh initialisation; the level line is the dense network of as many weights. After Fig. "
            "5.3 of the thesis."
        ),
    ),
    Figure(
        name="accuracies",
        title="15 masked networks",
        draw="prunescape.figures.coherence.accuracies:draw",
        tables=("children",),
        when=("network",),
        settings={"data": "data.name"},
        caption=(
            "Accuracies of {{ model }} on {{ config.data.name }}, masked and trained again from a fresh "
            "initialisation, with 95 % intervals over seeds; right: the same near the best. Crosses are the thesis' "
            "numbers where it has the same network, data and density. After Figs. 6.1, 6.2, 6.5 and 6.6 of the "
            "thesis, which are tables."
        ),
    ),
    Figure(
        name="layer_densities",
        title="16 layer densities",
        draw="prunescape.figures.coherence.layer_densities:draw",
        tables=("densities",),
        when=("network",),
        caption=(
            "The part of each layer's weights that each mask of {{ model }} keeps on {{ config.data.name }}, by kind "
            "of layer, from the input on. After Figs. 6.3 and 6.4 of the thesis."
        ),
    ),
    Figure(
        name="mask_overlap",
        title="17 masks over epochs",
        draw="prunescape.figures.coherence.mask_overlap:draw",
        tables=("mask_overlap",),
        when=("stability",),
        caption=(
            "The part of the weights of {{ model }}'s mask on {{ config.data.name }} that the mask of each epoch "
            "keeps as well; dotted: what chance would give. Answers a question of the thesis' section 7.2."
        ),
    ),
    Figure(
        name="early_masks",
        title="18 early masks",
        draw="prunescape.figures.coherence.early_masks:draw",
        tables=("early_masks",),
        when=("early",),
        settings=("coherence.tolerance",),
        caption=(
            "Validation accuracy of {{ model }} on {{ config.data.name }} with the masks of several epochs, trained "
            "again from a fresh initialisation; right: against the mask that is used (magnitude: of the last epoch; "
            "diff: of the highest coherence) of the same seed, with 95 % intervals over seeds. Answers a question of "
            "the thesis' section 7.2."
        ),
    ),
    Figure(
        name="matched",
        title="19 random masks of equal layers",
        draw="prunescape.figures.coherence.matched:draw",
        tables=("matched",),
        when=("matched",),
        settings=("coherence.tolerance",),
        caption=(
            "Validation accuracy of {{ model }} on {{ config.data.name }} with each mask, and with a random mask that "
            "keeps as many weights of every layer; right: the differences, with 95 % intervals over seeds. Answers a "
            "question of the thesis' section 7.2, after Frankle et al. (2021)."
        ),
    ),
)

STUDY = Study(
    name="coherence",
    title="Coherence",
    question="What do per-sample gradients know about generalisation, and do they choose good masks?",
    tables=TABLES,
    analyses=ANALYSES,
    figures=FIGURES,
    answer=(
        "What per-sample gradients know about generalisation and about good masks, question by question, with 95 % "
        "intervals over the seeds {{ config.seeds | join(', ') }}."
    ),
)
