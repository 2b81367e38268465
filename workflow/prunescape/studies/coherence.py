"""The entry of the study `coherence`."""

from prunescape.studies.columns import (
    EPOCH,
    NUMBER,
    OF_EPOCH,
    TEXT,
    TRUTH,
    WHOLE,
    Column,
    as_published,
    names,
    with_bounds,
)
from prunescape.studies.study import CLAIMS, Analysis, Chart, Figure, Statement, Study, Table

_COLUMNS = {
    "experiment": Column(
        TEXT, "`network`, `wide` (parents of growing width) or `fixed` (larger parents, equal children)"
    ),
    "model": Column(TEXT, "name of the network, as in the config; `mlp` is fully connected"),
    "seed": Column(WHOLE, "seed of the training"),
    "seeds": Column(WHOLE, "trainings that the numbers are means of", "seeds"),
    "data": Column(
        TEXT,
        "images that it is trained on: `real`, `gaussian` noise, or, as `labels50`, real ones of which 50 % have each "
        "other's labels",
    ),
    "label_noise": Column(
        NUMBER, "training images that have each other's labels, at random; empty where images are noise", "percent"
    ),
    "start": Column(TEXT, "weights that it starts from: `fresh`, or `trained` on real images"),
    "epoch": Column(WHOLE, "epochs trained, from 0", "epochs"),
    "width": Column(WHOLE, "neurons of each hidden layer", "neurons"),
    "parent_width": Column(NUMBER, "neurons of each hidden layer of the network that the mask is of", "neurons"),
    "parent_parameters": Column(NUMBER, "parameters of the network that the mask is of", "parameters"),
    "parameters": Column(WHOLE, "parameters that are trained", "parameters"),
    "score": Column(
        TEXT,
        "what weights are ranked by: `diff`, `magnitude`, `gradient`, `coherence` (of one weight), `snip`, `grasp` or "
        "`random`; `none` of dense networks",
    ),
    "end": Column(TEXT, "which end of the ranking is kept: `best` or `worst`; empty where there is no choice"),
    "scope": Column(
        TEXT, "whether weights compete in the whole network (`global`, `floor`) or in each layer (`local`)"
    ),
    "initialisation": Column(
        TEXT,
        "weights that it starts from: `he`, drawn anew; `scaled`, these by the density of their layer; or `parent`, "
        "those that its parent started from",
    ),
    "density": Column(NUMBER, "part of the prunable weights that is kept", "fraction"),
    "train_loss": Column(NUMBER, "mean cross-entropy on training images", "nats"),
    "train_top1": Column(NUMBER, "top-1 accuracy on training images", "percent"),
    "validation_loss": Column(NUMBER, "mean cross-entropy on validation images", "nats"),
    "validation_top1": Column(NUMBER, "top-1 accuracy on validation images", "percent"),
    "gain": Column(NUMBER, "validation accuracy over that of the dense network of the same seed", "percentage points"),
    "coherence": Column(NUMBER, "coherence of the gradients of single images, from 0 to 1"),
    "coherence_standard_error": Column(NUMBER, "standard error of its estimate; 0 where all images count"),
    "coherence_by_chance": Column(NUMBER, "coherence of as many gradients that are orthogonal, one over their number"),
    "diff_size": Column(NUMBER, "mean of |diff| over all weights that are pruned, from 0 to 1"),
    "diff_size_by_chance": Column(NUMBER, "the same if all gradients that are not zero had random signs"),
    "hardest_share": Column(
        NUMBER,
        "part of coherence's denominator, the sum of squared norms, that the 1 % of images with the largest have",
        "fraction",
    ),
    "label": Column(TEXT, "class of the images; `all` of all together"),
    "images": Column(WHOLE, "training images of it that are measured", "images"),
    "diff_size_by_classes": Column(
        NUMBER,
        "the same if each class pulled each weight as hard as it does, either way by chance; empty of single classes",
    ),
    "one": Column(
        TEXT,
        "score of weights: `diff`, `gradient` (size of the mean one), `coherence` (of one weight), `snip`, `grasp`, "
        "`magnitude` or `movement`",
    ),
    "other": Column(TEXT, "another one of these scores"),
    "rank_correlation": Column(NUMBER, "Spearman's rank correlation of both over all weights that are pruned"),
    "shared": Column(
        NUMBER,
        "part of the highest 10 % of the weights by one that are among those by the other; chance gives 0.1",
        "fraction",
    ),
    "samples": Column(WHOLE, "images that it is measured on", "images"),
    "layer": Column(TEXT, "name of the layer's weights; `all` of all together"),
    "layer_index": Column(WHOLE, "place of the layer in the network, from 0; -1 of all together"),
    "kind": Column(TEXT, "kind of layer: `convolution`, ...; `all` of all together"),
    "weights": Column(WHOLE, "weights of the layer", "weights"),
    "kept": Column(WHOLE, "of these, those that the mask keeps", "weights"),
    "overlap": Column(NUMBER, "part of the used mask's weights that the mask of the epoch keeps as well", "fraction"),
    "expected": Column(NUMBER, "the same if chance chose as many weights of each layer as that mask has", "fraction"),
    "parent_epochs": Column(WHOLE, "length of the training that the mask is of", "epochs"),
    "child_epochs": Column(WHOLE, "length of the training with the mask", "epochs"),
    "used": Column(TRUTH, "whether it is the mask that the study uses"),
    "matched": Column(TRUTH, "whether the mask is a random one that keeps as many weights of every layer"),
    "group": Column(TEXT, "`highest` or `lowest` diffs at the epoch of the highest coherence"),
    "rank": Column(WHOLE, "place in the group, from 0"),
    "index": Column(WHOLE, "place of the weight in its flattened layer, from 0"),
    "weight": Column(NUMBER, "the weight's value"),
    "diff": Column(NUMBER, "its diff: how much more of the images pull it one way than the other, from -1 to 1"),
    "which": Column(TEXT, "whether the epoch is that of the `highest` or of the `lowest` coherence"),
    "low": Column(NUMBER, "lower edge of the bin of |w|, which is in the bin"),
    "high": Column(NUMBER, "upper edge of the bin of |w|"),
    "count": Column(WHOLE, "weights in the bin", "weights"),
}
_MEANS = "train_top1 validation_top1"
COLUMNS = {**_COLUMNS, **with_bounds(_COLUMNS, f"{_MEANS} gain"), **as_published(_COLUMNS, _MEANS)}
# What means something else in one table.
_CHILDREN = {"width": Column(NUMBER, "neurons of each hidden layer; empty of other networks", "neurons")}
_OF_DIFFS = {
    "low": Column(NUMBER, "lower edge of the bin of diffs, which is in the bin"),
    "high": Column(NUMBER, "upper edge of the bin of diffs"),
}

