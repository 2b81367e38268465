"""One-shot accuracy of many variants of a pretrained network, evaluated as lanes."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pandas as pd
from torch import nn

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.errors import Interrupted
from prunescape.stochastic.variants import VARIANT_COLUMNS, Pretrained, Variant, variant_table
from prunescape.training import stop
from prunescape.training.engine import Engine
from prunescape.training.evaluate import arrays, score, validation_batches
from prunescape.training.recalibration import recalibrate
from prunescape.training.workers import run_all

COLUMNS = (*VARIANT_COLUMNS, "recalibrated", "top1", "loss")


def evaluate_variants(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    data: PreparedData,
    engine: Engine,
    *,
    split: str = "validation",
    recalibration: Batches | None = None,
    report: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Evaluate variants without any training.

    They run in arrays of `engine.lanes`, made when their turn comes, so that memory holds but one array for each that
    is under way; on a CPU as many as the engine has threads are evaluated side by side.

    Args:
        pretrained: w*.
        variants: what to make of it; see `prunescape.stochastic.variants.variants`.
        split: of the data; nothing is augmented.
        recalibration: batches on which batch norm is recalibrated, to evaluate each variant a second time; None does
            not (see `recalibration_batches`).

    Returns:
        One row a variant, or two: `COLUMNS`; top1 in percent, loss the mean cross-entropy; in the order of `variants`,
        all without recalibration before all with.

    Raises:
        Interrupted: the process was asked to stop.
    """
    engine.set_up()
    batches = validation_batches(data, engine, split)
    pieces: list[Callable[[], pd.DataFrame]] = [
        partial(_evaluate_array, pretrained, variants, start, batches, engine, recalibration, report)
        for start in range(0, len(variants), engine.lanes)
    ]
    workers = min(engine.threads, len(pieces)) if engine.device == "cpu" else 1
    scores = pd.concat(run_all(pieces, workers))
    return with_scores(variant_table(pretrained, variants), scores)


def _evaluate_array(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    start: int,
    batches: Batches,
    engine: Engine,
    recalibration: Batches | None,
    report: Callable[[str], None] | None,
) -> pd.DataFrame:
    if reason := stop.asked():
        raise Interrupted(f"stopped by {reason} after {start} of {len(variants)} networks; run again")
    active = variants[start : start + engine.lanes]
    scores = score_networks(map(pretrained.make, active), batches, engine, recalibration)
    if report is not None:
        report(f"networks {start + 1}-{start + len(active)} of {len(variants)} evaluated")
    return scores.assign(network=scores["network"] + start)


def score_networks(
    networks: Iterable[nn.Module], batches: Batches, engine: Engine, recalibration: Batches | None = None
) -> pd.DataFrame:
    """Evaluate plain networks of one architecture, and again after recalibration, if batches are given for it.

    Returns:
        One row a network and way: network (its place), recalibrated, top1, loss.
    """
    parts, first = [], 0
    for array, lanes, count in arrays(networks, engine):
        ways = {False: score(array, lanes, batches, engine)}
        if recalibration is not None:
            recalibrate(array, recalibration, engine)
            ways[True] = score(array, lanes, batches, engine)
        for again, scores in ways.items():
            measured = {"top1": scores.top1[:count].numpy(), "loss": scores.loss[:count].numpy()}
            parts.append(pd.DataFrame({"network": range(first, first + count), "recalibrated": again, **measured}))
        first += count
    return pd.concat(parts, ignore_index=True)


def with_scores(names: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of names, and beside them their scores; all without recalibration before all with.

    Args:
        names: one row a network.
        scores: network (the place of its row in `names`), recalibrated, and what was measured.
    """
    joined = names.merge(scores, left_index=True, right_on="network")
    return joined.sort_values(["recalibrated", "network"], ignore_index=True).drop(columns="network")
