"""The performance risk of keeping the dense network's hyperparameters (thesis, section 3.3.2, Table 4.2)."""

import pandas as pd

from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.landscape import mean_over_seeds, metrics_of, region_of_interest


def tabulate(cells: pd.DataFrame, risk_roi: float) -> dict[str, pd.DataFrame]:
    """`risk_cells.csv` and `risk.csv` by name, of `cells.csv`; the threshold of the region of interest is in points."""
    compared = of_grid(cells)
    of_cells = risk_cells(compared, risk_roi)
    tables = {"risk_cells": of_cells, "risk": risk_table(of_cells)}
    return {name: with_variants(table, compared) for name, table in tables.items()}


def risk_cells(cells: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """The risk of every cell that the dense network would have been content with.

    For each variant and each cell of the dense network's `threshold`-ROI: d = f(best) - f(cell) in points (eq. 3.4),
    and d_relative = d / f(best) (eq. 3.6), where f is the variant's own landscape.

    Returns:
        model, variant, metric, i, j, d, d_relative.
    """
    parts = []
    for metric in metrics_of(cells):
        landscape = mean_over_seeds(cells, metric)
        for model, of_model in landscape.groupby("model", sort=False):
            dense = of_model[of_model["variant"] == DENSE]
            region = region_of_interest(dense, threshold)[["i", "j"]]
            for variant, of_variant in of_model.groupby("variant", sort=False):
                best = of_variant["f"].max()
                part = of_variant.merge(region, on=["i", "j"])
                part = part.assign(d=best - part["f"])
                part = part.assign(d_relative=part["d"] / best if best > 0 else 0.0)
                part = part.assign(model=model, variant=variant, metric=metric)
                parts.append(part)
    return pd.concat(parts, ignore_index=True)[["model", "variant", "metric", "i", "j", "d", "d_relative"]]


def risk_table(of_cells: pd.DataFrame) -> pd.DataFrame:
    """Mean and population standard deviation of the risk (eq. 3.5), as `risk.csv` has it.

    Args:
        of_cells: what `risk_cells` gives.
    """
    groups = of_cells.groupby(["model", "variant", "metric"], sort=False)
    table = pd.DataFrame(
        {
            "n_cells": groups.size(),
            "d_mean": groups["d"].mean(),
            "d_std": groups["d"].std(ddof=0),
            "rel_mean": groups["d_relative"].mean(),
            "rel_std": groups["d_relative"].std(ddof=0),
        }
    )
    return table.reset_index()
