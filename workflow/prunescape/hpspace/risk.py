"""The performance risk of keeping the dense network's hyperparameters (thesis, section 3.3.2, Table 4.2).

The thesis calls the risk acceptable (section 4.2, of Figure 4.5) where three quarters of the cells of the dense
network's region of interest have a relative risk of at most twice the dense network's own. By its numbers (about 0.005
for the dense network, 0.01 for twice of it) that own risk is the largest in the region, which its width bounds.
"""

import numpy as np
import pandas as pd

from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.functionals import ROUNDING, TWICE
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
    """Mean and population standard deviation of the risk (eq. 3.5), as `risk.csv` has it, and what it is beside dense.

    Args:
        of_cells: what `risk_cells` gives.

    Returns:
        model, variant, metric, n_cells, d_mean, d_std, rel_mean, rel_std; rel_q3, the third quartile of the relative
        risk; d_excess, by how many points the mean risk is above the dense network's own; within_twice, the part of the
        cells whose relative risk is at most twice the dense network's largest.
    """
    groups = of_cells.groupby(["model", "variant", "metric"], sort=False)
    table = pd.DataFrame(
        {
            "n_cells": groups.size(),
            "d_mean": groups["d"].mean(),
            "d_std": groups["d"].std(ddof=0),
            "rel_mean": groups["d_relative"].mean(),
            "rel_std": groups["d_relative"].std(ddof=0),
            "rel_q3": groups["d_relative"].agg(third_quartile),
        }
    )
    own = table.xs(DENSE, level="variant")["d_mean"]
    table["d_excess"] = table["d_mean"] - own.reindex(table.index.droplevel("variant")).to_numpy()
    dense = of_cells[of_cells["variant"] == DENSE].groupby(["model", "metric"])["d_relative"].max()
    limit = TWICE * dense.reindex(pd.MultiIndex.from_frame(of_cells[["model", "metric"]])).to_numpy()
    within = of_cells.assign(within=of_cells["d_relative"] <= limit + ROUNDING)
    table["within_twice"] = within.groupby(["model", "variant", "metric"], sort=False)["within"].mean()
    return table.reset_index()


def third_quartile(values: pd.Series) -> float:
    """The upper border of a box as Plotly draws it, in the thesis' figures: Hazen's quantile."""
    return float(np.quantile(values, 0.75, method="hazen"))
