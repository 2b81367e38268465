"""The entry of the study `stochastic`."""

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
    "seed": Column(WHOLE, "seed of the pretrained network: the config's of those that explore, else a fresh one"),
    "seeds": Column(WHOLE, "pretrained networks that the numbers are means of", "networks"),
    "method": Column(
        TEXT,
        "what weights are chosen by: a score, with `_` and the scope where that is not the usual one of the score;"
        " `none` of dense ones",
    ),
    "kind": Column(
        TEXT,
        "`dense`, `dense_stochastic` (noise alone), `deterministic` (pruned), `stochastic` (pruned with noise),"
        " `mask_s_to_d` or `mask_d_to_s`",
    ),
    "gamma": Column(NUMBER, "pruning rate: part of the prunable weights that is removed", "fraction"),
    "sigma": Column(NUMBER, "standard deviation of the Gaussian noise on the weights before pruning"),
    "draw": Column(WHOLE, "number of the draw of noise, from 0"),
    "draws": Column(WHOLE, "draws of noise that were compared", "draws"),
    "recalibrated": Column(TRUTH, "whether the statistics of batch norm were recomputed for the network"),
    "top1": Column(NUMBER, "top-1 accuracy on the test images", "percent"),
    "loss": Column(NUMBER, "mean cross-entropy on the same images", "nats"),
    "median": Column(NUMBER, "median top-1 accuracy over draws; over seeds, the mean of these medians", "percent"),
    "reference": Column(NUMBER, "top-1 accuracy of the counterpart without noise", "percent"),
    "delta": Column(NUMBER, "accuracy with noise minus that without", _POINTS),
    "crossover": Column(
        NUMBER, "least pruning rate from which on noise loses no more than the tolerance; empty if none", "fraction"
    ),
    "p": Column(NUMBER, "p-value of a one-sided Wilcoxon signed-rank test over draws", "probability"),
    "p_holm": Column(NUMBER, "the same after Holm's correction; in Table I the largest over seeds", "probability"),
    "magnitude": Column(NUMBER, "absolute value of a weight"),
    "share": Column(NUMBER, "part of the prunable weights that are no larger", "fraction"),
    "layer": Column(TEXT, "name of the layer"),
    "v": Column(
        NUMBER, "sum of the neurons' variances across a batch, divided by that of the dense network with the same noise"
    ),
    "v_channel": Column(NUMBER, "the same with a whole channel as a neuron, whose variance is over images and pixels"),
    "v_clean": Column(NUMBER, "as `v`, divided by that of the dense network without noise"),
    "v_channel_clean": Column(NUMBER, "as `v_channel`, divided by that of the dense network without noise"),
    "stage": Column(TEXT, "`one_shot` or `fine_tuned`"),
    "line": Column(
        TEXT,
        "ends of the line: `deterministic_stochastic`, `dense_stochastic` or `dense_deterministic`, in this order",
    ),
    "error_barrier": Column(NUMBER, "error on the line above that of its ends, joined by a straight line", _POINTS),
    "loss_barrier": Column(NUMBER, "the same of the cross-entropy", "nats"),
    "top1_start": Column(NUMBER, "top-1 accuracy of the first end", "percent"),
    "top1_end": Column(NUMBER, "top-1 accuracy of the second end", "percent"),
    "distance": Column(
        NUMBER,
        "middle of the bin: magnitude minus the pruning threshold, in standard deviations of the noise; the outermost"
        " bins hold all beyond",
    ),
    "weights": Column(WHOLE, "weights in the bin", "weights"),
    "swapped": Column(NUMBER, "those that noise removes from the mask or adds to it, a mean over draws", "weights"),
    "expected": Column(NUMBER, "those that the noise would take over the threshold if that did not move", "weights"),
    "alpha": Column(NUMBER, "place on the line: 0 at the first end, 1 at the second", "fraction"),
    "objectives": Column(TEXT, "pair of objectives that is searched for: `F1` or `F2`"),
    "algorithm": Column(TEXT, "`nsga2` or `random`"),
    "search_seed": Column(WHOLE, "number of the search around a network, from 0: each has a seed of its own"),
    "evaluation": Column(WHOLE, "number of the candidate, from 0"),
    "evaluations": Column(WHOLE, "candidates evaluated so far", "candidates"),
    "generation": Column(WHOLE, "generation of the search, from 1"),
    "hypervolume": Column(NUMBER, "part of the objectives' range that is dominated so far", "fraction"),
    "objective_1": Column(NUMBER, "first objective: accuracy with noise, on held-out images", "percent"),
    "objective_2": Column(NUMBER, "second objective: the pruning rate in F1, the gain times the pruning rate in F2"),
    "sp": Column(NUMBER, "accuracy of stochastic pruning: median over draws, mean over seeds", "percent"),
    "dp": Column(NUMBER, "accuracy of deterministic pruning, mean over seeds", "percent"),
    "sp_recalibrated": Column(NUMBER, "`sp` with batch norm recalibrated", "percent"),
    "dp_recalibrated": Column(NUMBER, "`dp` with batch norm recalibrated", "percent"),
    "delta_recalibrated": Column(NUMBER, "`delta` with batch norm recalibrated", _POINTS),
    "search": Column(TEXT, "where the setting comes from: `grid`, `F2` (the search) or `cell` (the config)"),
    "gradient_flow": Column(NUMBER, "squared norm of the loss's gradient by the weights kept, after fine-tuning"),
    "one_shot_gradient_flow": Column(NUMBER, "the same right after pruning"),
    "gradient_norm": Column(
        NUMBER,
        "norm of the loss's gradient on held-out images by all weights but those of the first and the last layer, "
        "pruned ones too, after fine-tuning: gradient flow as the code of the paper's authors has it",
    ),
    "one_shot_gradient_norm": Column(NUMBER, "the same right after pruning"),
    "one_shot_sp": Column(NUMBER, "accuracy of stochastic pruning before fine-tuning", "percent"),
    "one_shot_dp": Column(NUMBER, "accuracy of deterministic pruning before fine-tuning", "percent"),
    "one_shot_delta": Column(NUMBER, "`one_shot_sp` minus `one_shot_dp`", _POINTS),
    "one_shot_sp_gradient_flow": Column(NUMBER, "gradient flow of stochastic pruning before fine-tuning"),
    "one_shot_dp_gradient_flow": Column(NUMBER, "gradient flow of deterministic pruning before fine-tuning"),
    "one_shot_sp_gradient_norm": Column(NUMBER, "`gradient_norm` of stochastic pruning before fine-tuning"),
    "one_shot_dp_gradient_norm": Column(NUMBER, "`gradient_norm` of deterministic pruning before fine-tuning"),
    "dp_channel": Column(NUMBER, "V of deterministic pruning by channels, the mean of `v_channel` over layers"),
    "sp_channel": Column(NUMBER, "the same of stochastic pruning"),
    "sp_clean": Column(NUMBER, "V of stochastic pruning over the dense network without noise, the mean of `v_clean`"),
    "sp_channel_clean": Column(NUMBER, "the same by channels, the mean of `v_channel_clean`"),
    "difference": Column(NUMBER, "`sp` minus `dp`"),
    "one_shot_top1": Column(NUMBER, "top-1 accuracy right after pruning", "percent"),
    "one_shot_top1_recalibrated": Column(NUMBER, "the same with batch norm recalibrated", "percent"),
    "control_top1": Column(
        NUMBER,
        "accuracy after as many epochs with learning rate 0 and live batch norm: what its statistics alone recover;"
        " empty of networks with noise",
        "percent",
    ),
    "live_top1": Column(
        NUMBER, "accuracy after fine-tuning with live batch norm; empty of networks with noise", "percent"
    ),
    "dp_live": Column(NUMBER, "accuracy of deterministic pruning after fine-tuning with live batch norm", "percent"),
    "best_top1": Column(NUMBER, "largest top-1 accuracy of all measured epochs", "percent"),
    "train_loss": Column(NUMBER, "mean cross-entropy of the last epoch's training images", "nats"),
    "diverged": Column(TRUTH, "whether the loss or a weight stopped being finite; training ended there"),
    "on_front": Column(TRUTH, "whether no candidate is better in one objective and as good in the other"),
    "best": Column(TRUTH, "whether it is the one of `F2` with the largest second objective"),
    "fitness_sp": Column(NUMBER, "`sp` on held-out images, which the search saw", "percent"),
    "fitness_dp": Column(NUMBER, "`dp` on held-out images, which the search saw", "percent"),
    "control": Column(
        TEXT,
        "`deterministic`; `rescaled`, with outputs brought back to their scale (after REPAIR); `updated`, with weights "
        "that make up for removed ones (as in SparseGPT); `stochastic`; `scores_alone`, with noise on the scores and "
        "not on the weights; `relative`, with noise in units of each layer's root mean square; `best_draw`, the "
        "stochastic network that is best on held-out images",
    ),
    "dense": Column(NUMBER, "accuracy of the dense network, mean over seeds", "percent"),
    "held_out_top1": Column(NUMBER, "top-1 accuracy on the held-out training images", "percent"),
    "held_out_loss": Column(NUMBER, "mean cross-entropy on the held-out training images", "nats"),
    "achieved_ratio": Column(NUMBER, "part of the FLOPs that was kept", "fraction"),
}
_BOUNDED = "top1 median reference delta delta_recalibrated one_shot_delta difference"
_PRINTED = (
    "gamma sigma sp dp delta one_shot_sp one_shot_dp one_shot_delta one_shot_sp_gradient_norm "
    "one_shot_dp_gradient_norm dp_channel sp_channel"
)
COLUMNS = {**_COLUMNS, **with_bounds(_COLUMNS, _BOUNDED), **as_published(_COLUMNS, _PRINTED)}
# What means something else in one table.
_OF_VARIANCE = Column(NUMBER, "feature variance V, the mean of `v` over layers: of stochastic pruning")
_VARIANCES = {
    "sp": _OF_VARIANCE,
    "dp": Column(NUMBER, "the same of deterministic pruning"),
}
_OF_DRAWS = {"median": Column(NUMBER, "median top-1 accuracy over draws of this pretrained network", "percent")}
_HELD_OUT = {"top1": Column(NUMBER, "top-1 accuracy on the held-out training images", "percent")}
_TUNED = {"top1": Column(NUMBER, "top-1 accuracy on the test images after fine-tuning", "percent")}
_ON_FRONT = {
    "sp": Column(NUMBER, "median accuracy of stochastic pruning over draws, on the test images", "percent"),
    "dp": Column(NUMBER, "accuracy of deterministic pruning on the test images", "percent"),
}
_SEARCHED = {
    "sp": Column(NUMBER, "median accuracy of stochastic pruning over draws, on held-out images", "percent"),
    "dp": Column(NUMBER, "accuracy of deterministic pruning on held-out images", "percent"),
}
_STRUCTURED = {
    "method": Column(TEXT, "how the filters to remove are spread over layers: `uniform` or `non_uniform`"),
    "gamma": Column(NUMBER, "part of the FLOPs that was to be removed", "fraction"),
}

