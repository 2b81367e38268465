"""The entry of the study `hpspace`."""

from collections.abc import Mapping
from dataclasses import replace

from prunescape.hpspace.lattice import THESIS, Pair, epochs_trained
from prunescape.studies.columns import COLUMNS, EPOCH, OF_EPOCH, WHOLE, Column, names, of_axes
from prunescape.studies.estimates import (
    BOUNDS,
    PUBLISHED_REGION,
    REGION,
    REGION_CELLS,
    REGRET,
    RISK,
    STATISTICS,
    TRANSFER,
    beside,
    bounded,
    estimated,
)
from prunescape.studies.study import CLAIMS, Analysis, Figure, Statement, Study, Table, by_name
from prunescape.variant import COLUMNS as VARIANT

_NETWORK = ("model", "variant", *VARIANT)
_CELL = (*_NETWORK, "seed", "i", "j")
_TRAINED = ("top1", "top5", "best_top1", "best_top5", "train_loss", "diverged")
_CELLS = (*_CELL, *THESIS.names, "grid_learning_rate", *_TRAINED, "epochs")
_TIMING = (*_CELL, "seconds", "images_per_second", "device", "strategy", "lanes", "precision")
_SHAPE = (*THESIS.centre, "length", "width", "angle_degrees")
_OF_DENSE = {
    "n_cells": Column(WHOLE, "cells in the dense network's region of interest, whose reuse is tested", "cells")
}
_ABOVE = tuple(f"{whose}above_chance{end}" for whose in ("", "dense_") for end in ("", "_low"))
_DECIDED = ("p_equivalent", "p_worse", "decision", "more_seeds", "chance", *_ABOVE)
_TESTED = tuple(f"{name}{end}" for name in ("shift", "area_ratio", "turn_degrees") for end in ("", "_p"))

