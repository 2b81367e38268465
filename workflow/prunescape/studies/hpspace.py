"""The entry of the study `hpspace`."""

from collections.abc import Mapping
from dataclasses import replace

from prunescape.hpspace.lattice import CELL_SEED, MOST, ROUND, THESIS, Pair, epochs_trained
from prunescape.hpspace.questions import SHOWN
from prunescape.studies.columns import COLUMNS, EPOCH, OF_EPOCH, WHOLE, Column, names, of_axes
from prunescape.studies.estimates import (
    AGAIN,
    BOUNDS,
    CONFIRMED,
    ESTIMATED,
    OF_IMAGES,
    PUBLISHED_REGION,
    PUBLISHED_RISK,
    REGION,
    REGION_CELLS,
    REGRET,
    RISK,
    SETUP,
    SPENT,
    STATISTICS,
    STOPPED,
    TRANSFER,
    TRIAL,
    beside,
    bounded,
    estimated,
    tuned,
)
from prunescape.studies.study import CLAIMS, Analysis, Figure, Statement, Study, Table
from prunescape.variant import COLUMNS as VARIANT

_NETWORK = ("model", "variant", *VARIANT)
_CELL = (*_NETWORK, "seed", "i", "j")
_TRAINED = ("top1", "top5", "best_top1", "best_top5", "train_loss", "diverged")
_CELLS = (*_CELL, CELL_SEED, *THESIS.names, "grid_learning_rate", *_TRAINED, "epochs")
_TIMING = (*_CELL, "seconds", "images_per_second", "device", "strategy", "lanes", "precision")
_SHAPE = (*THESIS.centre, "length", "width", "angle_degrees")
_OF_DENSE = {
    "n_cells": Column(WHOLE, "cells in the dense network's region of interest, whose reuse is tested", "cells")
}
_SETTING = ("i", "j", *THESIS.names, "grid_learning_rate")
_DECIDED = (
    *("answer", "reason", *SHOWN, "collapsed", "seeds_to_decide", "trainings"),
    *(*(f"tuned_{name}" for name in _SETTING), *_SETTING, "chance", "accuracy_low", "needed", "ends"),
)
_AGAIN = (*_NETWORK, "stage", "setting", "seed", "i", "j", *THESIS.names, "grid_learning_rate", *_TRAINED, "epochs")
_AGAIN_TIMING = (
    *_NETWORK,
    "stage",
    "setting",
    "seed",
    "i",
    "j",
    "seconds",
    "images_per_second",
    "device",
    "strategy",
    "lanes",
    "precision",
)
_TESTED = tuple(f"{name}{end}" for name in ("shift", "area_ratio", "turn_degrees") for end in ("", "_p"))

