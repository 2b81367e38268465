"""The entry of the study `mechanism`."""

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

_POINTS = "percentage points"
_COLUMNS = {
    "model": Column(TEXT, "name of the network, as in the config"),
    "seed": Column(WHOLE, "seed of the pretrained network"),
    "seeds": Column(WHOLE, "pretrained networks that the numbers are means of", "networks"),
    "epoch": Column(WHOLE, "epoch of the pretraining, 0 before it", "epochs"),
    "size": Column(NUMBER, "size of the network: part of the weights of the whole one", "fraction"),
    "pruning_ratio": Column(NUMBER, "part of the weights that is removed", "fraction"),
    "network": Column(TEXT, "`pretrained`, `pruned_retrained` or `small` (as many weights, trained from scratch)"),
    "pruning": Column(TEXT, "what is pruned: `weights` or `channels`"),
    "retraining": Column(TEXT, "how it is retrained: `fine_tuning` or `rewinding`"),
    "cycle": Column(NUMBER, "cycle of pruning and retraining, from 1; empty between networks of unlike seeds"),
    "density": Column(NUMBER, "part of the weights that is kept", "fraction"),
    "whole_top1": Column(NUMBER, "top-1 accuracy of the network without ablation, on training images", "percent"),
    "whole_loss": Column(NUMBER, "its mean cross-entropy on training images", "nats"),
    "ablation": Column(
        TEXT, "how subsets are sized: `ratio` (part of the own weights) or `number` (of the whole one's)"
    ),
    "level": Column(NUMBER, "ratio of weights that is ablated, as the config has it", "fraction"),
    "ratio": Column(NUMBER, "ratio of weights that is ablated, as the config has it", "fraction"),
    "ablated": Column(WHOLE, "weights that are set to zero", "weights"),
    "subset": Column(WHOLE, "number of the subset, from 0"),
    "subsets": Column(WHOLE, "subsets in the sample set", "subsets"),
    "images": Column(WHOLE, "images that the numbers of the ablated network are means over", "images"),
    "utility": Column(NUMBER, "mean Kullback-Leibler divergence of the outputs that the ablation causes", "nats"),
    "top1": Column(NUMBER, "top-1 accuracy of the ablated network on training images", "percent"),
    "loss": Column(NUMBER, "mean cross-entropy on training images", "nats"),
    "imbalance": Column(NUMBER, "standard deviation of utility over the subsets", "nats"),
    "imbalance_error": Column(NUMBER, "its standard error", "nats"),
    "mean": Column(NUMBER, "mean utility over the subsets", "nats"),
    "mean_error": Column(NUMBER, "its standard error", "nats"),
    "minimum": Column(NUMBER, "least utility of the subsets", "nats"),
    "maximum": Column(NUMBER, "greatest utility of the subsets", "nats"),
    "extremes_of": Column(WHOLE, "subsets that the extremes are of: those of the smallest set of the level", "subsets"),
    "top1_minimum": Column(NUMBER, "least accuracy of the ablated networks", "percent"),
    "top1_maximum": Column(NUMBER, "greatest accuracy of the ablated networks", "percent"),
    "band": Column(WHOLE, "number of the band, from the smallest weights on"),
    "low": Column(NUMBER, "place of the band's smallest weight in the order of magnitude", "fraction"),
    "high": Column(NUMBER, "place of the band's largest weight in the order of magnitude", "fraction"),
    "low_magnitude": Column(NUMBER, "magnitude of the band's smallest weight"),
    "high_magnitude": Column(NUMBER, "magnitude of the band's largest weight"),
    "relative": Column(NUMBER, "imbalance in parts of the mean utility", "fraction"),
    "layers": Column(
        NUMBER,
        "share of the variance of utility that the numbers of ablated weights in each layer explain (adjusted R²)",
        "fraction",
    ),
    "norms": Column(NUMBER, "share that the squared norms of the ablated weights of each layer explain", "fraction"),
    "fisher": Column(NUMBER, "share that the prediction by the Fisher information's diagonal explains", "fraction"),
    "additive": Column(NUMBER, "mean of that prediction, in parts of the mean utility", "fraction"),
    "adjusted_mean": Column(NUMBER, "mean utility with that prediction as a control variate", "nats"),
    "adjusted_error": Column(NUMBER, "its standard error", "nats"),
    "to_last": Column(NUMBER, "Spearman's rank correlation of the subsets' utilities with those of the last epoch"),
    "to_next": Column(NUMBER, "likewise with those of the next epoch that was measured"),
    "trace": Column(NUMBER, "trace of the Hessian of the training loss by the prunable weights (Hutchinson)"),
    "trace_error": Column(NUMBER, "its standard error over random probes"),
    "top_eigenvalue": Column(NUMBER, "largest eigenvalue of that Hessian (Lanczos)"),
    "rise": Column(NUMBER, "rise of the training loss at a distance of 0.05 along its gradient (SAM)", "nats"),
    "set": Column(WHOLE, "number of the set of channels that is removed, from 0"),
    "sets": Column(WHOLE, "sets of channels that are compared", "sets"),
    "score": Column(TEXT, "score of the sets: `utility`, `magnitude`, `taylor`, `fisher` or `random`"),
    "magnitude": Column(NUMBER, "sum of the absolute values of the removed weights"),
    "taylor": Column(NUMBER, "first-order change of the training loss, its absolute value", "nats"),
    "random": Column(NUMBER, "a random number, as a control"),
    "first_top1": Column(NUMBER, "top-1 accuracy on validation images after one fine-tuning", "percent"),
    "second_top1": Column(NUMBER, "likewise after another one that shuffles the images otherwise", "percent"),
    "pruned": Column(NUMBER, "Spearman's rank correlation of the score with the accuracy lost before retraining"),
    "retrained": Column(NUMBER, "likewise with the accuracy lost after retraining"),
    "ceiling": Column(NUMBER, "the largest correlation that is to be expected, as far as two fine-tunings agree"),
    "layer": Column(TEXT, "name of the convolution that makes the channel"),
    "channel": Column(WHOLE, "number of the channel in its layer, from 0"),
    "top1_lost": Column(NUMBER, "top-1 accuracy on validation images that is lost by the ablation", _POINTS),
    "of": Column(TEXT, "what is ablated: `subsets` or `channels`"),
    "correlation": Column(NUMBER, "Spearman's rank correlation of utility and lost accuracy"),
    "p": Column(NUMBER, "p-value of a permutation test of it", "probability"),
    "pruned_top1": Column(NUMBER, "top-1 accuracy on validation images right after pruning", "percent"),
    "best_top1": Column(NUMBER, "largest top-1 accuracy of all measured epochs", "percent"),
    "train_loss": Column(NUMBER, "mean cross-entropy of the last epoch's training images", "nats"),
    "diverged": Column(TRUTH, "whether the loss or a weight stopped being finite; training ended there"),
    "small_diverged": Column(TRUTH, "whether the small network diverged; false where there is none"),
    "small_top1": Column(
        NUMBER, "top-1 accuracy of a small network with as many weights, trained from scratch", "percent"
    ),
    "difference": Column(NUMBER, "`top1` minus `small_top1`", _POINTS),
    "from": Column(TEXT, "one network: `W*` (pretrained), `Wp2` (pruned in cycle 2), `Wr2` (retrained in it)"),
    "to": Column(TEXT, "the other one"),
    "distance": Column(NUMBER, "Euclidean distance between their weights"),
    "point": Column(TEXT, "network: `W*` (pretrained), `Wp2` (pruned in cycle 2), `Wr2` (retrained in it)"),
    "x": Column(NUMBER, "place along the first axis of the plane, a distance between weights"),
    "y": Column(NUMBER, "place along the second axis of the plane, a distance between weights"),
    "off_plane": Column(NUMBER, "distance of the network from the plane"),
    "norm": Column(NUMBER, "Euclidean norm of the network's weights"),
    "recomputed": Column(
        TRUTH, "whether the statistics of batch norm were recomputed at each point; else they are combined"
    ),
    "what": Column(
        TEXT,
        "which networks the line joins: `W*` and `pruned_retrained`; `W*` and the `small` one of that cycle; the "
        "retrained one of the `last_cycle` and that of this one; `W*` and a `random` point as far away as the "
        "retrained one; or the `W*` of two `seeds`, once more with the second one's channels in the order in which its "
        "weights (`seeds_by_weights`) or its activations (`seeds_by_activations`) are most like the first one's",
    ),
    "seed_to": Column(NUMBER, "seed of the second network; empty within one seed"),
    "alpha": Column(NUMBER, "place on the line, from 0 at its first network to 1 at its second", "fraction"),
    "measure": Column(TEXT, "what the barrier is of: `loss` or `error`"),
    "barrier": Column(NUMBER, "how far the measure rises above the chord between both ends, at most"),
    "start": Column(NUMBER, "the measure at the line's first network"),
    "end": Column(NUMBER, "the measure at the line's second network"),
    "small": Column(NUMBER, "the measure of the small network of that cycle; empty where there is none"),
}
_TRAINED = {"top1": Column(NUMBER, "top-1 accuracy on validation images after retraining", "percent")}
_COMPARED = {**_COLUMNS, **_TRAINED}
_PUBLISHED = as_published(_COMPARED, "top1 small_top1 train_loss")
COLUMNS = {**_COLUMNS, **with_bounds(_COMPARED, "top1 small_top1 difference"), **_PUBLISHED}
# What means something else in one table.
_SAMPLE_SET = {"top1": Column(NUMBER, "mean accuracy of the ablated networks on training images", "percent")}
_CORRELATION = {
    "level": Column(NUMBER, "ratio of weights that is ablated; empty of single channels", "fraction"),
    "subsets": Column(WHOLE, "subsets or channels that are compared"),
    "low": Column(NUMBER, "lower end of its 95 % interval, over subsets"),
    "high": Column(NUMBER, "upper end of its 95 % interval, over subsets"),
}
_OF_SET = {
    "fisher": Column(NUMBER, "second-order divergence of the outputs by the Fisher information's diagonal", "nats"),
    "utility": Column(NUMBER, "mean Kullback-Leibler divergence of the outputs on training images", "nats"),
}
_ON_LINE = {
    "low": Column(NUMBER, "lower end of its 95 % interval, over images"),
    "high": Column(NUMBER, "upper end of its 95 % interval, over images"),
    "alpha": Column(NUMBER, "place on the line where it is highest above the chord", "fraction"),
}
_MARK = {"distance": Column(NUMBER, "Euclidean distance of its weights from those of `W*`")}
_AT_POINT = {"top1": Column(NUMBER, "top-1 accuracy on training images at the point", "percent")}
_OF_CHANNEL = {"ablated": Column(WHOLE, "parameters that belong to the channel", "parameters")}

