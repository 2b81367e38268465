"""One-shot accuracy of many variants of a pretrained network, evaluated as lanes."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import torch

from prunescape.data.batches import Batches
from prunescape.data.prepared import PreparedData
from prunescape.errors import Interrupted
from prunescape.stochastic.recalibration import recalibrate
from prunescape.stochastic.variants import VARIANT_COLUMNS, Pretrained, Variant, variant_table
from prunescape.training import stop
from prunescape.training.engine import Engine
from prunescape.training.evaluate import Scores, arrays, score, validation_batches
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
        data: prepared data.
        engine: where it runs.
        split: of the data; nothing is augmented.
        recalibration: batches on which batch norm is recalibrated, to evaluate each variant a second time; None does
            not (see `recalibration_batches`).
        report: is given one line of progress at a time.

    Returns:
        One row a variant, or two: `COLUMNS`; top1 in percent, loss the mean cross-entropy; in the order of `variants`,
        all without recalibration before all with.

    Raises:
        Interrupted: the process was asked to stop.
    """
    engine.set_up()
    batches = validation_batches(data, engine, split)
    pieces: list[Callable[[], list[Scores]]] = [
        partial(_evaluate_array, pretrained, variants, start, batches, engine, recalibration, report)
        for start in range(0, len(variants), engine.lanes)
    ]
    workers = min(engine.threads, len(pieces)) if engine.device == "cpu" else 1
    found = run_all(pieces, workers)
    tables = []
    for again in (False, True) if recalibration is not None else (False,):
        scores = [of_array[again] for of_array in found]
        top1 = torch.cat([of_array.top1 for of_array in scores])[: len(variants)].numpy()
        loss = torch.cat([of_array.loss for of_array in scores])[: len(variants)].numpy()
        tables.append(variant_table(pretrained, variants).assign(recalibrated=again, top1=top1, loss=loss))
    return pd.concat(tables, ignore_index=True)


def _evaluate_array(
    pretrained: Pretrained,
    variants: Sequence[Variant],
    start: int,
    batches: Batches,
    engine: Engine,
    recalibration: Batches | None,
    report: Callable[[str], None] | None,
) -> list[Scores]:
    """The scores of an array's lanes, idle ones too; then those after recalibration, if it is wanted."""
    if reason := stop.asked():
        raise Interrupted(f"stopped by {reason} after {start} of {len(variants)} networks; run again")
    active = variants[start : start + engine.lanes]
    array, _ = next(arrays(map(pretrained.make, active), engine))
    scores = [score(array, engine.lanes, batches, engine)]
    if recalibration is not None:
        recalibrate(array, recalibration, engine)
        scores.append(score(array, engine.lanes, batches, engine))
    if report is not None:
        report(f"networks {start + 1}-{start + len(active)} of {len(variants)} evaluated")
    return scores