TABLES = (
    Table(
        name="decisions",
        decides="answer",
        row="a pruned variant and question: what its tuned setting gains over another one, and the answer",
        columns=(*_NETWORK, "metric", "question", "margin", *_DECIDED),
        title="Decisions: what tuning again gains, on fresh seeds",
        path="hpspace/decisions.csv",
        own=CONFIRMED,
    ),
    Table(
        name="risk",
        decides="d_mean",
        row="a variant: what is lost by choosing among the cells of the dense network's region of interest",
        columns=(
            *(*_NETWORK, "metric", "n_cells", "d_mean", "d_std", "rel_mean", "rel_std"),
            *("rel_q3", "d_excess", "within_twice"),
        ),
        title="Performance risk",
        path="hpspace/risk.csv",
        own=_OF_DENSE,
        when=("grid",),
    ),
    Table(
        name="ellipses",
        row="a region of interest of a variant",
        columns=(*_NETWORK, "metric", "roi", "n_cells", "fitted", "confidence_level", *_SHAPE),
        title="Ellipses of the regions of interest",
        path="hpspace/ellipses.csv",
        when=("grid",),
    ),
    Table(
        name="intervals",
        row="a number of Table 4.1 or 4.2, or its change from the dense network's, with its interval",
        columns=(*_NETWORK, "metric", "roi", "quantity", "seeds", "confidence", *BOUNDS, "defined"),
        title="Every number with its interval",
        path="hpspace/intervals.csv",
        when=("grid",),
    ),
    Table(
        name="estimates",
        row="where a region of interest lies, or how far it has moved, from few trainings",
        columns=(*_NETWORK, "metric", "roi", "quantity", "trainings", "confidence", *BOUNDS[1:], "defined"),
        title="Regions of interest, estimated",
        path="hpspace/estimates.csv",
        own=ESTIMATED,
        when=("adaptive",),
    ),
    Table(
        name="exploration",
        row="a network: what exploring it took, and what stopping hopeless trainings early saved",
        columns=(
            *(*_NETWORK, "trainings", "stopped", "epochs", "epochs_saved"),
            *("flops", "flops_saved", "saved_part"),
        ),
        title="What exploration took",
        path="hpspace/exploration.csv",
        own=SPENT,
        when=("adaptive",),
    ),
    Table(
        name="shifts",
        decides="shift_p",
        row="a pruned variant: how its ellipse differs from the dense network's, and permutation tests",
        columns=(*_NETWORK, "metric", "roi", "seeds", *_TESTED, "least_p"),
        title="5 tests of shifts",
        path="hpspace/shifts.csv",
        caption=(
            "How far the ellipse's centre moved from the dense network's (decades{{ ', or steps of the grid' if "
            "config.grid.axes }}), by what its area is multiplied, and by how many degrees its long axis turned, each "
            "with the p-value of a permutation test that exchanges whole seeds between the two networks. ``least_p`` "
            "is the smallest p-value that {{ config.seeds | length }} seed(s) allow: no small p-value can come of few "
            "seeds, whatever has moved."
        ),
        when=("grid",),
    ),
    Table(
        name="transfer",
        decides="gain",
        row="a variant that is trained at another one's best cell",
        columns=(
            "model",
            "metric",
            "tuned_on",
            "variant",
            *VARIANT,
            "seeds",
            "confidence",
            *BOUNDS,
            "gain",
            *bounded("rank_correlation", "rank_correlation_best"),
        ),
        title="Settings tuned on one network, used on another",
        path="hpspace/transfer.csv",
        own=TRANSFER,
        when=("grid",),
    ),
    Table(
        name="band",
        row="the optimal band of a variant (eq. 2.2 of the thesis)",
        columns=(
            *_NETWORK,
            "metric",
            "roi",
            "seeds",
            "confidence",
            *bounded("slope", "log10_constant"),
            "smith_slope",
            "smith_log10_constant",
        ),
        title="6 table of Smith's relation",
        path="hpspace/band.csv",
        when=("thesis", "grid"),
        caption=(
            "Smith's relation, learning rate x weight decay / (batch size x (1 - momentum)) = constant (eq. 2.2 of "
            "the thesis), for the optimal band of every variant: the slope of the long axis of the ellipse of the {{ "
            "config.analysis.roi | max }}-ROI, which the relation puts at -1, and log10 of the constant, about -6 "
            "there, with {{ '%g' | format(100 * config.analysis.confidence) }} % intervals."
        ),
    ),
    Table(
        name="regret",
        row="trials of one strategy on a variant: how far the best of them is expected to be below the best cell",
        columns=(*_NETWORK, "metric", "strategy", "trials", "seeds", "confidence", *BOUNDS, "gain"),
        title="What trials of tuning again buy",
        path="hpspace/regret.csv",
        own=REGRET,
        when=("grid",),
    ),
    Table(
        name="trial_timing",
        row="a network on a device: what its trainings on the grid took; never the same twice, and so apart",
        columns=(*_NETWORK, "device", "trainings", "device_hours", "device_hours_each"),
        title="What trials cost",
        path="hpspace/trial_timing.csv",
        own=TRIAL,
    ),
    Table(
        name="pruning",
        row="a network",
        columns=(
            *_NETWORK,
            "flops",
            "params",
            "latency_ms",
            "target_ratio",
            "achieved_ratio",
            "achieved_ratio_ptflops",
        ),
        title="table: FLOPs and parameters",
        path="hpspace/pruning.csv",
        category="Data and pruning",
        caption=(
            "FLOPs (2 x multiply-accumulates of one image) and parameters of every network. {% if "
            "config.pruning.target == 'flops' %}The achieved ratio is counted on the built network; ptflops' own "
            "count, which includes batch norm, activations and pooling, stands beside it.{% else %}Ratios are of the "
            "dense network's {{ config.pruning.target }}; ptflops' are of the FLOPs.{% endif %} Networks that are "
            "pruned at initialisation differ from seed to seed, and stand here with their means."
        ),
    ),
    Table(
        name="table_3_1",
        row="a data set, beside the thesis' Table 3.1",
        columns=("data", *SETUP, *(f"published_{name}" for name in SETUP)),
        title="8 Table 3.1, images",
        path="hpspace/table_3_1.csv",
        when=("thesis",),
        caption="Table 3.1 of the thesis: images and classes, and what it prints of a data set of this name.",
    ),
    Table(
        name="table_3_2",
        row="a dense network, beside the thesis' Table 3.2",
        columns=("model", "input_shape", "params", "flops", "flops_with_norms", "published_params", "published_flops"),
        title="9 Table 3.2, networks",
        path="hpspace/table_3_2.csv",
        when=("thesis",),
        caption=(
            "Table 3.2 of the thesis: parameters and FLOPs of the dense networks, and what it prints of them for "
            "images of this size. FLOPs are 2 x multiply-accumulates, of which pruning ratios are parts everywhere; "
            "with 2 for each element of batch norm and 1 of a rectifier all its rows agree to the digits printed."
        ),
    ),
    Table(
        name="table_3_5",
        row="a multiple of the standard deviation ellipse, beside the thesis' Table 3.5",
        columns=("sigma", "confidence_level", "published_confidence_level"),
        title="10 Table 3.5, ellipses",
        path="hpspace/table_3_5.csv",
        when=("thesis",),
        caption="Table 3.5 of the thesis: the part of a Gaussian outside its ellipse of so many standard deviations.",
    ),
    Table(
        name="table_3_4",
        row="a network at its prior, beside the thesis' Table 3.4",
        columns=("model", "learning_rate", "weight_decay", "seeds", "top1", "top5", *beside("top1", "top5")),
        title="7 Table 3.4, dense network at the prior",
        path="hpspace/table_3_4.csv",
        when=("thesis",),
        caption=(
            "Table 3.4 of the thesis: the dense network at its prior, mean accuracy over seeds in percent. Where the "
            "setting is that of the thesis, ``published_`` and ``difference_`` columns show its numbers; else "
            "``setting`` says what differs."
        ),
    ),
    Table(
        name="table_4_1",
        row="a region of interest of a variant, beside the thesis' Table 4.1",
        columns=(
            *(*_NETWORK, "metric", "roi", "seeds", "confidence"),
            *(*estimated(*REGION), *beside(*PUBLISHED_REGION)),
        ),
        title="3 Table 4.1, ellipses",
        path="hpspace/table_4_1.csv",
        own=REGION_CELLS,
        when=("thesis", "grid"),
        caption=(
            "Table 4.1 of the thesis: ellipses at {{ config.analysis.sigma }} standard deviations, fitted in log10 to "
            "the cells within {{ config.analysis.roi | join(' and ') }} points of the best. Length and width are "
            "diameters in decades, area is in square decades, the angle is that of the long axis from the "
            "weight-decay axis; regions with fewer than {{ config.analysis.minimum_cells }} cells are not fitted. A "
            "plain column is measured; ``_estimate`` and the {{ '%g' | format(100 * config.analysis.confidence) }} % "
            "interval from ``_low`` to ``_high`` are of the landscape without the noise of training, which makes "
            "measured regions too small; where the top of a landscape is flat, intervals hold less often than they "
            "say. Where the setting is that of the thesis, ``published_`` and ``difference_`` "
            "columns show its numbers; else ``setting`` says what differs."
        ),
    ),
    Table(
        name="table_4_2",
        row="a variant's performance risk, beside the thesis' Table 4.2",
        columns=(
            *(*_NETWORK, "metric", "roi", "seeds", "confidence"),
            *(*estimated(*RISK), *beside(*PUBLISHED_RISK)),
        ),
        title="4 Table 4.2, risk",
        path="hpspace/table_4_2.csv",
        when=("thesis", "grid"),
        caption=(
            "Table 4.2 of the thesis: points of accuracy lost, on average (d_mean) and with the population standard "
            "deviation (d_std), by training a network at the cells of the dense network's {{ config.analysis.risk_roi "
            "}}-ROI instead of at its own best cell; the same as a part of the accuracy of that best cell (rel); and "
            "what the dense network's best cell costs. The thesis calls the risk acceptable where three quarters of "
            "these cells lose at most twice what the dense network loses at most there (within_twice, rel_q3); "
            "d_excess is what the mean exceeds the dense network's own by. A plain column is measured; ``_estimate`` "
            "and the {{ '%g' | format(100 * config.analysis.confidence) }} % interval from ``_low`` to ``_high`` are "
            "of the landscape without the noise of training, which makes measured risks too large; where the top of "
            "a landscape is flat, intervals hold less often than they say. Where the setting is that of the "
            "thesis, ``published_`` and ``difference_`` columns show its numbers; else ``setting`` says what differs."
        ),
    ),
    Table(
        name="cells",
        row="a training",
        columns=(*_CELLS, ROUND),
        title="All trainings",
        path="hpspace/cells.csv",
        reader="prunescape.hpspace.cells:read_trainings",
    ),
    Table(
        name="stopped",
        row="a training that was stopped early",
        columns=(*_CELLS, MOST, ROUND),
        title="Trainings that were stopped early",
        path="hpspace/stopped.csv",
        own=STOPPED,
        when=("adaptive",),
    ),
    Table(
        name="confirmation",
        row="a training with a seed that had no part in the choice of settings, or one of those that finalists have",
        columns=_AGAIN,
        title="Trainings with fresh seeds",
        path="hpspace/confirmation.csv",
        own=AGAIN,
        when=("confirms",),
    ),
    Table(
        name="confirmation_timing",
        row="such a training; never the same twice, and so apart",
        columns=_AGAIN_TIMING,
        path="hpspace/confirmation_timing.csv",
        own=AGAIN,
        when=("confirms",),
    ),
    Table(
        name="timing",
        row="a training; never the same twice, and so apart",
        columns=_TIMING,
        path="hpspace/timing.csv",
    ),
    Table(
        name="risk_cells",
        row="a cell of the dense network's region of interest, with each variant trained there",
        columns=(*_NETWORK, "metric", "i", "j", "d", "d_relative"),
        path="hpspace/risk_cells.csv",
        when=("grid",),
    ),
    Table(
        name="channels",
        row="a layer of a network whose channels may be pruned",
        columns=(*_NETWORK, "layer", "position", "channels", "dense_channels"),
        path="hpspace/channels.csv",
    ),
    replace(CLAIMS, row="a claim of a study that this run has by now", title="", path="claims.csv"),
    replace(
        CLAIMS,
        name="hpspace_claims",
        row="a claim: that a setting can be kept for a pruned variant, or what the thesis concludes",
        title="",
        path="hpspace/claims.csv",
    ),
    Table(
        name="tile",
        row="a training of a tile, whose first cell is i, j",
        columns=_CELLS,
        path="hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}.csv",
        when=("grid",),
    ),
    Table(
        name="batch",
        row="a training of a batch",
        columns=(*_CELLS, MOST),
        path="hpspace/batches/{model}/{variant}/seed-{seed}/{round}.csv",
        own=STOPPED,
        when=("adaptive",),
    ),
    Table(
        name="batch_history",
        row="an epoch of a training of a batch",
        columns=(*_CELL, *EPOCH),
        path="hpspace/batches/{model}/{variant}/seed-{seed}/{round}.history.csv",
        own=OF_EPOCH,
        when=("adaptive",),
    ),
    Table(
        name="batch_timing",
        row="a training of a batch",
        columns=_TIMING,
        path="hpspace/batches/{model}/{variant}/seed-{seed}/{round}.timing.csv",
        when=("adaptive",),
    ),
    Table(
        name="again",
        row="a training with a fresh seed, of one job",
        columns=_AGAIN,
        path="hpspace/confirmation/{model}/{variant}/{stage}/{block}.csv",
        own=AGAIN,
        when=("confirms",),
    ),
    Table(
        name="again_images",
        row="a setting and a validation image, of one job",
        columns=(*_NETWORK, "stage", "setting", "image", "right"),
        path="hpspace/confirmation/{model}/{variant}/{stage}/{block}.images.csv",
        own={**AGAIN, **OF_IMAGES},
        when=("confirms",),
    ),
    Table(
        name="again_timing",
        row="a training with a fresh seed, of one job",
        columns=_AGAIN_TIMING,
        path="hpspace/confirmation/{model}/{variant}/{stage}/{block}.timing.csv",
        own=AGAIN,
        when=("confirms",),
    ),
    Table(
        name="tile_history",
        row="an epoch of a training of a tile",
        columns=(*_CELL, *EPOCH),
        path="hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}.history.csv",
        own=OF_EPOCH,
        when=("grid",),
    ),
    Table(
        name="tile_timing",
        row="a training of a tile",
        columns=_TIMING,
        path="hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}.timing.csv",
        when=("grid",),
    ),
    Table(
        name="dense_history",
        row="an epoch of the training of the dense network whose filters pruning ranks",
        columns=EPOCH,
        path="models/{model}/dense/history.csv",
        own=OF_EPOCH,
        when=("ranked",),
    ),
    Table(
        name="rewound_history",
        row="an epoch of the training of the dense network as far as its weights are rewound to",
        columns=EPOCH,
        path="models/{model}/dense/epoch-{epoch}/history.csv",
        own=OF_EPOCH,
        when=("rewound",),
    ),
    Table(
        name="step_history",
        row="an epoch of the retraining after a step of iterative pruning",
        columns=EPOCH,
        path="models/{model}/{variant}/step-{step}/history.csv",
        own=OF_EPOCH,
        when=("steps",),
    ),
)

