"""Trainings of a batch that are stopped early, at rungs of epochs, because they cannot come near the best.

All go by the whole schedule, of which one that is stopped has done the beginning. What is hopeless, earlier trainings
of the network to the end say: those that ended well rose, from a rung on, by so much at most; whatever would end more
than `KNEE` points below the best even if it rose as they did is stopped. What is known of it then is the most that it
could have reached. It is no training to the end, counts as none, and is no finalist. The thresholds are fixed when a
batch is chosen, so that a training does not depend on those beside it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.data.epoch import images_used
from prunescape.hpspace.cells import PLACE
from prunescape.hpspace.lattice import MOST, NEVER
from prunescape.hpspace.surrogate import BEST, KNEE
from prunescape.io.files import read_json

FEWEST = 3  # trainings that ended well, without which nothing is stopped


def stops(ended: np.ndarray, shown: Mapping[int, np.ndarray]) -> Mapping[str, Any]:
    """When trainings of a network are stopped: `below`, by epoch, and `most`, what they could have reached.

    Args:
        ended: accuracies of earlier trainings at the end, in percent, (n,).
        shown: the same trainings' accuracies after an epoch, (n,).
    """
    best = float(np.sort(ended)[-BEST:].mean()) if len(ended) else math.nan
    good = ended > best - KNEE
    if good.sum() < FEWEST:
        return NEVER
    most = best - KNEE
    return {"most": most, "below": {str(epoch): float(most - (ended - of)[good].max()) for epoch, of in shown.items()}}


def stops_of(cells: pd.DataFrame, histories: pd.DataFrame, rungs: Sequence[float], metric: str) -> Mapping[str, Any]:
    """When further trainings of a network are stopped, see `stops`.

    Args:
        cells: its trainings so far, as tables of batches have them.
        histories: their epochs.
        rungs: parts of the epochs, of each of which the next validation counts.
        metric: the accuracy that is meant.
    """
    ended = cells[cells[MOST].isna() & ~cells["diverged"].astype(bool)]
    if ended.empty or not rungs:
        return NEVER
    table = histories.dropna(subset=[metric]).pivot_table(index=["seed", *PLACE], columns="epoch", values=metric)
    table = table.loc[list(ended[["seed", *PLACE]].itertuples(index=False, name=None))].dropna(axis="columns")
    epochs = [int(epoch) for epoch in table.columns]
    wanted = [next(epoch for epoch in epochs if epoch >= rung * epochs[-1] - 1e-9) for rung in rungs]
    shown = {epoch: table[epoch].to_numpy() for epoch in sorted({*wanted} - {epochs[-1]})}
    return stops(ended[metric].to_numpy(dtype=np.float64), shown)


def saved(cells: pd.DataFrame, stopped: pd.DataFrame, pruning: pd.DataFrame, meta: str, **recipe: Any) -> pd.DataFrame:
    """`exploration.csv`: what the exploration of each network took, and what stopping saved.

    Args:
        cells, stopped: the tables of trainings.
        pruning: `pruning.csv`, with the FLOPs of a forward pass of one image.
        meta: the file `meta.json` of the prepared data.
        recipe: batch_size, drop_last and evaluate_every of the config's section.

    Returns:
        model, variant and its columns, trainings, stopped, epochs, epochs_saved, flops, flops_saved, saved_part.
    """
    return pd.DataFrame(_rows(cells, stopped, pruning, read_json(meta), recipe))


def _rows(
    cells: pd.DataFrame,
    stopped: pd.DataFrame,
    pruning: pd.DataFrame,
    meta: Mapping[str, Any],
    recipe: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    length = next(name for name in ("trained_epochs", "epochs") if name in cells)
    forward = pruning.set_index(["model", "variant"])["flops"]
    labels = [*cells.columns[: list(cells.columns).index("seed")]]
    for (model, variant), mine in cells.groupby(["model", "variant"], sort=False):
        others = stopped[(stopped["model"] == model) & (stopped["variant"] == variant)]

        def flops(table: pd.DataFrame, epochs: pd.Series, of: float = float(forward[model, variant])) -> int:
            sizes = table["batch_size"] if "batch_size" in table else [recipe["batch_size"]] * len(table)
            images = [images_used(meta["n_train"], int(size), recipe["drop_last"]) for size in sizes]
            validated = [math.ceil(count / recipe["evaluate_every"]) * meta["n_validation"] for count in epochs]
            passes = (3 * count * used + more for count, used, more in zip(epochs, images, validated, strict=True))
            return round(of * sum(passes))

        # Where trainings differ in length, none is stopped.
        whole = pd.Series(mine[length].max(), index=others.index)
        took = flops(mine, mine[length]) + flops(others, others[length])
        less = flops(others, whole) - flops(others, others[length])
        yield {
            **mine[labels].iloc[0].to_dict(),
            "trainings": len(mine) + len(others),
            "stopped": len(others),
            "epochs": int(mine[length].sum() + others[length].sum()),
            "epochs_saved": int((whole - others[length]).sum()),
            "flops": took,
            "flops_saved": less,
            "saved_part": less / (took + less),
        }
