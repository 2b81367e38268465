"""The entry of the study `stochastic`."""

from prunescape.studies.study import Analysis, Figure, Study, Table

TABLES = (
    Table(
        name="table_1",
        title="2 Table I",
        caption=(
            "One-shot accuracy of stochastic (sp) and deterministic (dp) magnitude pruning at each model's best "
            "setting: that of the grid search, and that of the NSGA-II search for the largest gain (F2). Medians over "
            "draws of noise, means over seeds; ``delta`` is sp - dp in points, with its 95 % interval over seeds. The "
            "grid's setting was chosen by its gain on the same images and draws, so that gain is optimistic. In F2 "
            "each seed has a candidate of its own: gamma and sigma are medians over the ``seeds`` for which the "
            "search found one; columns that begin with ``published`` are Table I of the SP paper where it has the "
            "same network and data."
        ),
    ),
    Table(
        name="table_2",
        title="3 Table II",
        caption=(
            "Accuracy and gradient flow before fine-tuning (``one_shot``) and accuracy after {{ "
            "config.stochastic.fine_tuning.epochs }} epochs of it, for stochastic (sp) and deterministic (dp) "
            "pruning; ``published`` columns are Table II of the SP paper where network, data, method, gamma and sigma "
            "are the same."
        ),
    ),
    Table(
        name="table_3",
        title="4 Table III",
        caption=(
            "Feature variance V (SP paper, eq. 4) of networks pruned by magnitude, one-shot and fine-tuned: 1 is that "
            "of the dense network. ``difference`` is sp - dp with its 95 % interval over seeds; ``published`` columns "
            "are Table III of the SP paper where settings are the same."
        ),
    ),
)

ANALYSES = (
    Analysis(
        rule="summarise_stochastic",
        function="prunescape.stochastic.statistics:summarise",
        gives=("sweep_intervals", "crossovers", "grid_intervals", "grid_tests"),
        tables=("sweep", "grid"),
        settings=("stochastic.tolerance",),
    ),
    Analysis(
        rule="tabulate_stochastic_1",
        function="prunescape.stochastic.tables:gains",
        gives=("table_1",),
        tables={"grid": "grid", "best_draws": "best_draws", "tests": "grid_tests", "fronts": "fronts"},
        files=("meta", "cells"),
        settings={"models": "models", "data": "data.name", "held_out": "stochastic.held_out"},
        reference="avendano2025",
    ),
    Analysis(
        rule="tabulate_stochastic_2",
        function="prunescape.stochastic.tables:table_2",
        gives=("table_2",),
        tables=("fine_tuning",),
        settings={"data": "data.name"},
        reference="avendano2025",
    ),
    Analysis(
        rule="tabulate_stochastic_3",
        function="prunescape.stochastic.tables:table_3",
        gives=("table_3",),
        tables=("variances",),
        settings={"data": "data.name"},
        reference="avendano2025",
    ),
)

FIGURES = (
    Figure(
        name="seeds",
        title="5 every seed",
        draw="prunescape.figures.stochastic.seeds:draw",
        tables={"one_shot": "sweep", "intervals": "sweep_intervals"},
        caption=(
            "{{ model }} of every pretrained seed on the test images of {{ config.data.name }}: dense, and right "
            "after pruning by magnitude at a mild pruning rate and at a hard one. Black lines have no noise, each "
            "point is one draw of the noise. Above, batch norm keeps the dense network's statistics; below, it is "
            "recalibrated. Every panel has an axis of its own. After Fig. 1a of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="one_shot",
        title="6 one-shot, {method}",
        draw="prunescape.figures.stochastic.one_shot:draw",
        tables={"intervals": "sweep_intervals"},
        path="{model}/one_shot_{method}",
        caption=(
            "Accuracy of {{ model }} right after pruning ({{ method }}), without any training, on the test images of "
            "{{ config.data.name }}. Left: over the pruning rate, black without noise. Middle: the points gained over "
            "pruning without noise. Right: over the noise, dotted what pruning without noise reaches. Lines are means "
            "over pretrained seeds of the medians over draws, bands are 95 % intervals of these means (none where "
            "there is one seed). Above, batch norm keeps the dense network's statistics; below, it is recalibrated. "
            "The arrow is at the largest gain on these same images and draws, so that gain is optimistic. After Fig. "
            "1b and 1c of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="grid",
        title="7 grid search",
        draw="prunescape.figures.stochastic.grid:draw",
        tables={"intervals": "grid_intervals", "tests": "grid_tests"},
        caption=(
            "What noise gains for {{ model }} right after pruning by magnitude, at each pruning rate and noise level "
            "of the grid search, on the test images of {{ config.data.name }}: medians over {{ "
            "config.stochastic.grid.draws }} draws, means over pretrained seeds with 95 % intervals (none where there "
            "is one seed). A star: the tests of all seeds are significant after correction. The largest of these "
            "gains is partly luck. Beside Table I of Avendano Munoz et al. (2025)."
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
            "Single draws at each model's pruning rate and noise level of the largest gain, one row a pretrained "
            "seed, against the network pruned by magnitude without noise (black), on the test images of {{ "
            "config.data.name }}. Numbers at the right: how many draws are better, and the median gain in points. "
            "Where the grid chose the setting, it did so on the same images, and the first draws are those of the "
            "grid, so these gains are optimistic. After Fig. 4 of Avendano Munoz et al. (2025)."
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
            "black line has neither. Where the noise is that of the grid's largest gain, that was on the same images "
            "and draws, so the gain of SP is optimistic. Boxes are quartiles of the draws, whiskers their extremes. "
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
            "The share of prunable weights of each dense network that are no larger than a magnitude, one line a "
            "pretrained seed, and the noise levels of the study with that share. After Fig. 6 of Avendano Munoz et "
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
            "the gain on the test images of {{ config.data.name }}, which no search has seen, with the draws of the "
            "search; hollow: a loss there. After Fig. 7 of Avendano Munoz et al. (2025)."
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
            "gradient by the weights that are kept. Where the grid chose the pruning rate and noise, it did so on the "
            "same images and draws. After Fig. 8 of Avendano Munoz et al. (2025)."
        ),
    ),
    Figure(
        name="structured",
        title="15 whole filters",
        draw="prunescape.figures.stochastic.structured:draw",
        tables=("structured",),
        caption=(
            "Accuracy of {{ model }} right after structured pruning, over the part of the FLOPs removed, and the "
            "points gained by noise before pruning, for each way of pruning; on the test images of {{ "
            "config.data.name }}. Lines are means over pretrained seeds of the medians over draws, bands are 95 % "
            "intervals of these means (none where there is one seed). Above, batch norm keeps the dense network's "
            "statistics; below, it is recalibrated. The largest of these gains is partly luck. Beyond Avendano Munoz "
            "et al. (2025)."
        ),
    ),
)

STUDY = Study(
    name="stochastic",
    title="Noise before pruning",
    question="Does Gaussian noise before pruning give better sparse networks?",
    tables=TABLES,
    analyses=ANALYSES,
    figures=FIGURES,
    answer=(
        "Whether Gaussian noise on the weights before pruning gives better sparse networks, question by question, "
        "with 95 % intervals over the pretrained networks of seeds {{ config.seeds | join(', ') }}."
    ),
)
