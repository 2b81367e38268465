"""Noise before structured pruning: whole filters are removed, down to a FLOPs target (beyond the SP paper)."""

import copy
import json
from collections.abc import Sequence

import pandas as pd

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.models.architecture import Architecture
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import Pruned, prune
from prunescape.stochastic.populations import COLUMNS, score_networks, with_scores
from prunescape.stochastic.variants import DETERMINISTIC, STOCHASTIC, Pretrained, Variant, variant_table
from prunescape.training.engine import Engine
from prunescape.training.evaluate import validation_batches

RATIO_DIGITS = 12  # of gamma = 1 - ratio, to be 0.6 and not 0.6 and a last bit


def evaluate_structured(
    pretrained: Pretrained,
    architecture: Architecture,
    methods: Sequence[str],
    ratios: Sequence[float],
    sigmas: Sequence[float],
    draws: int,
    settings: PruningSettings,
    data: PreparedData,
    engine: Engine,
    *,
    split: str = "validation",
    recalibration: Batches | None = None,
) -> pd.DataFrame:
    """One-shot accuracy of networks pruned by `prunescape.pruning.structured`, with noise before and without.

    Networks with the same numbers of channels are evaluated together as lanes; with "non_uniform" pruning noise changes
    these numbers.

    Args:
        pretrained: w*, with all of its channels.
        methods: "uniform", "non_uniform".
        ratios: parts of the FLOPs that are kept, in (0, 1).
        sigmas: standard deviations of the noise.
        draws: networks a method, ratio and sigma.
        settings: how filters are ranked.
        split: of the data; nothing is augmented.
        recalibration: batches on which batch norm is recalibrated, to evaluate a second time; None does not.

    Returns:
        The columns of `prunescape.stochastic.populations.evaluate_variants`, so that its statistics apply; gamma is the
        fraction of the FLOPs to be removed, 1 - ratio, and one column more, achieved_ratio, is what was kept.

    Raises:
        UserError: a ratio cannot be met.
    """
    wanted = [
        (method, ratio, sigma, draw)
        for sigma, draw in [(0.0, 0), *((sigma, draw) for sigma in sigmas for draw in range(draws))]
        for method in methods
        for ratio in ratios
    ]
    made = [
        prune(copy.deepcopy(pretrained.noisy(sigma, draw)).cpu(), architecture, method, ratio, settings)
        for method, ratio, sigma, draw in wanted
    ]
    engine.set_up()
    batches = validation_batches(data, engine, split)
    scores = []
    for places in _of_one_width(made):
        scored = score_networks((made[place].model for place in places), batches, engine, recalibration)
        scores.append(scored.assign(network=[places[number] for number in scored["network"]]))
    variants = [
        Variant(STOCHASTIC if sigma else DETERMINISTIC, method, round(1 - ratio, RATIO_DIGITS), sigma, draw)
        for method, ratio, sigma, draw in wanted
    ]
    table = with_scores(
        variant_table(pretrained, variants).assign(achieved_ratio=[pruned.ratio for pruned in made]), pd.concat(scores)
    )
    return table[[*COLUMNS, "achieved_ratio"]]


def _of_one_width(made: Sequence[Pruned]) -> list[list[int]]:
    """The places of networks of one architecture."""
    groups: dict[str, list[int]] = {}
    for place, pruned in enumerate(made):
        groups.setdefault(json.dumps(pruned.architecture.to_json()), []).append(place)
    return list(groups.values())