ANALYSES = (
    Analysis(
        function="prunescape.hpspace.cells:collected_batches",
        gives=("cells", "stopped", "timing", "trial_timing"),
        files=("tables", "timing"),
        when=("adaptive",),
    ),
    Analysis(
        function="prunescape.hpspace.early:saved",
        gives=("exploration",),
        tables=("cells", "stopped", "pruning"),
        files=("meta",),
        settings=("recipe.batch_size", "recipe.drop_last", "recipe.evaluate_every"),
        when=("adaptive",),
    ),
    Analysis(
        function="prunescape.hpspace.regions:tabulate",
        gives=("estimates",),
        tables=("cells", "stopped"),
        settings=("analysis.roi", "analysis.sigma", "analysis.minimum_cells", "analysis.confidence", "spaces"),
        when=("adaptive",),
    ),
    Analysis(
        function="prunescape.hpspace.cells:collected",
        gives=("cells", "timing", "trial_timing"),
        files=("plans", "tables", "timing"),
        when=("grid",),
    ),
    Analysis(
        function="prunescape.hpspace.ellipse:tabulate",
        gives=("ellipses",),
        tables=("cells",),
        settings=("analysis.roi", "analysis.sigma", "analysis.minimum_cells", "axes"),
        when=("grid",),
    ),
    Analysis(
        function="prunescape.hpspace.risk:tabulate",
        gives=("risk", "risk_cells"),
        tables=("cells",),
        settings=("analysis.risk_roi",),
        when=("grid",),
    ),
    Analysis(
        function="prunescape.hpspace.intervals:tabulate",
        gives=("intervals",),
        tables=("cells",),
        settings=(
            "analysis.roi",
            "analysis.draws",
            "analysis.confidence",
            "axes",
            "analysis.sigma",
            "analysis.minimum_cells",
            "analysis.risk_roi",
        ),
        when=("grid",),
    ),
    Analysis(
        function="prunescape.hpspace.permutation:tabulate",
        gives=("shifts",),
        tables=("cells",),
        settings=("analysis.roi", "analysis.sigma", "analysis.minimum_cells", "axes"),
        when=("grid",),
    ),
    Analysis(
        function="prunescape.hpspace.decision:tabulate",
        gives=("decisions",),
        tables=("cells",),
        files=("answers",),
        settings=("verdict.margin",),
    ),
    Analysis(
        function="prunescape.hpspace.decision:collected",
        gives=("confirmation", "confirmation_timing"),
        files=("again", "again_timing"),
        when=("confirms",),
    ),
    Analysis(
        function="prunescape.hpspace.tuning:tabulate",
        gives=("regret", "transfer", "band"),
        tables=("cells",),
        settings=(
            "analysis.roi",
            "analysis.draws",
            "analysis.confidence",
            "axes",
            "analysis.sigma",
            "analysis.minimum_cells",
            "recipe.batch_size",
            "recipe.momentum",
        ),
        when=("grid",),
    ),
    Analysis(
        function="prunescape.hpspace.published:make_table_3_1",
        gives=("table_3_1",),
        files=("meta",),
        settings={"data": "data.name"},
        published=("matthiesen2023_table_3_1",),
        when=("thesis",),
    ),
    Analysis(
        function="prunescape.hpspace.published:make_table_3_2",
        gives=("table_3_2",),
        files=("architectures",),
        settings={"data": "data.name"},
        published=("matthiesen2023_table_3_2",),
        when=("thesis",),
    ),
    Analysis(
        function="prunescape.hpspace.published:table_3_5",
        gives=("table_3_5",),
        published=("matthiesen2023_table_3_5",),
        when=("thesis",),
    ),
    Analysis(
        function="prunescape.hpspace.published:make_table_3_4",
        gives=("table_3_4",),
        tables=("cells",),
        settings=("compared", "theirs"),
        published=("matthiesen2023_table_3_4", "matthiesen2023_settings"),
        when=("thesis",),
    ),
    Analysis(
        function="prunescape.hpspace.published:make_table_4_1",
        gives=("table_4_1",),
        tables=("cells", "intervals"),
        settings=("compared", "theirs"),
        published=("matthiesen2023_table_4_1", "matthiesen2023_settings"),
        when=("thesis", "grid"),
    ),
    Analysis(
        function="prunescape.hpspace.published:make_table_4_2",
        gives=("table_4_2",),
        tables=("cells", "intervals"),
        settings=("compared", "theirs"),
        published=("matthiesen2023_table_4_2", "matthiesen2023_settings"),
        when=("thesis", "grid"),
    ),
)

