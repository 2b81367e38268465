"""The utility paper's Tables 1 and 2 from our results, with the published numbers beside them where settings match.

Accuracies are in percent, of validation images: means over pretrained seeds, with intervals (see
`claims.intervals`). A published number has the same column's name after `published_`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunescape.claims.intervals import IN_PERCENT, IN_POINTS, interval
from prunescape.claims.published import beside, published

SOURCE = "anonymous2021_table_"


def table_1(cycles: pd.DataFrame, data: str) -> pd.DataFrame:
    """Accuracy after the last cycle, and that of small networks.

    Args:
        cycles: the study's table of all cycles.
        data: the data set's name.

    Returns:
        One row a model, pruning and retraining: these, cycle (the last), seeds, density; top1, small_top1 and
        difference (between them), each with its interval; published_top1, published_small_top1.
    """
    last = cycles[cycles["cycle"] == cycles["cycle"].max()]
    last = last.assign(difference=last["top1"] - last["small_top1"])
    by = ["model", "pruning", "retraining"]
    table = _over_seeds(last, [*by, "cycle"], ["density"], ["top1", "small_top1", "difference"])
    return beside(table, published(f"{SOURCE}1", data), by)


def table_2(retrained: pd.DataFrame, data: str) -> pd.DataFrame:
    """Accuracy and training loss of pruned-and-retrained networks and of small ones, by pruning ratio.

    Args:
        retrained: the study's table of one-shot pruned networks, retrained, and small ones.
        data: the data set's name.

    Returns:
        One row a model, pruning ratio and network: these, seeds, density, train_loss; top1 with its interval;
        published_top1, published_train_loss.
    """
    by = ["model", "pruning_ratio", "network"]
    table = _over_seeds(retrained, by, ["density", "train_loss"], ["top1"])
    return beside(table.sort_values(by, kind="stable", ignore_index=True), published(f"{SOURCE}2", data), by)


def _over_seeds(
    table: pd.DataFrame, by: Sequence[str], means: Sequence[str], with_interval: Sequence[str]
) -> pd.DataFrame:
    rows = []
    for key, part in table.groupby(list(by), sort=False):
        row = {**dict(zip(by, key, strict=True)), "seeds": len(part), **part[list(means)].mean().to_dict()}
        for name in with_interval:
            row |= interval(
                name, part[name].to_numpy(dtype=np.float64), *(IN_POINTS if name == "difference" else IN_PERCENT)
            )
        rows.append(row)
    return pd.DataFrame(rows)