TABLES = (
    Table(
        name="table_1",
        decides="difference",
        row="a way of pruning and of retraining after the last cycle, beside Table 1 of the utility paper",
        columns=names(
            "model pruning retraining cycle seeds density top1 top1_low top1_high small_top1 small_top1_low "
            "small_top1_high difference difference_low difference_high published_top1 published_small_top1"
        ),
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
        decides="top1",
        row="a network of a pruning ratio, beside Table 2 of the utility paper",
        columns=names(
            "model pruning_ratio network seeds density train_loss top1 top1_low top1_high published_top1 "
            "published_train_loss"
        ),
        title="3 Table 2",
        when=("pruned",),
        caption=(
            "Validation accuracy (percent) and training loss of networks that were pruned in one shot and retrained "
            "(``pruned_retrained``), and of small networks with as many weights, trained from scratch as long. Means "
            "over seeds with 95 % intervals; columns that begin with ``published`` are Table 2 of the utility paper "
            "where it has the same network and data."
        ),
    ),
    Table(
        name="utility_epochs_summary",
        row="a sample set of subsets of a network's weights during training",
        columns=names(
            "model seed epoch whole_top1 ablation level ablated subsets imbalance imbalance_error relative mean "
            "mean_error minimum maximum extremes_of top1 top1_minimum top1_maximum"
        ),
        title="Utility over training: imbalance, mean, extremes",
        when=("epochs",),
        own=_SAMPLE_SET,
    ),
    Table(
        name="utility_sizes_summary",
        row="a sample set of subsets of the weights of a network of some size",
        columns=names(
            "model seed size epoch whole_top1 ablation level ablated subsets imbalance imbalance_error relative mean "
            "mean_error minimum maximum extremes_of top1 top1_minimum top1_maximum"
        ),
        title="Utility by network size: imbalance, mean, extremes",
        when=("sizes",),
        own=_SAMPLE_SET,
    ),
    Table(
        name="utility_pruned_summary",
        row="a sample set of subsets of the weights of a pruned network or of one beside it",
        columns=names(
            "model seed pruning_ratio network whole_top1 ablation level ablated subsets imbalance imbalance_error "
            "relative mean mean_error minimum maximum extremes_of top1 top1_minimum top1_maximum"
        ),
        title="Utility when pruned and retrained: imbalance, mean, extremes",
        when=("pruned",),
        own=_SAMPLE_SET,
    ),
    Table(
        name="utility_explained",
        row="what explains the utility of a sample set during training",
        columns=names(
            "model seed epoch level subsets mean mean_error layers norms fisher additive adjusted_mean adjusted_error"
        ),
        title="What explains utility",
        parts=("parts/utility_explained/{model}/seed-{seed}.csv",),
        when=("epochs",),
    ),
    Table(
        name="utility_ranks",
        row="a level at an epoch: whether the same subsets have most utility as at later ones",
        columns=names("model seed level epoch subsets to_last to_next"),
        title="Whether ranks of utility stay",
        when=("epochs",),
    ),
    Table(
        name="sharpness",
        row="an epoch: how sharp the training loss is",
        columns=names("model seed epoch loss trace trace_error top_eigenvalue rise"),
        title="Sharpness over training",
        parts=("parts/sharpness/{model}/seed-{seed}.csv",),
        when=("epochs",),
    ),
    Table(
        name="prediction_correlations",
        decides="retrained",
        row="a score of sets of channels: how well it foretells the accuracy that is lost",
        columns=names("model seed score sets pruned retrained ceiling"),
        title="What foretells the accuracy after retraining",
        when=("prediction",),
    ),
    Table(
        name="prediction",
        row="a set of channels that is removed",
        columns=names("model seed set utility magnitude taylor fisher random pruned_top1 first_top1 second_top1"),
        title="Sets of channels removed and retrained",
        parts=("parts/prediction/{model}/seed-{seed}.csv",),
        when=("prediction",),
        own=_OF_SET,
    ),
    Table(
        name="rank_correlations",
        decides="correlation",
        row="a level of ablation: how utility and lost accuracy go together",
        columns=names("model seed of level subsets correlation p low high"),
        title="What utility predicts",
        parts=("parts/rank_correlations/{model}/seed-{seed}.csv",),
        when=("channels",),
        own=_CORRELATION,
    ),
    Table(
        name="barriers",
        decides="barrier",
        row="a line between two networks",
        columns=names(
            "model seed what pruning retraining cycle seed_to recomputed measure barrier low high alpha start end "
            "small distance"
        ),
        title="Barriers between networks",
        parts=("parts/barriers/{model}/seed-{seed}.csv", "parts/barriers/{model}/seeds.csv"),
        when=("cycles",),
        own=_ON_LINE,
    ),
    Table(
        name="flatness",
        row="a network of the last cycle: how flat the training loss is there",
        columns=names("model seed pruning retraining cycle network loss top_eigenvalue"),
        title="Flatness at pretrained, retrained and small networks",
        parts=("parts/flatness/{model}/seed-{seed}.csv",),
        when=("cycles",),
    ),
    Table(
        name="retrained",
        row="a network pruned in one shot and retrained, or a small one from scratch",
        columns=names("model seed pruning_ratio network density pruned_top1 top1 best_top1 train_loss diverged"),
        title="Networks pruned at once and retrained",
        parts=("parts/retrained/{model}/seed-{seed}.csv",),
        when=("pruned",),
        own=_TRAINED,
    ),
    Table(
        name="cycles",
        row="a cycle of pruning and retraining",
        columns=names(
            "model seed pruning retraining cycle density pruned_top1 top1 best_top1 train_loss diverged small_top1 "
            "small_diverged"
        ),
        title="Networks after each cycle",
        parts=("parts/cycles/{model}/seed-{seed}_{retraining}.csv",),
        when=("cycles",),
        own=_TRAINED,
    ),
    Table(
        name="distances",
        row="two networks of a plane",
        columns=names("model seed pruning retraining cycle from to distance"),
        title="Distances between networks",
        parts=("parts/distances/{model}/seed-{seed}.csv",),
        when=("cycles",),
    ),
    Table(
        name="marks",
        row="a network beside a plane",
        columns=names("model seed pruning retraining cycle point x y off_plane distance norm"),
        title="Networks on the planes",
        parts=("parts/marks/{model}/seed-{seed}.csv",),
        when=("cycles",),
        own=_MARK,
    ),
    Table(
        name="utility_bands",
        row="a band of weights of like magnitude that are ablated together",
        columns=names("model seed epoch ratio ablated band low high low_magnitude high_magnitude utility top1 loss"),
        title="Utility of weights of like magnitude",
        parts=("parts/utility_bands/{model}/seed-{seed}.csv",),
        when=("epochs",),
    ),
    Table(
        name="utility_channels",
        row="a channel that is ablated by itself",
        columns=names("model seed layer channel ablated utility top1 loss top1_lost"),
        title="Utility of single channels",
        parts=("parts/utility_channels/{model}/seed-{seed}.csv",),
        when=("channels",),
        own=_OF_CHANNEL,
    ),
    Table(
        name="utility_epochs",
        row="a subset of a network's weights that is ablated, during training",
        columns=names("model seed epoch whole_top1 whole_loss ablation level ablated subset images utility top1 loss"),
        title="Utility over training: every subset",
        parts=("parts/utility_epochs/{model}/seed-{seed}.csv",),
        when=("epochs",),
    ),
    Table(
        name="utility_sizes",
        row="a subset of the weights of a network of some size that is ablated",
        columns=names(
            "model seed size epoch ablation level whole_top1 whole_loss ablated subset images utility top1 loss"
        ),
        title="Utility by network size: every subset",
        parts=("parts/utility_sizes/{model}/seed-{seed}.csv",),
        when=("sizes",),
    ),
    Table(
        name="utility_pruned",
        row="a subset of the weights of a pruned network, or of one beside it, that is ablated",
        columns=names(
            "model seed pruning_ratio network whole_top1 whole_loss ablation level ablated subset images utility top1 "
            "loss"
        ),
        title="Utility when pruned and retrained: every subset",
        parts=("parts/utility_pruned/{model}/seed-{seed}.csv",),
        when=("pruned",),
    ),
    Table(
        name="lines",
        row="a point on the line between two networks",
        columns=names("model seed what pruning retraining cycle seed_to recomputed alpha top1 loss"),
        title="Points on the lines between networks",
        parts=("parts/lines/{model}/seed-{seed}.csv", "parts/lines/{model}/seeds.csv"),
        when=("cycles",),
        own=_AT_POINT,
    ),
    Table(
        name="surface",
        row="a point of the plane through three networks",
        columns=names("model seed pruning retraining cycle recomputed x y top1 loss"),
        title="Points of the planes",
        parts=("parts/surface/{model}/seed-{seed}.csv",),
        when=("cycles",),
        own=_AT_POINT,
    ),
    Table(
        name="pretrained_history",
        row="an epoch of the training of a network of some size",
        columns=(*EPOCH, "size"),
        path="networks/{model}/seed-{seed}/history.csv",
        own=OF_EPOCH,
    ),
    CLAIMS,
)