FIGURES = (
    Figure(
        name="forest",
        title="1 what tuning again gains",
        draw="prunescape.figures.forest:draw",
        tables=("decisions",),
        path="forest",
        label="top1",
        settings=("axes",),
        category="Answer",
        caption=(
            "{% if config.verdict.confirm %}What each pruned network gains at its tuned setting over another one, in "
            "points of top-1 accuracy on fresh seeds that both settings share, with its interval. keep: a gain of {{ "
            "config.verdict.margin }} points or more is ruled out; tune: a smaller one is; open: neither. In each "
            "direction, an answer is wrong in at most {{ '%g' | format(100 * config.verdict.level) }} % of such "
            "verdicts, all networks and questions together.{% else %}Explored only, nothing is decided: no network "
            "was trained again with fresh seeds.{% endif %}"
        ),
    ),
    Figure(
        name="summary",
        title="1 summary",
        draw="prunescape.figures.summary:draw",
        tables=("ellipses", "risk"),
        path="{model}/summary_{metric}",
        settings=("analysis.risk_roi", "axes"),
        caption=(
            "Left: the ellipses of all variants in one plane, of the {{ config.analysis.risk_roi }}-ROI or of the "
            "wider region in which more of them could be fitted. Right: the mean performance risk of keeping the "
            "dense network's hyperparameters."
        ),
        when=("grid",),
    ),
    Figure(
        name="landscape",
        title="2 landscapes",
        draw="prunescape.figures.landscape:draw",
        tables=("cells", "ellipses"),
        path="{model}/landscape_{metric}",
        settings=(
            "analysis.roi",
            "figures.landscape",
            "figures.colour_map",
            "figures.colour_range_percent",
            "axes",
        ),
        caption=(
            "{% set axes = config.grid.axes or [{'name': 'learning_rate'}, {'name': 'weight_decay'}] %} Accuracy of "
            "{{ model }} over {{ axes | reverse | map(attribute='name') | join(' and ') | replace('_', ' ') }}, one "
            "column a variant{% if config.figures.landscape == 'below_best' %}, in points below each one's own best"
            "{% endif %}. Above, the estimated landscape: every trained cell, a dot, averaged with its neighbours by "
            "a Gaussian weight of one step, as for the choice of the tuned setting (failed cells count as just below "
            "the colours). Below, the trained cells as measured, with the ellipses of the {{ config.analysis.roi | "
            "join('- and ') }}-ROI. The colours cover the best {{ config.figures.colour_range_percent }} % of all "
            "cells of this model, and at least {% if config.figures.landscape == 'below_best' %}three times the "
            "width of{% endif %} the region of interest of every variant."
        ),
        when=("grid",),
    ),
    Figure(
        name="annotated_grid",
        title="4 grid, {variant}",
        draw="prunescape.figures.annotated_grid:draw",
        tables=("cells",),
        path="{model}/grid_{variant}_{metric}",
        settings=("analysis.roi", "initial_size", "axes"),
        caption=(
            "Every cell of {{ variant }} {{ model }} with its mean accuracy in percent. The outline is the initial "
            "grid around the prior."
        ),
    ),
    Figure(
        name="risk",
        title="2 performance risk",
        draw="prunescape.figures.risk:draw",
        tables=("risk_cells",),
        path="risk_{metric}",
        settings=("analysis.risk_roi",),
        category="Answer",
        caption=(
            "Performance risk of keeping hyperparameters: one point a cell of the dense network's {{ "
            "config.analysis.risk_roi }}-ROI, against the best cell of each variant. The dense network's own box is "
            "the yardstick."
        ),
        when=("grid",),
    ),
    Figure(
        name="regret",
        title="6 regret",
        draw="prunescape.figures.regret:draw",
        tables=("regret",),
        path="{model}/regret_{metric}",
        settings=("verdict.margin", "analysis.confidence"),
        caption=(
            "How many points {{ model }}'s pruned variants are expected to lie below their best cell after so many "
            "trials, at random or nearest to the dense network's best cell. A trial is one training, and the best that "
            "was seen is taken, with its noise (``trial_timing.csv`` says what a training costs). Lines are "
            "estimates, bands their {{ '%g' | format(100 * config.analysis.confidence) }} % intervals; with one seed "
            "lines are as measured, as if trainings had no noise."
        ),
        when=("grid",),
    ),
    Figure(
        name="tuning_transfer",
        title="7 transfer",
        draw="prunescape.figures.transfer:draw",
        tables=("transfer",),
        path="{model}/transfer_{metric}",
        settings=("analysis.confidence",),
        caption=(
            "Left, the points that a variant of {{ model }} (column) loses when it is trained at the cell that tuning "
            "another (row) gives: the best that was seen in one training at each cell; on the diagonal, what the noise "
            "of choosing its own costs. Right, "
            "Spearman's rank correlation of their landscapes over the better half of the cells. Estimates without "
            "noise, with {{ '%g' | format(100 * config.analysis.confidence) }} % intervals; with one seed as "
            "measured."
        ),
        when=("grid",),
    ),
    Figure(
        name="channels",
        title="5 channels kept",
        draw="prunescape.figures.channels:draw",
        tables=("channels",),
        label="-",
        caption="Channels that pruning kept in each prunable layer of {{ model }}.",
    ),
    Figure(
        name="curves",
        title="3 training curves",
        draw="prunescape.figures.curves:draw",
        tables=("cells",),
        files=("histories",),
        label="top1",
        caption=(
            "Training of the best cell of each variant of {{ model }}, mean over seeds with the range between them; "
            "the prior's cell dashed."
        ),
    ),
    Figure(
        name="band",
        title="8 optimal band",
        draw="prunescape.figures.band:draw",
        tables=("band",),
        path="{model}/band_{metric}",
        when=("thesis", "grid"),
        settings=("analysis.confidence",),
        caption=(
            "The optimal band of {{ model }}'s variants: the slope of learning rate over weight decay, and the "
            "constant of Smith's relation, each with its {{ '%g' | format(100 * config.analysis.confidence) }} % "
            "interval; dotted, what the relation says."
        ),
    ),
    Figure(
        name="samples",
        title="training images",
        draw="prunescape.figures.samples:draw",
        tables=(),
        files=("meta",),
        path="samples",
        label="-",
        category="Data and pruning",
        caption="Randomly chosen training images of {{ config.data.name }}, as stored, before augmentation.",
    ),
)

