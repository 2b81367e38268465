"""The entry of the study `mechanism`."""

from prunescape.studies.study import Analysis, Figure, Study, Table

TABLES = (
    Table(
        name="table_1",
        title="2 Table 1",
        when=("cycles",),
        caption=(
            "Validation accuracy (percent) after the last cycle of pruning and retraining, and that of small networks "
            "with as many weights, trained from scratch as long and by the same schedules; ``difference`` is the one "
            "minus the other, in points. Means over seeds with 95 % intervals; columns that begin with ``published`` "
            "are Table 1 of the utility paper where it has the same network and data."
        ),
    ),
    Table(
        name="table_2",
        title="3 Table 2",
        when=("pruned",),
        caption=(
            "Validation accuracy (percent) and training loss of networks that were pruned in one shot and retrained "
            "(``pruned_retrained``), and of small networks with as many weights, trained from scratch as long. Means "
            "over seeds with 95 % intervals; columns that begin with ``published`` are Table 2 of the utility paper "
            "where it has the same network and data."
        ),
    ),
)

ANALYSES = (
    Analysis(
        rule="summarise_mechanism_epochs",
        function="prunescape.mechanism.statistics:summarise",
        gives=("utility_epochs_summary",),
        tables={"table": "utility_epochs"},
        given={"by": ["model", "seed", "epoch", "whole_top1", "ablation", "level"]},
        when=("epochs",),
    ),
    Analysis(
        rule="summarise_mechanism_sizes",
        function="prunescape.mechanism.statistics:summarise",
        gives=("utility_sizes_summary",),
        tables={"table": "utility_sizes"},
        given={"by": ["model", "seed", "size", "epoch", "whole_top1", "ablation", "level"]},
        when=("sizes",),
    ),
    Analysis(
        rule="summarise_mechanism_pruned",
        function="prunescape.mechanism.statistics:summarise",
        gives=("utility_pruned_summary",),
        tables={"table": "utility_pruned"},
        given={"by": ["model", "seed", "pruning_ratio", "network", "whole_top1", "ablation", "level"]},
        when=("pruned",),
    ),
    Analysis(
        rule="tabulate_mechanism_1",
        function="prunescape.mechanism.tables:table_1",
        gives=("table_1",),
        tables=("cycles",),
        settings={"data": "data.name"},
        reference="anonymous2021",
        when=("cycles",),
    ),
    Analysis(
        rule="tabulate_mechanism_2",
        function="prunescape.mechanism.tables:table_2",
        gives=("table_2",),
        tables=("retrained",),
        settings={"data": "data.name"},
        reference="anonymous2021",
        when=("pruned",),
    ),
)

