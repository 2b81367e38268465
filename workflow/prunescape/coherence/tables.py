"""The thesis' Tables 6.1, 6.2, 6.5 and 6.6 from our results, with the published numbers beside where settings match.

Accuracies are in percent: means over seeds, with intervals (see `claims.intervals`). A published number has
the same column's name after `published_`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunescape.claims.intervals import IN_PERCENT, IN_POINTS, interval
from prunescape.claims.published import beside, published
from prunescape.coherence.labels import (
    FLOOR,
    GLOBAL,
    LOCAL,
    MASKS,
    NETWORK,
    NONE,
    SCOPES,
    in_scope,
    labelled,
    of_first_initialisation,
    of_mask,
)

# By name of our tables: the scopes that they hold, and the numbers of the thesis' tables.
TABLES = {"table_6_1_2": ((GLOBAL, FLOOR), ("1", "2")), "table_6_5_6": ((LOCAL,), ("5", "6"))}
# The thesis does not say how its ResNet-50 is made for small images, so that either of ours may be it.
FAMILIES = {"resnet50": "resnet50", "resnet50_cifar": "resnet50", "vit": "vit"}
SAME_DENSITY = 0.005
KEYS = ["model", "scope", "score", "end"]
MEANS = ["train_top1", "validation_top1", "gain"]


def of_source(name: str, data: str) -> pd.DataFrame:
    """The thesis' numbers for one of `TABLES` and a data set: family, density, scope, score, end, accuracies."""
    parts = [published(f"yauney2024_table_6_{number}", data) for number in TABLES[name][1]]
    return labelled(pd.concat(parts, ignore_index=True))


def table_6(children: pd.DataFrame, name: str, data: str) -> pd.DataFrame:
    """Accuracy of pruned networks that were trained again from a fresh initialisation, and of the dense ones.

    Args:
        children: the study's table of masked networks.
        name: one of `TABLES`.
        data: the data set's name.

    Returns:
        One row a model, scope, score and end, in the order of `MASKS`: these, seeds, density; train_top1,
        validation_top1 and gain (over the dense network of the same seed, points), each with its interval;
        published_train_top1, published_validation_top1, NaN where the thesis has another setting.
    """
    table = labelled(of_first_initialisation(children[children["experiment"] == NETWORK]))
    dense = table[table["score"] == NONE].set_index(["model", "seed"])["validation_top1"].rename("dense")
    table = table.join(dense, on=["model", "seed"])
    table = table.assign(gain=table["validation_top1"] - table["dense"])
    rows = [
        _row(dict(zip(KEYS, (model, scope, *mask), strict=True)), of_mask(in_scope(own, scope), *mask))
        for model, own in table.groupby("model", sort=False)
        for scope, masks in _order(own, TABLES[name][0])
        for mask in masks
    ]
    columns = [*KEYS, "seeds", "density", *(f"{one}{end}" for one in MEANS for end in ("", "_low", "_high"))]
    ours = pd.DataFrame([row for row in rows if row["seeds"]], columns=columns)
    return _beside(ours, of_source(name, data))


def _order(own: pd.DataFrame, scopes: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Scopes with their masks: the dense network once, where there is a scope to compare it with."""
    present = [scope for scope in SCOPES if scope in scopes and (own["scope"] == scope).any()]
    pruned = [mask for mask in MASKS if mask[0] != NONE]
    return [("", [(NONE, "")]), *((scope, pruned) for scope in present)] if present else []


def _row(keys: dict[str, str], part: pd.DataFrame) -> dict[str, object]:
    known = part.dropna(subset=["validation_top1"])
    row = {**keys, "seeds": len(known)}
    if len(known):
        row["density"] = float(known["density"].mean())
        for name in MEANS:
            row |= interval(
                name, known[name].to_numpy(dtype=np.float64), *(IN_POINTS if name == "gain" else IN_PERCENT)
            )
    return row


def _beside(ours: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    by = ["family", "scope", "score", "end"]
    table = beside(ours.assign(family=ours["model"].map(FAMILIES).astype(object)), theirs, by)
    off = ~np.isclose(
        table["density"].astype(float), table["published_density"].astype(float), rtol=0, atol=SAME_DENSITY
    )
    numbers = ["published_train_top1", "published_validation_top1"]
    table.loc[off, numbers] = np.nan
    return table.drop(columns=["family", "published_density"])