TABLES = (
    Table(
        name="table_1",
        decides="delta",
        row="a model and search: the gain of noise in one shot, beside Table I of the SP paper",
        columns=names(
            "model search gamma sigma seeds sp dp delta delta_low delta_high p_holm sp_recalibrated "
            "dp_recalibrated delta_recalibrated delta_recalibrated_low delta_recalibrated_high published_gamma "
            "published_sigma published_sp published_dp published_delta"
        ),
        title="2 Table I",
        caption=(
            "One-shot accuracy, on the test images, of stochastic (sp) and deterministic (dp) magnitude pruning at "
            "each model's chosen setting: that of the grid search, or the config's, on fresh networks, and that of the "
            "NSGA-II search for the largest gain (F2). Both searches chose on held-out images. Medians over draws of "
            "noise, means over seeds; ``delta`` is sp - dp in points, with its 95 % interval over seeds. In F2 "
            "each seed has a candidate of its own: gamma and sigma are medians over the ``seeds`` for which the "
            "search found one; columns that begin with ``published`` are Table I of the SP paper where it has the "
            "same network and data. Its caption has medians of 5 networks, its text of 10."
        ),
    ),
    Table(
        name="table_2",
        decides="delta",
        row="a method, pruning rate and noise level, before and after fine-tuning, beside Table II of the SP paper",
        columns=names(
            "model method gamma sigma seeds one_shot_sp one_shot_dp one_shot_delta one_shot_delta_low "
            "one_shot_delta_high one_shot_sp_gradient_flow one_shot_sp_gradient_norm one_shot_dp_gradient_flow "
            "one_shot_dp_gradient_norm sp dp delta delta_low "
            "delta_high dp_live published_one_shot_sp_gradient_norm published_one_shot_sp "
            "published_one_shot_dp_gradient_norm published_one_shot_dp published_one_shot_delta published_sp "
            "published_dp published_delta"
        ),
        title="3 Table II",
        caption=(
            "Accuracy and gradient flow before fine-tuning (``one_shot``) and accuracy after {{ "
            "config.stochastic.fine_tuning.epochs }} epochs of it (gradients clipped by {{ "
            "config.stochastic.fine_tuning.clip_by }}, batch norm {{ config.stochastic.fine_tuning.batch_norm }}), for "
            "stochastic (sp) and deterministic (dp) pruning; ``published`` columns are Table II of the SP paper where "
            "network, data, method, gamma and sigma "
            "are the same. Gradient flow is the squared norm of the gradient by the weights that are kept; gradient "
            "norm is what the code of the paper's authors computes, and so what is published."
        ),
    ),
    Table(
        name="table_3",
        decides="difference",
        row="a stage: feature variance V over the layers, beside Table III of the SP paper",
        columns=names(
            "model gamma sigma stage seeds dp sp difference difference_low difference_high sp_clean dp_channel "
            "sp_channel sp_channel_clean published_dp_channel published_sp_channel"
        ),
        title="4 Table III",
        own=_VARIANCES,
        caption=(
            "Feature variance V (SP paper, eq. 4) of networks pruned by magnitude, one-shot and fine-tuned: 1 is that "
            "of the dense network, and below it variance collapses. ``difference`` is sp - dp with its 95 % interval "
            "over seeds. ``sp`` is over the dense network with the same noise, ``sp_clean`` over the one without; "
            "neurons are channels at each pixel, and whole channels in columns with ``channel``. ``published`` "
            "columns, by channels, are Table III of the SP paper where settings are the same; its fine-tuned "
            "deterministic values are doubtful, as the authors' code reads them from stochastic networks."
        ),
    ),
    Table(
        name="sweep_intervals",
        decides="delta",
        row="a noisy cell of the sweep, over pretrained seeds",
        columns=names(
            "model kind method gamma sigma recalibrated seeds median median_low median_high reference "
            "reference_low reference_high delta delta_low delta_high"
        ),
        title="The sweep, on held-out images: gains over pruning rate and noise, with intervals",
    ),
    Table(
        name="crossovers",
        decides="crossover",
        row="a noise level and pretrained seed: where noise begins to win",
        columns=names("model seed method sigma recalibrated crossover"),
        title="The sweep: from which pruning rate on noise wins",
    ),
    Table(
        name="grid_intervals",
        decides="delta",
        row="a noisy cell of the grid search, over pretrained seeds",
        columns=names(
            "model kind method gamma sigma recalibrated seeds median median_low median_high reference "
            "reference_low reference_high delta delta_low delta_high"
        ),
        title="The grid, on held-out images: gains with intervals",
    ),
    Table(
        name="confirmed_intervals",
        decides="delta",
        row="a noisy cell, over the fresh networks, on the test images",
        columns=names(
            "model kind method gamma sigma recalibrated seeds median median_low median_high reference "
            "reference_low reference_high delta delta_low delta_high"
        ),
        title="Confirmed: gains on fresh networks and test images, with intervals",
    ),
    Table(
        name="grid_tests",
        decides="p_holm",
        row="a noisy cell of the grid and fresh network: a signed-rank test over draws, on the test images",
        columns=names("model seed kind method gamma sigma recalibrated draws median reference delta p p_holm"),
        title="Confirmed: tests of every cell of the grid and fresh network",
        own=_OF_DRAWS,
    ),
    Table(
        name="sweep",
        row="a network of the sweep, right after pruning",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss"),
        title="The sweep: every network",
        parts=("parts/sweep/{model}/seed-{seed}.csv",),
        own=_HELD_OUT,
    ),
    Table(
        name="grid",
        row="a network of the grid search, right after pruning",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss"),
        title="The grid: every network",
        parts=("parts/grid/{model}/seed-{seed}.csv",),
        own=_HELD_OUT,
    ),
    Table(
        name="confirmed",
        row="a network, right after pruning, made of a fresh one: at each cell of the grid, and at what was chosen",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss"),
        title="Confirmed: every network",
        parts=("parts/confirmed/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="best_draws",
        row="a network pruned by magnitude, made of a fresh one, at what was chosen: of `confirmed`",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss"),
        title="Confirmed: single networks at the chosen setting",
    ),
    Table(
        name="transfer",
        row="a network with the mask or the weights of another",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss"),
        title="Masks and weights exchanged",
        parts=("parts/transfer/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="swaps",
        row="a noise and distance from the pruning threshold: weights of a fresh network, and those that noise swaps",
        columns=names("model seed gamma sigma distance weights swapped expected"),
        title="Which weights noise swaps",
        parts=("parts/swaps/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="basins",
        row="a line between two networks of the chosen setting, before or after fine-tuning, batch norm recalibrated",
        columns=names("model seed gamma sigma stage line draw error_barrier loss_barrier top1_start top1_end"),
        title="Barriers between dense, deterministic and stochastic networks",
        parts=("parts/basins/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="lines",
        row="a point of such a line, batch norm recalibrated",
        columns=names("model seed gamma sigma stage line draw alpha top1 loss"),
        title="Accuracy on the lines between dense, deterministic and stochastic networks",
        parts=("parts/lines/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="weight_cdf",
        row="a magnitude: the part of the weights of a dense network that are no larger",
        columns=names("model seed magnitude share"),
        title="How many weights are smaller than a magnitude",
        parts=("parts/weight_cdf/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="feature_variance",
        row="a layer of a network right after pruning",
        columns=names("model seed method gamma sigma kind recalibrated layer v v_channel v_clean v_channel_clean"),
        title="Feature variance by layer",
        parts=("parts/feature_variance/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="variances",
        row="a layer of a network before or after fine-tuning",
        columns=names(
            "model seed method gamma sigma kind recalibrated layer v v_channel v_clean v_channel_clean stage"
        ),
        title="Feature variance V, before and after fine-tuning",
        parts=("parts/variances/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="fine_tuning",
        row="a fine-tuned network",
        columns=names(
            "model seed method gamma sigma kind draw top1 best_top1 train_loss diverged one_shot_top1 "
            "one_shot_top1_recalibrated one_shot_gradient_flow gradient_flow one_shot_gradient_norm gradient_norm "
            "control_top1 live_top1"
        ),
        title="Fine-tuned networks",
        parts=("parts/fine_tuning/{model}/seed-{seed}.csv",),
        own=_TUNED,
    ),
    Table(
        name="fronts",
        decides="delta",
        row="a candidate on the Pareto front of a search",
        columns=names(
            "model seed objectives algorithm evaluation sigma gamma objective_1 objective_2 fitness_sp fitness_dp "
            "sp dp delta sp_recalibrated dp_recalibrated delta_recalibrated best"
        ),
        title="Pareto fronts of the searches",
        parts=("parts/fronts/{model}/seed-{seed}.csv",),
        own=_ON_FRONT,
    ),
    Table(
        name="search_progress",
        row="a generation of a search",
        columns=names("model seed objectives algorithm search_seed generation evaluations hypervolume"),
        title="Hypervolume of the searches",
        parts=("parts/search_progress/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="search",
        row="a candidate that a search evaluated",
        columns=names(
            "model seed objectives algorithm search_seed evaluation generation sigma gamma sp dp objective_1 "
            "objective_2 on_front"
        ),
        title="Every candidate of the searches",
        parts=("parts/search/{model}/seed-{seed}.csv",),
        own=_SEARCHED,
    ),
    Table(
        name="structured",
        row="a network that lost whole filters",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss achieved_ratio"),
        title="Whole filters removed",
        parts=("parts/structured/{model}/seed-{seed}.csv",),
        when=("structured",),
        own=_STRUCTURED | _HELD_OUT,
    ),
    Table(
        name="confirmed_structured",
        row="a fresh network that lost whole filters in the way of the largest gain",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss achieved_ratio"),
        title="Confirmed: whole filters removed",
        parts=("parts/confirmed_structured/{model}/seed-{seed}.csv",),
        when=("structured",),
        own=_STRUCTURED,
    ),
    Table(
        name="baselines",
        row="a control beside noise, over the fresh networks, on the test images",
        columns=names(
            "model gamma sigma recalibrated control seeds top1 top1_low top1_high delta delta_low delta_high"
        ),
        title="Confirmed: noise beside what else could be done",
        own={
            "sigma": Column(NUMBER, "noise of the setting, which the controls without noise do not have"),
            "delta": Column(NUMBER, "accuracy over that of the deterministic network", _POINTS),
        },
    ),
    Table(
        name="deployment",
        row="a way of pruning at the largest rate within a point of the dense network on held-out images",
        columns=names(
            "model kind method gamma sigma recalibrated seeds dense top1 top1_low top1_high difference difference_low "
            "difference_high"
        ),
        title="Confirmed: the largest sparsity within a point of the dense network",
        own={"difference": Column(NUMBER, "accuracy minus that of the dense network", _POINTS)},
    ),
    Table(
        name="deployed",
        row="a network that would be deployed, made of a fresh one, or the fresh one itself",
        columns=names("model seed method gamma sigma kind draw recalibrated top1 loss"),
        title="Confirmed: every network that would be deployed",
        parts=("parts/deployed/{model}/seed-{seed}.csv",),
    ),
    Table(
        name="controls",
        row="a control around a fresh network: noise beside what else could be done",
        columns=names("model seed control gamma sigma draw recalibrated held_out_top1 held_out_loss top1 loss"),
        title="Confirmed: every control",
        parts=("parts/controls/{model}/seed-{seed}.csv",),
        own={"sigma": Column(NUMBER, "noise of the setting, which the controls without noise do not have")},
    ),
    Table(
        name="pretrained_history",
        row="an epoch of the training of a dense network without the held-out images",
        columns=EPOCH,
        path="pretrained/{model}/seed-{seed}/history.csv",
        own=OF_EPOCH,
    ),
    CLAIMS,
)

ANALYSES = (
    Analysis(
        function="prunescape.stochastic.statistics:summarise",
        gives=("sweep_intervals", "crossovers", "grid_intervals", "confirmed_intervals", "grid_tests"),
        tables=("sweep", "grid", "confirmed"),
        settings=("stochastic.tolerance",),
    ),
    Analysis(
        function="prunescape.stochastic.control_claims:baselines",
        gives=("baselines",),
        tables=("controls",),
    ),
    Analysis(
        function="prunescape.stochastic.deployment:of_files",
        gives=("deployment",),
        tables=("deployed",),
        files=("cells",),
        settings=("models",),
    ),
    Analysis(
        function="prunescape.stochastic.tables:gains",
        gives=("table_1", "best_draws"),
        tables={"confirmed": "confirmed", "tests": "grid_tests", "fronts": "fronts"},
        files=("meta", "cells"),
        settings={"models": "models", "data": "data.name", "held_out": "stochastic.held_out"},
        published=("avendano2025_table_1",),
    ),
    Analysis(
        function="prunescape.stochastic.tables:table_2",
        gives=("table_2",),
        tables=("fine_tuning",),
        settings={"data": "data.name"},
        published=("avendano2025_table_2",),
    ),
    Analysis(
        function="prunescape.stochastic.tables:table_3",
        gives=("table_3",),
        tables=("variances",),
        settings={"data": "data.name"},
        published=("avendano2025_table_3",),
    ),
)

FIGURES = (
    Figure(
        name="seeds",
        title="5 every seed",
        draw="prunescape.figures.stochastic.seeds:draw",
        tables={"one_shot": "sweep", "intervals": "sweep_intervals"},
        settings={"sigma": "stochastic.sweep.shown_sigma", "gammas": "stochastic.sweep.shown_gammas"},
        caption=(
            "{{ model }} of every seed that explores, on held-out images of {{ config.data.name }}: dense, and right "
            "after pruning by magnitude at a mild pruning rate and at a hard one. Black lines have no noise, each "
            "point is one draw of the noise. Above, batch norm keeps the dense network's statistics; below, it is "
            "recalibrated. Every panel has an axis of its own. After Fig. 1a of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="one_shot",
        title="6 one-shot, {method}",
        draw="prunescape.figures.stochastic.one_shot:draw",
        tables={"intervals": "sweep_intervals", "one_shot": "sweep"},
        path="{model}/one_shot_{method}",
        caption=(
            "Accuracy of {{ model }} right after pruning ({{ method }}), without any training, on held-out images of "
            "{{ config.data.name }}. Left: over the pruning rate, black without noise. Middle: the points gained over "
            "pruning without noise. Right: over the noise, dotted what pruning without noise reaches. Lines are means "
            "over pretrained seeds of the medians over draws, thin ones are the seeds. Arrow and star mark the largest "
            "gain whose 95 % interval is above 0, at half the accuracy of the mildest pruning or more; else nothing is "
            "marked. Above, batch norm keeps the dense network's statistics; below, it is recalibrated. Nothing is "
            "stated by it: the largest of many gains is partly luck, and what was chosen is measured again "
            "on fresh networks and test images. After Fig. 1b and 1c of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="grid",
        title="7 grid, confirmed",
        draw="prunescape.figures.stochastic.grid:draw",
        tables={"intervals": "confirmed_intervals", "tests": "grid_tests"},
        caption=(
            "What noise gains for {{ model }} right after pruning by magnitude, at each pruning rate and noise level "
            "of the grid and at what was chosen, on fresh networks and the test images of {{ config.data.name }}: "
            "medians over {{ config.stochastic.confirm.draws }} draws, means over networks with 95 % intervals (none "
            "where there is one). A star: the tests of all networks are significant after correction. Beside Table I "
            "of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="best_draws",
        title="8 single networks",
        draw="prunescape.figures.stochastic.best_draws:draw",
        tables=("best_draws",),
        path="best_draws",
        label="all",
        caption=(
            "Single draws at each model's chosen pruning rate and noise level, one row a fresh network, against the "
            "network pruned by magnitude without noise (black), on the test images of {{ config.data.name }}. Numbers "
            "at the right: how many draws are better, and the median gain in points. Networks, images and draws had "
            "no part in choosing. After Fig. 4 of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="transfer",
        title="9 mask transfer",
        draw="prunescape.figures.stochastic.transfer:draw",
        tables=("transfer",),
        caption=(
            "{{ model }} right after pruning by magnitude: with the mask and the weights of the noisy network (SP), "
            "with its mask on the original weights (MT S→D), and with the original mask on its weights (MT D→S). The "
            "black line has neither. Fresh networks and draws, on the test images, one group of "
            "boxes a network. Boxes are quartiles of the draws, whiskers their extremes. "
            "Above, batch norm keeps the dense network's statistics; below, it is recalibrated. Every panel has an "
            "axis of its own. After Figs. 2 and 3 of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="weight_cdf",
        title="10 weights against noise",
        draw="prunescape.figures.stochastic.weight_cdf:draw",
        tables=("weight_cdf",),
        path="weight_cdf",
        label="all",
        settings=("stochastic.sweep.sigmas",),
        caption=(
            "The share of prunable weights of each fresh dense network that are no larger than a magnitude, one line a "
            "network, and the noise levels of the study with that share. After Fig. 6 of Avendano Munoz et "
            "al. (2025)."
        ),
    ),
    Figure(
        name="feature_variance",
        title="11 feature variance",
        draw="prunescape.figures.stochastic.feature_variance:draw",
        tables=("feature_variance",),
        caption=(
            "Feature variance of {{ model }} right after pruning by magnitude, on training images: in each layer the "
            "sum of the neurons' variances across a batch, before batch norm, divided by that of the dense network "
            "with the same weights (v); V is the mean of v over the layers. Lines are means over pretrained seeds, "
            "bands span the seeds. Above, batch norm keeps the dense network's statistics; below, it is recalibrated "
            "in all networks. After Fig. 5 of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="fronts",
        title="12 Pareto fronts",
        draw="prunescape.figures.stochastic.fronts:draw",
        tables=("fronts",),
        caption=(
            "Candidates on the Pareto fronts that NSGA-II and random search found for {{ model }} with the same "
            "number of evaluations. F1: median accuracy of stochastic pruning and pruning rate; F2: that accuracy, "
            "and the gain over deterministic pruning times the pruning rate. Axes: held-out training images; colours: "
            "the gain on the test images of {{ config.data.name }}, which no search has seen, with draws of their own; "
            "hollow: a loss there. After Fig. 7 of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="search_progress",
        title="13 search progress",
        draw="prunescape.figures.stochastic.search_progress:draw",
        tables=("search_progress",),
        caption=(
            "The part of the objectives' range that is dominated by the candidates found so far, over the number of "
            "candidates evaluated, for {{ model }}. Accuracy counts from 0 to 100 %, the pruning rate from 0 to 1, "
            "and the gain times the pruning rate from 0 to 100 points. Beside section IV-C of Avendano Munoz et al. "
            "(2025)."
        ),
    ),
    Figure(
        name="fine_tuning",
        title="14 fine-tuning",
        draw="prunescape.figures.stochastic.fine_tuning:draw",
        tables=("fine_tuning",),
        caption=(
            "{{ model }} after fine-tuning with the masks held, on the test images of {{ config.data.name }}, one "
            "point a network: over the gradient flow and over the accuracy right after pruning, and as the gain over "
            "the network of the same seed pruned without noise. Gradient flow is the squared norm of the loss's "
            "gradient by the weights that are kept. Fresh networks and draws, which had no part in choosing. After "
            "Fig. 8 of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="swaps",
        title="15 swapped weights",
        draw="prunescape.figures.stochastic.swaps:draw",
        tables=("swaps",),
        caption=(
            "Which weights of {{ model }} noise swaps when it is pruned by magnitude at the chosen pruning rate, by "
            "the distance of their magnitude from the pruning threshold, in standard deviations of the noise. Above: "
            "the part of the weights at each distance that is kept without noise and removed with it, or vice versa; "
            "dotted, what would swap if the threshold stayed where it is. Below: how many weights lie there. Bold "
            "lines are means over fresh networks, thin ones are the networks; the outermost points hold all beyond. "
            "Beside section V of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="basins",
        title="16 basins",
        draw="prunescape.figures.stochastic.basins:draw",
        tables=("lines", "basins"),
        caption=(
            "{{ model }} on the straight lines between the dense network, the deterministically pruned one (DP) and "
            "stochastically pruned ones (SP) of the chosen setting, right after pruning and after fine-tuning, with "
            "batch norm recalibrated at every point; test images of {{ config.data.name }}, fresh networks. Bold lines "
            "are means, thin ones are the lines. Right: how far error rises above its straight line between the ends, "
            "and the 2 points up to which networks count as being in one basin. Beside section V of Avendano Munoz et "
            "al. (2025)."
        ),
    ),
    Figure(
        name="structured",
        title="17 whole filters",
        draw="prunescape.figures.stochastic.structured:draw",
        tables=("structured",),
        when=("structured",),
        caption=(
            "Accuracy of {{ model }} right after structured pruning, over the part of the FLOPs removed, and the "
            "points gained by noise before pruning, for each way of pruning; on held-out images of {{ "
            "config.data.name }}. Lines are means over pretrained seeds of the medians over draws, thin ones are the "
            "seeds. Above, batch norm keeps the dense network's "
            "statistics; below, it is recalibrated. The largest of these gains is partly luck. Beyond Avendano Munoz "
            "et al. (2025)."
        ),
    ),
)

_SCORED = {"method": "score"}
CHARTS = (
    Chart(
        table="sweep",
        title="Right after pruning, on held-out images",
        x="gamma",
        y=names("top1 loss"),
        lines="sigma",
        choose=names("model method scope recalibrated"),
        where={"kind": ("deterministic", "stochastic")},
        words=_SCORED
        | {"gamma": "pruning rate gamma", "sigma": "noise sigma", "recalibrated": "batch norm recalibrated"},
    ),
    Chart(
        table="fine_tuning",
        title="After fine-tuning, on test images",
        x="sigma",
        y=names("top1 one_shot_top1 one_shot_top1_recalibrated gradient_flow one_shot_gradient_flow"),
        lines="method",
        choose=names("model gamma"),
        words=_SCORED | {"sigma": "noise sigma"},
    ),
    Chart(
        table="swaps",
        title="Weights that noise swaps, by their distance from the threshold",
        x="distance",
        y=names("swapped expected weights"),
        lines="sigma",
        choose=names("model gamma"),
        words={"sigma": "noise sigma", "distance": "distance from the threshold, in sigmas"},
    ),
    Chart(
        table="lines",
        title="Between dense, deterministic and stochastic networks",
        x="alpha",
        y=names("top1 loss"),
        lines="line",
        choose=names("model stage"),
        words={"alpha": "place on the line"},
    ),
    Chart(
        table="search_progress",
        title="Searches for the largest gain",
        x="evaluations",
        y=names("hypervolume"),
        lines="algorithm",
        choose=names("model objectives"),
    ),
)

STUDY = Study(
    name="stochastic",
    picture="best_draws",
    title="Noise before pruning",
    question="Does Gaussian noise before pruning give better sparse networks?",
    plan="prunescape.plan.stochastic:Stochastic",
    tables=TABLES,
    columns=COLUMNS,
    key=names(
        "id model search seed method control gamma sigma kind draw recalibrated layer stage objectives algorithm "
        "search_seed "
        "evaluation generation magnitude distance line alpha epoch"
    ),
    analyses=ANALYSES,
    claims=Statement(
        tables=(
            "sweep",
            "confirmed",
            "transfer",
            "swaps",
            "basins",
            "weight_cdf",
            "variances",
            "fine_tuning",
            "fronts",
            "search_progress",
            "confirmed_structured",
            "controls",
            "deployed",
        ),
        files=("data", "cells"),
        settings=(
            "stochastic.held_out",
            "stochastic.tolerance",
            "stochastic.level",
            "stochastic.confirm.generation",
        ),
        published=("avendano2025_table_1", "avendano2025_table_2"),
    ),
    figures=FIGURES,
    charts=CHARTS,
    answer=(
        "Whether Gaussian noise on the weights before pruning gives better sparse networks, question by question, "
        "on {{ config.stochastic.confirm.seeds }} fresh networks that had no part in choosing."
    ),
)