TABLES = (
    Table(
        name="decisions",
        row="a pruned variant: whether its hyperparameters must be tuned again",
        columns=(*_NETWORK, "metric", "seeds", "margin", "loss_measured", "loss", "loss_low", "loss_high", *_DECIDED),
        title="Decisions: keep the dense network's settings?",
        path="hpspace/decisions.csv",
    ),
    Table(
        name="risk",
        row="a variant: what is lost by choosing among the cells of the dense network's region of interest",
        columns=(*_NETWORK, "metric", "n_cells", "d_mean", "d_std", "rel_mean", "rel_std"),
        title="Performance risk",
        path="hpspace/risk.csv",
        own=_OF_DENSE,
    ),
    Table(
        name="ellipses",
        row="a region of interest of a variant",
        columns=(*_NETWORK, "metric", "roi", "n_cells", "fitted", "confidence_level", *_SHAPE),
        title="Ellipses of the regions of interest",
        path="hpspace/ellipses.csv",
    ),
    Table(
        name="intervals",
        row="a number of Table 4.1 or 4.2, or its change from the dense network's, with its interval",
        columns=(*_NETWORK, "metric", "roi", "quantity", "seeds", *BOUNDS, "defined"),
        title="Every number with its interval",
        path="hpspace/intervals.csv",
    ),
    Table(
        name="shifts",
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
    ),
    Table(
        name="transfer",
        row="a variant that is trained at another one's best cell",
        columns=(
            "model",
            "metric",
            "tuned_on",
            "variant",
            *VARIANT,
            "seeds",
            *BOUNDS,
            *bounded("rank_correlation", "rank_correlation_best"),
        ),
        title="Settings tuned on one network, used on another",
        path="hpspace/transfer.csv",
        own=TRANSFER,
    ),
    Table(
        name="band",
        row="the optimal band of a variant (eq. 2.2 of the thesis)",
        columns=(
            *_NETWORK,
            "metric",
            "roi",
            "seeds",
            *bounded("slope", "log10_constant"),
            "smith_slope",
            "smith_log10_constant",
        ),
        title="6 table of Smith's relation",
        path="hpspace/band.csv",
        when=("thesis",),
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
        columns=(*_NETWORK, "metric", "strategy", "trials", "seeds", *BOUNDS),
        title="What trials of tuning again buy",
        path="hpspace/regret.csv",
        own=REGRET,
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
        columns=(*_NETWORK, "metric", "roi", "seeds", *estimated(*REGION), *beside(*PUBLISHED_REGION)),
        title="3 Table 4.1, ellipses",
        path="hpspace/table_4_1.csv",
        own=REGION_CELLS,
        when=("thesis",),
        caption=(
            "Table 4.1 of the thesis: ellipses at {{ config.analysis.sigma }} standard deviations, fitted in log10 to "
            "the cells within {{ config.analysis.roi | join(' and ') }} points of the best. Length and width are "
            "diameters in decades, area is in square decades, the angle is that of the long axis from the "
            "weight-decay axis; regions with fewer than {{ config.analysis.minimum_cells }} cells are not fitted. A "
            "plain column is measured; ``_estimate`` and the {{ '%g' | format(100 * config.analysis.confidence) }} % "
            "interval from ``_low`` to ``_high`` are of the landscape without the noise of training, which makes "
            "measured regions too small. Where the setting is that of the thesis, ``published_`` and ``difference_`` "
            "columns show its numbers; else ``setting`` says what differs."
        ),
    ),
    Table(
        name="table_4_2",
        row="a variant's performance risk, beside the thesis' Table 4.2",
        columns=(*_NETWORK, "metric", "roi", "seeds", *estimated(*RISK), *beside(*RISK[:-1])),
        title="4 Table 4.2, risk",
        path="hpspace/table_4_2.csv",
        when=("thesis",),
        caption=(
            "Table 4.2 of the thesis: points of accuracy lost, on average (d_mean) and with the population standard "
            "deviation (d_std), by training a network at the cells of the dense network's {{ config.analysis.risk_roi "
            "}}-ROI instead of at its own best cell; the same as a part of the accuracy of that best cell (rel); and "
            "what the dense network's best cell costs. A plain column is measured; ``_estimate`` and the {{ '%g' | "
            "format(100 * config.analysis.confidence) }} % interval from ``_low`` to ``_high`` are of the landscape "
            "without the noise of training, which makes measured risks too large. Where the setting is that of the "
            "thesis, ``published_`` and ``difference_`` columns show its numbers; else ``setting`` says what differs."
        ),
    ),
    Table(
        name="cells",
        row="a training",
        columns=_CELLS,
        title="All trainings",
        path="hpspace/cells.csv",
        reader="prunescape.hpspace.cells:read_trainings",
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
        row="the claim that a pruned variant can keep the dense network's hyperparameters",
        title="",
        path="hpspace/claims.csv",
    ),
    Table(
        name="tile",
        row="a training of a tile, whose first cell is i, j",
        columns=_CELLS,
        path="hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}.csv",
    ),
    Table(
        name="tile_history",
        row="an epoch of a training of a tile",
        columns=(*_CELL, *EPOCH),
        path="hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}.history.csv",
        own=OF_EPOCH,
    ),
    Table(
        name="tile_timing",
        row="a training of a tile",
        columns=_TIMING,
        path="hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}.timing.csv",
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
        rule="collect_cells",
        function="prunescape.hpspace.cells:collected",
        gives=("cells", "timing"),
        files=("plans", "tables", "timing"),
    ),
    Analysis(
        rule="fit_ellipses",
        function="prunescape.hpspace.ellipse:tabulate",
        gives=("ellipses",),
        tables=("cells",),
        settings=("analysis.roi", "analysis.sigma", "analysis.minimum_cells", "axes"),
    ),
    Analysis(
        rule="measure_risk",
        function="prunescape.hpspace.risk:tabulate",
        gives=("risk_cells", "risk"),
        tables=("cells",),
        settings=("analysis.risk_roi",),
    ),
    Analysis(
        rule="estimate_intervals",
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
    ),
    Analysis(
        rule="test_shifts",
        function="prunescape.hpspace.permutation:tabulate",
        gives=("shifts",),
        tables=("cells",),
        settings=("analysis.roi", "analysis.sigma", "analysis.minimum_cells", "axes"),
    ),
    Analysis(
        rule="decide",
        function="prunescape.hpspace.decision:tabulate",
        gives=("decisions",),
        tables=("cells",),
        files=("meta",),
        settings={
            **by_name(
                ("analysis.roi", "analysis.draws", "analysis.confidence", "axes", "analysis.risk_roi", "verdict")
            ),
            "border_roi": "extension.roi",
        },
    ),
    Analysis(
        rule="measure_tuning",
        function="prunescape.hpspace.tuning:tabulate",
        gives=("band", "regret", "transfer"),
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
    ),
    Analysis(
        rule="thesis_table_3_4",
        function="prunescape.hpspace.published:prior",
        gives=("table_3_4",),
        tables=("cells",),
        settings=("compared", "theirs"),
        reference="matthiesen2023",
        when=("thesis",),
    ),
    Analysis(
        rule="thesis_table_4_1",
        function="prunescape.hpspace.published:ellipses",
        gives=("table_4_1",),
        tables=("cells", "intervals"),
        settings=("compared", "theirs"),
        reference="matthiesen2023",
        when=("thesis",),
    ),
    Analysis(
        rule="thesis_table_4_2",
        function="prunescape.hpspace.published:risks",
        gives=("table_4_2",),
        tables=("cells", "intervals"),
        settings=("compared", "theirs"),
        reference="matthiesen2023",
        when=("thesis",),
    ),
)

