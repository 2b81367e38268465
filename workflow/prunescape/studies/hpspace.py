"""The entry of the study `hpspace`."""

from prunescape.studies.study import Analysis, Figure, Study, Table, by_name

TABLES = (
    Table(
        name="shifts",
        title="5 tests of shifts",
        caption=(
            "How far the ellipse's centre moved from the dense network's (decades{{ ', or steps of the grid' if "
            "config.grid.axes }}), by what its area is multiplied, and by how many degrees its long axis turned, each "
            "with the p-value of a permutation test that exchanges whole seeds between the two networks. ``least_p`` "
            "is the smallest p-value that {{ config.seeds | length }} seed(s) allow: no small p-value can come of few "
            "seeds, whatever has moved."
        ),
    ),
    Table(
        name="band",
        title="6 table of Smith's relation",
        when=("thesis",),
        caption=(
            "Smith's relation, learning rate x weight decay / (batch size x (1 - momentum)) = constant (eq. 2.2 of "
            "the thesis), for the optimal band of every variant: the slope of the long axis of the ellipse of the {{ "
            "config.analysis.roi | max }}-ROI, which the relation puts at -1, and log10 of the constant, about -6 "
            "there, with {{ '%g' | format(100 * config.analysis.confidence) }} % intervals."
        ),
    ),
    Table(
        name="table_3_4",
        title="7 Table 3.4, dense network at the prior",
        when=("thesis",),
        caption=(
            "Table 3.4 of the thesis: the dense network at its prior, mean accuracy over seeds in percent. Where the "
            "setting is that of the thesis, ``published_`` and ``difference_`` columns show its numbers; else "
            "``setting`` says what differs."
        ),
    ),
    Table(
        name="table_4_1",
        title="3 Table 4.1, ellipses",
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
        title="4 Table 4.2, risk",
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
        name="pruning",
        title="table: FLOPs and parameters",
        category="Data and pruning",
        caption=(
            "FLOPs (2 x multiply-accumulates of one image) and parameters of every network. {% if "
            "config.pruning.target == 'flops' %}The achieved ratio is counted on the built network; ptflops' own "
            "count, which includes batch norm, activations and pooling, stands beside it.{% else %}Ratios are of the "
            "dense network's {{ config.pruning.target }}; ptflops' are of the FLOPs.{% endif %} Networks that are "
            "pruned at initialisation differ from seed to seed, and stand here with their means."
        ),
    ),
)

ANALYSES = (
    Analysis(
        rule="collect_cells",
        function="prunescape.hpspace.cells:collected",
        gives=("cells", "timing"),
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
        label="top1",
        caption=(
            "Training of the best cell of each variant of {{ model }}, mean over seeds with the range between them; "
            "the prior's cell dashed."
        ),
    ),
    Figure(
        name="samples",
        title="training images",
        draw="prunescape.figures.samples:draw",
        tables=(),
        path="samples",
        label="-",
        category="Data and pruning",
        caption="Randomly chosen training images of {{ config.data.name }}, as stored, before augmentation.",
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
)

STUDY = Study(
    name="hpspace",
    title="Answer",
    question="Must learning rate and weight decay be tuned again after pruning?",
    label="metric",
    figures_in="{model}",
    tables=TABLES,
    analyses=ANALYSES,
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
