"""Tables 3.1, 3.2, 3.4, 3.5, 4.1 and 4.2 of the thesis from our results, with its numbers where the settings agree.

A published number has the same column's name after `published_`, and what ours differs by after `difference_`.
`setting` says "as published", or every setting in which the run differs (see `prunescape.hpspace.setting`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.claims.published import beside, published
from prunescape.data.prepared import PreparedData, load_prepared
from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.ellipse import confidence_level
from prunescape.hpspace.intervals import BESIDE_DENSE, ELLIPSE, RISK
from prunescape.hpspace.setting import AS_PUBLISHED, differing
from prunescape.models.architecture import Architecture, load_architecture

SOURCE = "matthiesen2023_table_"
KEYS = ["model", "variant", "metric"]


def make_table_3_1(meta: str, data: str) -> pd.DataFrame:
    """`table_3_1.csv`, of the file that describes the prepared data and the data set's name."""
    return table_3_1(load_prepared(meta), data)


def make_table_3_2(architectures: Sequence[str], data: str) -> pd.DataFrame:
    """`table_3_2.csv`, of the files of the dense networks and the data set's name."""
    return table_3_2([load_architecture(path) for path in architectures], data)


def table_3_1(images: PreparedData, data: str) -> pd.DataFrame:
    """The data set's images and classes, and the thesis'."""
    classes, shape = len(images.classes), _shape(images.input_shape)
    sizes = {f"{split}_images": count for split, count in images.sizes.items()}
    ours = pd.DataFrame([{"data": data, "input_shape": shape, **sizes, "classes": classes}])
    return beside(ours, published(f"{SOURCE}3_1"), ["data"])


def table_3_2(networks: Sequence[Architecture], data: str) -> pd.DataFrame:
    """The dense networks' parameters and FLOPs, counted as everywhere and as the thesis' tool, and the thesis'.

    Its numbers are those of its own data sets and sizes of images.
    """
    columns = ["model", "input_shape", "params", "flops", "flops_with_norms"]
    rows = [(of.name, _shape(of.input_shape), of.parameters, of.flops, of.flops_with_norms) for of in networks]
    return beside(pd.DataFrame(rows, columns=columns), published(f"{SOURCE}3_2", data), ["model", "input_shape"])


def table_3_5() -> pd.DataFrame:
    """The part of a Gaussian outside its ellipse of 1 to 4 standard deviations, and the thesis'."""
    ours = pd.DataFrame([{"sigma": sigma, "confidence_level": confidence_level(sigma)} for sigma in (1, 2, 3, 4)])
    return beside(ours, published(f"{SOURCE}3_5"), ["sigma"])


def _shape(shape: Sequence[int]) -> str:
    """The shape of an image as the thesis writes it, `32 x 32 x 3`, of (channels, height, width)."""
    channels, *sides = shape
    return " x ".join(map(str, (*sides, channels)))


def make_table_3_4(cells: pd.DataFrame, compared: Mapping[str, Any], theirs: Mapping[str, Any]) -> pd.DataFrame:  # noqa: ARG001
    """Table 3.4, of `cells.csv`.

    Args:
        compared: see `prunescape.hpspace.setting.differing`.
        theirs: the thesis' settings by model, what ours are compared with: for the identity of the table alone.
    """
    return table_3_4(of_grid(cells), compared)


def make_table_4_1(
    cells: pd.DataFrame,
    intervals: pd.DataFrame,
    compared: Mapping[str, Any],
    theirs: Mapping[str, Any],  # noqa: ARG001
) -> pd.DataFrame:
    """Table 4.1, of `cells.csv` and `intervals.csv`; see `make_table_3_4`."""
    return with_variants(table_4_1(intervals, compared), cells)


def make_table_4_2(
    cells: pd.DataFrame,
    intervals: pd.DataFrame,
    compared: Mapping[str, Any],
    theirs: Mapping[str, Any],  # noqa: ARG001
) -> pd.DataFrame:
    """Table 4.2, of `cells.csv` and `intervals.csv`; see `make_table_3_4`."""
    return with_variants(table_4_2(intervals, compared), cells)


def table_3_4(cells: pd.DataFrame, config: Mapping[str, Any]) -> pd.DataFrame:
    """The dense network at the prior, mean accuracies over seeds in percent, and the thesis'.

    Args:
        cells: `cells.csv`.
        config: see `prunescape.hpspace.setting.differing`.
    """
    prior = cells[(cells["variant"] == DENSE) & (cells["i"] == 0) & (cells["j"] == 0)]
    ours = prior.groupby("model", sort=False, as_index=False).agg(
        learning_rate=("learning_rate", "first"),
        weight_decay=("weight_decay", "first"),
        seeds=("seed", "size"),
        top1=("top1", "mean"),
        top5=("top5", "mean"),
    )
    return _beside(ours, published(f"{SOURCE}3_4"), ["model"], ["top1", "top5"], config)


def table_4_1(intervals: pd.DataFrame, config: Mapping[str, Any]) -> pd.DataFrame:
    """The ellipses: a row a model, variant, metric and region, each number with its interval, and the thesis'.

    Args:
        intervals: `intervals.csv`.
        config: see `prunescape.hpspace.setting.differing`.
    """
    return _beside(
        _wide(intervals, ELLIPSE),
        published(f"{SOURCE}4_1"),
        ["model", "variant", "roi"],
        ["length", "width", "centre_log10_weight_decay", "centre_log10_learning_rate"],
        config,
    )


def table_4_2(intervals: pd.DataFrame, config: Mapping[str, Any]) -> pd.DataFrame:
    """The performance risk with intervals, and the thesis', of the dense network's `analysis.risk_roi`.

    The thesis prints no excess over the dense network's own risk; it is the difference of two of its rows.
    """
    theirs = published(f"{SOURCE}4_2")
    dense = theirs[theirs["variant"] == DENSE].set_index("model")["d_mean"]
    theirs["d_excess"] = theirs["d_mean"] - theirs["model"].map(dense)
    columns = ["d_mean", "d_std", "rel_mean", "rel_std", "d_excess"]
    return _beside(_wide(intervals, RISK + BESIDE_DENSE), theirs, ["model", "variant"], columns, config)


def _wide(intervals: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """A column each for what was measured, estimate, low and high of every quantity."""
    ours = intervals[intervals["quantity"].isin(quantities)]
    by = [*KEYS, "roi", "seeds", "confidence"]
    rows = []
    for key, part in ours.groupby(by, sort=False):
        row = dict(zip(by, key, strict=True))
        for one in part.itertuples():
            row |= {one.quantity: one.measured}
            row |= {f"{one.quantity}_{end}": getattr(one, end) for end in ("estimate", "low", "high")}
        rows.append(row)
    return pd.DataFrame(rows)


def _beside(
    ours: pd.DataFrame, theirs: pd.DataFrame, by: list[str], columns: list[str], config: Mapping[str, Any]
) -> pd.DataFrame:
    """Our table with columns of the thesis' beside, by the columns that tell its rows apart, and the settings."""
    settings = {model: "; ".join(differing(model, config)) or AS_PUBLISHED for model in ours["model"].unique()}
    result = beside(ours, theirs[[*by, *columns]], by)
    result["setting"] = result["model"].map(settings)
    shown = result["setting"] == AS_PUBLISHED
    if "metric" in result:
        shown &= result["metric"] == "top1"  # the thesis prints both tables for top-1 accuracy
    for name in columns:
        result[f"published_{name}"] = result[f"published_{name}"].where(shown)
        result[f"difference_{name}"] = result[name] - result[f"published_{name}"]
    return result