FIGURES = (
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
    ),
    Figure(
        name="landscape",
        title="2 landscapes",
        draw="prunescape.figures.landscape:draw",
        tables=("cells", "ellipses"),
        path="{model}/landscape_{metric}",
        settings=("analysis.roi", "figures.colour_map", "figures.colour_range_percent", "axes"),
        caption=(
            "{% set axes = config.grid.axes or [{'name': 'learning_rate'}, {'name': 'weight_decay'}] %} Accuracy of "
            "{{ model }} over {{ axes | reverse | map(attribute='name') | join(' and ') | replace('_', ' ') }}, one "
            "column a variant: interpolated above, the trained cells below, with the ellipses of the {{ "
            "config.analysis.roi | join('- and ') }}-ROI. The colours cover the best {{ "
            "config.figures.colour_range_percent }} % of all cells of this model, and the region of interest of every "
            "variant."
        ),
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
            "trials, at random or nearest to the dense network's best cell, exactly for drawing without replacement "
            "from the cells of the grid. Lines are estimates without noise, bands their {{ '%g' | format(100 * "
            "config.analysis.confidence) }} % intervals; with one seed lines are as measured."
        ),
    ),
    Figure(
        name="tuning_transfer",
        title="7 transfer",
        draw="prunescape.figures.transfer:draw",
        tables=("transfer",),
        path="{model}/transfer_{metric}",
        settings=("analysis.confidence",),
        caption=(
            "Left, the points that a variant of {{ model }} (column) loses when it is trained at the best cell of "
            "another (row); on the diagonal, what choosing its best cell by noisy measurements costs. Right, "
            "Spearman's rank correlation of their landscapes over the better half of the cells. Estimates without "
            "noise, with {{ '%g' | format(100 * config.analysis.confidence) }} % intervals; with one seed as "
            "measured."
        ),
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
        when=("thesis",),
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
    title="Answer",
    question="Must learning rate and weight decay be tuned again after pruning?",
    label="metric",
    figures_in="{model}",
    tables=TABLES,
    columns={**COLUMNS, **STATISTICS},
    key=names("id model variant tuned_on metric roi quantity strategy trials seed i j layer position epoch"),
    analyses=ANALYSES,
    claims=Statement(tables=(), files=("verdict",), title=""),
    figures=FIGURES,
    page=(
        "the verdict, landscapes to explore (model, variant and the threshold of the region of interest, with ellipse "
        "and risk following), pictures, tables to sort and download, and provenance"
    ),
    answer=(
        "The answer for every model and pruned variant. **keep**: training at the cells of the dense network's {{ "
        "config.analysis.risk_roi }}-ROI is equivalent to tuning again, as a loss of {{ config.verdict.margin }} "
        "points or more is ruled out. **tune**: it is worse, as a loss of {{ config.verdict.margin }} points or less "
        "is ruled out. **undecided**: neither is, with these seeds. Keep and tune are each wrong in at most {{ '%g' | "
        "format(100 * config.verdict.level) }} % of cases. **train longer**: the best cell of the dense network, or "
        "of this one, is near chance. Intervals of the loss if kept are {{ '%g' | format(100 - 200 * "
        "config.verdict.level) }} % intervals, all others {{ '%g' | format(100 * config.analysis.confidence) }} %."
    ),
)


def tables_of(pair: Pair) -> tuple[Table, ...]:
    """The tables of a run whose grid has these axes."""
    if pair.is_thesis:
        return TABLES
    renamed = dict(zip((*THESIS.names, *THESIS.centre), (*pair.names, *pair.centre), strict=True))
    renamed["epochs"] = epochs_trained(pair.names)
    meanings = {**of_axes(pair), "trained_epochs": COLUMNS["epochs"]}
    meanings["shift"] = STATISTICS["shift"]._replace(unit=pair.unit)
    return tuple(_renamed(table, renamed, meanings) for table in TABLES)


def _renamed(table: Table, renamed: Mapping[str, str], meanings: Mapping[str, Column]) -> Table:
    """A table as described for the thesis' pair, for another one."""
    if table.own is OF_EPOCH:  # whatever the axes, a history has the learning rate
        renamed = {}
    unknown = () if "learning_rate" in renamed.values() else ("grid_learning_rate",)
    columns = tuple(renamed.get(name, name) for name in table.columns if name not in unknown)
    own = {name: meanings[name] for name in columns if name in meanings}
    return replace(table, columns=columns, own={**own, **table.own})