FIGURES = (
    Figure(
        name="utility_epochs",
        title="4 over training",
        draw="prunescape.figures.mechanism.utility_epochs:draw",
        tables={"summary": "utility_epochs_summary", "samples": "utility_epochs"},
        when=("epochs",),
        caption=(
            "{{ model }} on {{ config.data.name }} during training: random subsets of its weights are zeroed, and the "
            "utility of a subset is the mean Kullback-Leibler divergence, over the training images, of the outputs "
            "that are left. Imbalance is the standard deviation of utility over the subsets; the same subsets are "
            "ablated at every epoch. Dashed: the accuracy of the whole network. Bottom: histograms at a few epochs. "
            "After Figs. 2 and 7 to 13 of An empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="utility_bands",
        title="5 by magnitude",
        draw="prunescape.figures.mechanism.utility_bands:draw",
        tables={"bands": "utility_bands"},
        when=("epochs",),
        caption=(
            "Training accuracy and utility of {{ model }} on {{ config.data.name }} when weights that are neighbours "
            "in the order of magnitude are ablated together, one line an ablation ratio. Each point lies at the "
            "middle of its weights, from the smallest (0 %) to the largest (100 %). After Fig. 1 (right) of An "
            "empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="utility_sizes",
        title="6 by network size",
        draw="prunescape.figures.mechanism.utility_sizes:draw",
        tables={"summary": "utility_sizes_summary", "samples": "utility_sizes"},
        when=("sizes",),
        caption=(
            "Utility of random weight subsets in {{ model }} on {{ config.data.name }} and in smaller networks, which "
            "are the same pruned at random before training. First row: networks lose the same part of their weights; "
            "second row: the same number, in percent of the weights of the 1× network. Bars span the accuracies of a "
            "sample set. Bottom: histograms by ratio. After Figs. 1 (left), 3, 4 and 14 of An empirical study of a "
            "pruning mechanism."
        ),
    ),
    Figure(
        name="utility_pruned",
        title="7 pruned and retrained",
        draw="prunescape.figures.mechanism.utility_pruned:draw",
        tables={"summary": "utility_pruned_summary", "samples": "utility_pruned"},
        when=("pruned",),
        caption=(
            "Utility of random weight subsets in {{ model }} on {{ config.data.name }}: pretrained, pruned and "
            "retrained, and a small network of as many weights, trained from scratch for as long as both together. In "
            "the pretrained network the subsets are drawn from the weights that pruning keeps. One row a pruning "
            "ratio; bars span the accuracies of a sample set; bottom: histograms. After Figs. 5 and 15 of An "
            "empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="utility_channels",
        title="8 channels, and what utility predicts",
        draw="prunescape.figures.mechanism.utility_channels:draw",
        tables={"channels": "utility_channels", "correlations": "rank_correlations"},
        when=("channels",),
        caption=(
            "Every channel of {{ model }} ablated by itself, on {{ config.data.name }}: its utility layer by layer "
            "with the layers' medians, its utility beside the accuracy, and Spearman's rank correlations between "
            "utility and the accuracy that pruning costs on validation images, with 95 % intervals over subsets. "
            "Beyond An empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="cycles",
        title="9 cycles",
        draw="prunescape.figures.mechanism.cycles:draw",
        tables=("cycles",),
        when=("cycles",),
        caption=(
            "Validation accuracy of {{ model }} on {{ config.data.name }} after each cycle of pruning and retraining, "
            "right after pruning (dotted), and of small networks with as many weights that are chosen at random "
            "before training, over the part of the weights that is kept. Below: the same near the best accuracy. "
            "After Table 1 of An empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="surfaces",
        title="10 surfaces, {pruning}, {retraining}",
        draw="prunescape.figures.mechanism.surfaces:draw",
        tables=("surface", "marks", "distances"),
        path="{model}/surfaces_{pruning}_{retraining}",
        when=("cycles",),
        caption=(
            "Training accuracy of {{ model }} on {{ config.data.name }} on the plane through the pretrained network "
            "W*, the pruned one and the retrained one of each cycle ({{ pruning }}, {{ retraining | replace('_', '-') "
            "}}). Axes are Euclidean distances between weights; all other networks are projected on the plane, and "
            "those that it runs through are drawn larger. Above each panel: how far these three lie apart. The last "
            "cycle is also seen from the side. After Figs. 6 and 16 of An empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="barriers",
        title="11 barriers",
        draw="prunescape.figures.mechanism.barriers:draw",
        tables=("lines", "barriers"),
        when=("cycles",),
        caption=(
            "{{ model }} on {{ config.data.name }}: training accuracy and loss on the straight line from the "
            "pretrained network W* to the retrained one of each cycle, and between pretrained networks of unlike "
            "seeds. Bottom: the barriers, how far a curve rises above the chord between its ends, with 95 % intervals "
            "over images; the green band spans the pairs of seeds. A barrier of zero alone is no common basin: how "
            "good the retrained network is stands at the right end of the upper panels. Beyond An empirical study of "
            "a pruning mechanism, and after Frankle et al. (2020)."
        ),
    ),
)

STUDY = Study(
    name="mechanism",
    title="Mechanism",
    question="Who does the work in a network, and in which basin does retraining end?",
    tables=TABLES,
    analyses=ANALYSES,
    figures=FIGURES,
    answer=(
        "Who does the work in a network, and in which basin retraining ends, question by question, with 95 % "
        "intervals over the pretrained networks of seeds {{ config.seeds | join(', ') }}."
    ),
)