TABLES = (
    Table(
        name="table_6_1_2",
        decides="gain",
        row="a mask of a network, beside the thesis' Tables 6.1 and 6.2",
        columns=names(
            "model scope score end seeds density train_top1 train_top1_low train_top1_high validation_top1 "
            "validation_top1_low validation_top1_high gain gain_low gain_high published_train_top1 "
            "published_validation_top1"
        ),
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
        decides="gain",
        row="a mask of a network, beside the thesis' Tables 6.5 and 6.6",
        columns=names(
            "model scope score end seeds density train_top1 train_top1_low train_top1_high validation_top1 "
            "validation_top1_low validation_top1_high gain gain_low gain_high published_train_top1 "
            "published_validation_top1"
        ),
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
    Table(
        name="epochs",
        row="a training after one of its measured epochs",
        columns=names(
            "model seed data start epoch label_noise train_loss train_top1 validation_loss validation_top1 coherence "
            "coherence_standard_error coherence_by_chance samples diff_size diff_size_by_chance hardest_share"
        ),
        title="Trainings: coherence, losses and accuracies over epochs",
        parts=("parts/epochs/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="widths",
        row="a fully connected network after one of its measured epochs",
        columns=names(
            "width parameters seed epoch train_loss train_top1 validation_loss validation_top1 coherence "
            "coherence_standard_error coherence_by_chance samples diff_size diff_size_by_chance hardest_share"
        ),
        title="Fully connected networks over width",
        parts=("parts/widths/mlp/seed-{seed}.csv",),
        when=("widths", "wide", "fixed"),
    ),
    Table(
        name="children_network",
        row="a masked network that was trained again from an initialisation, or a dense one",
        columns=names(
            "experiment model seed score end scope initialisation parameters density train_loss train_top1 "
            "validation_loss validation_top1"
        ),
        path="parts/children_network/{model}/seed-{seed}_{part}.csv",
        when=("network",),
    ),
    Table(
        name="children",
        decides="validation_top1",
        row="a masked network that was trained again from an initialisation, or a dense one",
        columns=names(
            "experiment model seed width parent_width parent_parameters parameters score end scope initialisation "
            "density train_loss train_top1 validation_loss validation_top1"
        ),
        title="Masked networks, trained again",
        parts=("parts/children_{experiment}/mlp/seed-{seed}_{pair}_{part}.csv",),
        when=("network", "wide", "fixed"),
        own=_CHILDREN,
    ),
    Table(
        name="densities",
        row="a layer of a masked network",
        columns=names("model seed score end scope layer layer_index kind weights kept"),
        title="What masks keep of each layer",
        parts=("parts/densities/{model}/seed-{seed}.csv",),
        when=("network",),
    ),
    Table(
        name="mask_overlap",
        row="an epoch: how much of the mask that is used its mask keeps",
        columns=names("model seed score scope epoch overlap expected"),
        title="How alike the masks of all epochs are",
        parts=("parts/mask_overlap/{model}/seed-{seed}.csv",),
        when=("stability",),
    ),
    Table(
        name="early_masks",
        row="a network with the mask of an epoch, trained again",
        columns=names(
            "model seed score scope epoch parent_epochs child_epochs used train_loss train_top1 validation_loss "
            "validation_top1"
        ),
        title="Masks of early epochs",
        parts=("parts/early_masks/{model}/seed-{seed}_{part}.csv",),
        when=("early",),
    ),
    Table(
        name="matched",
        row="a network with a mask or a random one of the same layer densities, trained again",
        columns=names(
            "model seed score end scope matched density train_loss train_top1 validation_loss validation_top1"
        ),
        title="Random masks of equal layer densities",
        parts=("parts/matched/{model}/seed-{seed}_{part}.csv",),
        when=("matched",),
    ),
    Table(
        name="trajectories",
        row="a weight after a measured epoch",
        columns=names("model seed data start group rank layer index epoch weight diff"),
        title="Single weights over training",
        parts=("parts/trajectories/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="diff_histogram",
        row="a bin of the diffs of a layer",
        columns=names("model seed data start which epoch layer layer_index kind low high count"),
        title="Histograms of diffs",
        parts=("parts/diff_histogram/{model}/seed-{seed}.csv",),
        own=_OF_DIFFS,
    ),
    Table(
        name="layer_coherence",
        row="a layer of a training after one of its measured epochs",
        columns=names("model seed data start epoch layer layer_index kind weights coherence"),
        title="Coherence of each layer",
        parts=("parts/layer_coherence/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="class_coherence",
        row="a class of a training's images, or all of them, after the epoch of the highest or of the lowest coherence",
        columns=names(
            "model seed data start which epoch label images coherence coherence_by_chance diff_size "
            "diff_size_by_chance diff_size_by_classes"
        ),
        title="Coherence and diffs of each class",
        parts=("parts/class_coherence/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="score_ranks",
        decides="rank_correlation",
        row="two scores of a network's weights at its highest coherence on real images, and how alike their orders are",
        columns=names("model seed epoch one other rank_correlation shared"),
        title="How alike the orders of weights by scores are",
        parts=("parts/score_ranks/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="weight_histogram",
        row="a bin of the magnitudes of a network's prunable weights",
        columns=names("model seed data start epoch low high count"),
        title="Histograms of weights",
        parts=("parts/weight_histogram/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="width_diffs",
        row="a bin of the diffs of a layer of a fully connected network",
        columns=names("width seed which epoch layer layer_index kind low high count"),
        title="Histograms of diffs over width",
        parts=("parts/width_diffs/mlp/seed-{seed}.csv",),
        when=("widths", "wide", "fixed"),
        own=_OF_DIFFS,
    ),
    Table(
        name="run_history",
        row="an epoch of a training on real images or on noise",
        columns=EPOCH,
        path="networks/{model}/seed-{seed}/{run}.csv",
        own=OF_EPOCH,
    ),
    CLAIMS,
)

ANALYSES = (
    Analysis(
        function="prunescape.coherence.tables:table_6",
        gives=("table_6_1_2",),
        tables=("children",),
        settings={"data": "data.name"},
        given={"name": "table_6_1_2"},
        published=("yauney2024_table_6_1", "yauney2024_table_6_2"),
        when=("network",),
    ),
    Analysis(
        function="prunescape.coherence.tables:table_6",
        gives=("table_6_5_6",),
        tables=("children",),
        settings={"data": "data.name"},
        given={"name": "table_6_5_6"},
        published=("yauney2024_table_6_5", "yauney2024_table_6_6"),
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
            "measured at weights that are held still after an epoch, from 0 to 1; dotted: of orthogonal gradients, one "
            "over their number. After Figs. 2.1 and 2.2 of the thesis; the last panel after the fourth column of its "
            "Fig. 1.1."
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
        tables=("diff_histogram", "epochs"),
        caption=(
            "Diffs of {{ model }} on {{ config.data.name }} (left) and on Gaussian noise (right) after the epochs of "
            "the highest and of the lowest coherence: of the whole network, of a few layers, and, at the bottom, "
            "their mean magnitude in every layer, with that of random signs (dotted). "
            "After Figs. 3.1 and 3.2 of the thesis, which have linear axes."
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
        tables=("width_diffs", "widths"),
        path="mlp/width_diffs",
        label="mlp",
        when=("widths",),
        caption=(
            "Diffs of multilayer perceptrons on {{ config.data.name }}, all layers together: after the epoch of their "
            "highest coherence, an outline a width; and their mean magnitude over width, after the epochs of the "
            "highest and of the lowest coherence, with that of random signs (dotted). After Fig. 4.4 of the thesis."
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
            "keeps as well; dotted: what chance would give with as many weights of each layer. Answers a question of "
            "the thesis' section 7.2."
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
    Figure(
        name="score_ranks",
        title="20 what orders weights alike",
        draw="prunescape.figures.coherence.score_ranks:draw",
        tables=("score_ranks",),
        caption=(
            "How alike scores order the weights of {{ model }} on {{ config.data.name }}: Spearman's rank correlation "
            "over all weights that are pruned, and the part of the highest tenth that two scores share; gradients at "
            "the epoch of the highest coherence. Beyond the thesis, which makes diffs an elementwise approximation of "
            "coherence (3.1)."
        ),
    ),
    Figure(
        name="initialisations",
        title="21 what children begin with",
        draw="prunescape.figures.coherence.initialisations:draw",
        tables=("children",),
        path="mlp/initialisations",
        label="mlp",
        when=("fixed",),
        caption=(
            "Accuracies of multilayer perceptrons of one size on {{ config.data.name }}, chosen in ever larger "
            "parents, by the weights that they begin with: drawn anew after He, as in the thesis (5.3); these, "
            "divided by the square root of the part that the mask keeps of their layer; or those that their parent "
            "began with. The dotted line is the dense network of as many weights."
        ),
    ),
    Figure(
        name="layer_coherence",
        title="22 coherence by layer",
        draw="prunescape.figures.coherence.layer_coherence:draw",
        tables=("layer_coherence", "epochs"),
        caption=(
            "Coherence of the gradients by single layers of {{ model }} on {{ config.data.name }} and on Gaussian "
            "noise, over epochs, and its highest in every layer; dotted: of orthogonal gradients."
        ),
    ),
    Figure(
        name="label_noise",
        title="23 noise, class by class",
        draw="prunescape.figures.coherence.label_noise:draw",
        tables=("class_coherence",),
        caption=(
            "{{ model }} on {{ config.data.name }}, on the same images with ever more random labels, and on Gaussian "
            "noise, at its highest coherence: coherence of all images and of those of one class, beyond that of "
            "as many orthogonal gradients; and the mean |diff|, beside that of random signs of single images, and of "
            "whole classes that pull as hard as they do. Answers a question of the thesis' section 7.2."
        ),
    ),
)

_MEASURED = names("coherence diff_size train_top1 validation_top1 train_loss validation_loss")
CHARTS = (
    Chart(
        table="epochs",
        title="Trainings, over epochs",
        x="epoch",
        y=_MEASURED,
        lines="data",
        choose=names("model start"),
    ),
    Chart(
        table="epochs",
        title="Trainings, over the part of the labels that are random",
        x="label_noise",
        y=_MEASURED,
        lines="epoch",
        choose=("model",),
        where={"start": ("fresh",)},
    ),
    Chart(
        table="layer_coherence",
        title="Coherence of each layer, over epochs",
        x="epoch",
        y=("coherence",),
        lines="layer",
        choose=names("model data start"),
    ),
    Chart(
        table="widths",
        title="Fully connected networks, over width",
        x="width",
        y=_MEASURED,
        lines="epoch",
        choose=(),
        is_log=True,
    ),
    Chart(
        table="children",
        title="Masked networks, over the width of their parents",
        x="parent_width",
        y=names("validation_top1 train_top1 validation_loss train_loss"),
        lines="score",
        choose=names("experiment width scope end initialisation"),
        is_log=True,
        where={"model": ("mlp",)},
        words={"end": "end of the ranking that is kept"},
    ),
    Chart(
        table="mask_overlap",
        title="Masks of all epochs, beside the one that is used",
        x="epoch",
        y=names("overlap expected"),
        lines="score",
        choose=names("model scope"),
    ),
)

STUDY = Study(
    name="coherence",
    picture="children_fixed",
    title="Coherence",
    question="What do per-sample gradients know about generalisation, and do they choose good masks?",
    plan="prunescape.plan.coherence:Coherence",
    tables=TABLES,
    columns=COLUMNS,
    key=names(
        "id experiment model width parent_width seed score end scope initialisation matched data start epoch used one "
        "other group rank which label layer low"
    ),
    analyses=ANALYSES,
    claims=Statement(
        tables=(
            "epochs",
            "weight_histogram",
            "class_coherence",
            "score_ranks",
            "widths",
            "children",
            "densities",
            "mask_overlap",
            "early_masks",
            "matched",
        ),
        files=("data",),
        settings=("coherence.tolerance", "coherence.level"),
        published=("yauney2024_table_6_1", "yauney2024_table_6_2", "yauney2024_table_6_5", "yauney2024_table_6_6"),
    ),
    figures=FIGURES,
    charts=CHARTS,
    answer=(
        "What per-sample gradients know about generalisation and about good masks, question by question, with 95 % "
        "intervals over the seeds {{ (config.coherence.seeds or config.seeds) | join(', ') }}."
    ),
)