ANALYSES = (
    Analysis(
        function="prunescape.mechanism.statistics:summarise",
        gives=("utility_epochs_summary",),
        tables={"table": "utility_epochs"},
        given={"by": ["model", "seed", "epoch", "whole_top1", "ablation", "level"]},
        when=("epochs",),
    ),
    Analysis(
        function="prunescape.mechanism.statistics:summarise",
        gives=("utility_sizes_summary",),
        tables={"table": "utility_sizes"},
        given={"by": ["model", "seed", "size", "epoch", "whole_top1", "ablation", "level"]},
        when=("sizes",),
    ),
    Analysis(
        function="prunescape.mechanism.statistics:summarise",
        gives=("utility_pruned_summary",),
        tables={"table": "utility_pruned"},
        given={"by": ["model", "seed", "pruning_ratio", "network", "whole_top1", "ablation", "level"]},
        when=("pruned",),
    ),
    Analysis(
        function="prunescape.mechanism.statistics:rank_stability",
        gives=("utility_ranks",),
        tables={"table": "utility_epochs"},
        given={"by": ["model", "seed", "level"]},
        when=("epochs",),
    ),
    Analysis(
        function="prunescape.mechanism.statistics:prediction_correlations",
        gives=("prediction_correlations",),
        tables={"table": "prediction"},
        given={"by": ["model", "seed"]},
        when=("prediction",),
    ),
    Analysis(
        function="prunescape.mechanism.tables:table_1",
        gives=("table_1",),
        tables=("cycles",),
        settings={"data": "data.name"},
        published=("anonymous2021_table_1",),
        when=("cycles",),
    ),
    Analysis(
        function="prunescape.mechanism.tables:table_2",
        gives=("table_2",),
        tables=("retrained",),
        settings={"data": "data.name"},
        published=("anonymous2021_table_2",),
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
        name="utility_explained",
        title="9 what explains utility",
        draw="prunescape.figures.mechanism.utility_explained:draw",
        tables={"explained": "utility_explained", "ranks": "utility_ranks", "sharpness": "sharpness"},
        when=("epochs",),
        caption=(
            "What the utility of random weight subsets of {{ model }} on {{ config.data.name }} is made of. Left: the "
            "share of its variance that the numbers of weights in each layer, their squared norms, and half of the sum "
            "of F_ii w_i² (Fisher information) explain after the last epoch. Middle: whether the same subsets have "
            "most utility as after the last epoch. Right: mean utility beside the top eigenvalue and the trace of the "
            "Hessian of the training loss and its rise at a distance of 0.05 along the gradient, in parts of the first "
            "epoch. Beyond An empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="prediction",
        title="10 what foretells accuracy",
        draw="prunescape.figures.mechanism.prediction:draw",
        tables={"correlations": "prediction_correlations"},
        when=("prediction",),
        caption=(
            "Random sets of channels of {{ model }} on {{ config.data.name }}, all of one size, are removed, and the "
            "network is fine-tuned without them. Rank correlations of five scores of a set with the validation "
            "accuracy that its removal costs, before and after fine-tuning. Beyond An empirical study of a pruning "
            "mechanism."
        ),
    ),
    Figure(
        name="cycles",
        title="11 cycles",
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
        title="12 surfaces, {pruning}, {retraining}",
        draw="prunescape.figures.mechanism.surfaces:draw",
        tables=("surface", "marks", "distances"),
        path="{model}/surfaces_{pruning}_{retraining}",
        when=("cycles",),
        caption=(
            "Training accuracy of {{ model }} on {{ config.data.name }} on the plane through the pretrained network "
            "W*, the pruned one and the retrained one of each cycle ({{ pruning }}, {{ retraining | replace('_', '-') "
            "}}). Axes are Euclidean distances between weights; all other networks are projected on the plane, with "
            "their distance from it behind their names, and those that it runs through are drawn larger. "
            "Above each panel: how far these three lie apart. The last cycle is also seen from the side. "
            "After Figs. 6 and 16 of An empirical study of a pruning mechanism."
        ),
    ),
    Figure(
        name="barriers",
        title="13 barriers",
        draw="prunescape.figures.mechanism.barriers:draw",
        tables=("lines", "barriers"),
        settings=("mechanism.tolerance",),
        when=("cycles",),
        caption=(
            "{{ model }} on {{ config.data.name }}: training accuracy and loss on the straight line from the "
            "pretrained network W* to the retrained one of each cycle, and between pretrained networks of unlike "
            "seeds. Bottom: the barriers, how far a curve rises above the chord between its ends, with 95 % intervals "
            "over images, on an axis that is linear up to twice the tolerance (the red line) and logarithmic above; "
            "the green band spans the pairs of seeds. Bottom right: the barrier of every line over the distance of its "
            "ends, controls included, filled with batch norm's statistics measured anew, hollow with combined ones. "
            "A barrier of zero alone is no common basin: how "
            "good the retrained network is stands at the right end of the upper panels. Beyond An empirical study of "
            "a pruning mechanism, and after Frankle et al. (2020)."
        ),
    ),
)

CHARTS = (
    Chart(
        table="utility_epochs_summary",
        title="Utility over training",
        x="epoch",
        y=names("mean imbalance relative maximum top1"),
        lines="level",
        choose=names("model ablation"),
    ),
    Chart(
        table="lines",
        title="On the line between two networks",
        x="alpha",
        y=names("top1 loss"),
        lines="cycle",
        choose=names("model what pruning retraining recomputed"),
        words={"what": "line", "recomputed": "batch norm recomputed"},
    ),
    Chart(
        table="cycles",
        title="After each cycle of pruning",
        x="cycle",
        y=names("top1 pruned_top1 small_top1 train_loss"),
        lines="retraining",
        choose=names("model pruning"),
    ),
)

STUDY = Study(
    name="mechanism",
    picture="surfaces",
    title="Mechanism",
    question="Who does the work in a network, and in which basin does retraining end?",
    plan="prunescape.plan.mechanism:Mechanism",
    tables=TABLES,
    columns=COLUMNS,
    key=names(
        "id model seed size epoch pruning_ratio network pruning retraining cycle what seed_to measure from to "
        "point of score set ablation ratio band level layer channel subset alpha recomputed x y"
    ),
    analyses=ANALYSES,
    claims=Statement(
        tables=(
            "utility_epochs_summary",
            "utility_bands",
            "utility_sizes_summary",
            "utility_pruned_summary",
            "retrained",
            "rank_correlations",
            "utility_explained",
            "utility_ranks",
            "sharpness",
            "prediction_correlations",
            "cycles",
            "barriers",
            "flatness",
        ),
        files=("data",),
        settings=("mechanism.tolerance", "mechanism.level"),
        published=("anonymous2021_table_1", "anonymous2021_table_2"),
    ),
    figures=FIGURES,
    charts=CHARTS,
    answer=(
        "Who does the work in a network, and in which basin retraining ends, question by question, with intervals "
        "over the pretrained networks of seeds {{ (config.mechanism.seeds or config.seeds) | join(', ') }}, each at "
        "its part of the study's level."
    ),
)