STUDY = Study(
    name="hpspace",
    picture="forest",
    title="Answer",
    question="Must learning rate and weight decay be tuned again after pruning?",
    label="metric",
    figures_in="{model}",
    tables=TABLES,
    columns={**COLUMNS, **STATISTICS},
    key=names(
        "id model variant tuned_on metric roi quantity strategy trials question stage setting seed image i j layer"
        " position epoch data sigma"
    ),
    analyses=ANALYSES,
    claims=Statement(tables=("intervals", "estimates"), files=("verdict",), title=""),
    figures=FIGURES,
    page=(
        "the verdict, landscapes to explore (model, variant and the threshold of the region of interest, with ellipse "
        "and risk following), pictures, tables to sort and download, and provenance"
    ),
    answer=(
        "The answer for every pruned network, on trainings with {{ 'fresh seeds' if config.verdict.confirm else "
        "'the seeds of the grid alone: explored only, nothing is decided' }}. **keep**: a gain of {{ "
        "config.verdict.margin }} points or more by tuning again is ruled out. **tune**: a smaller gain is ruled out. "
        "**open**: neither is. In each direction, an answer is wrong in at most {{ '%g' | format(100 * "
        "config.verdict.level) }} % of such verdicts, all networks and questions together."
    ),
)


def tables_of(pair: Pair) -> tuple[Table, ...]:
    """The tables of a run whose grid has these axes."""
    if pair.is_thesis:
        return TABLES
    renamed = dict(zip((*THESIS.names, *THESIS.centre), (*pair.names, *pair.centre), strict=True))
    renamed |= {f"tuned_{name}": f"tuned_{own}" for name, own in zip(THESIS.names, pair.names, strict=True)}
    renamed["epochs"] = epochs_trained(pair.names)
    meanings = {**of_axes(pair), "trained_epochs": COLUMNS["epochs"]}
    meanings |= {f"tuned_{name}": tuned(meanings[name]) for name in pair.names}
    meanings["shift"] = STATISTICS["shift"]._replace(unit=pair.unit)
    return tuple(_renamed(table, renamed, meanings) for table in TABLES)


def _renamed(table: Table, renamed: Mapping[str, str], meanings: Mapping[str, Column]) -> Table:
    """A table as described for the thesis' pair, for another one."""
    if table.own is OF_EPOCH:  # whatever the axes, a history has the learning rate
        renamed = {}
    unknown = () if "learning_rate" in renamed.values() else ("grid_learning_rate", "tuned_grid_learning_rate")
    columns = tuple(renamed.get(name, name) for name in table.columns if name not in unknown)
    own = {name: meanings[name] for name in columns if name in meanings}
    return replace(table, columns=columns, own={**own, **table.own})
