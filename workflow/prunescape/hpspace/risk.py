"""The performance risk of keeping the dense network's hyperparameters (thesis, section 3.3.2, Table 4.2).

The thesis calls the risk acceptable (section 4.2, of Figure 4.5) where three quarters of the cells of the dense
network's region of interest have a relative risk of at most twice the dense network's own. By its numbers (about 0.005
for the dense network, 0.01 for twice of it) that own risk is the largest in the region, which its width bounds.
"""

import pandas as pd

from prunescape.hpspace.cells import of_grid, with_variants
from prunescape.hpspace.cube import DENSE
from prunescape.hpspace.functionals import beside_dense, regions, risks
from prunescape.hpspace.landscape import mean_over_seeds, metrics_of, region_of_interest

RISK = ("d_mean", "d_std", "rel_mean", "rel_std", "rel_q3", "d_excess", "within_twice")


def tabulate(cells: pd.DataFrame, risk_roi: float) -> dict[str, pd.DataFrame]:
    """`risk_cells.csv` and `risk.csv` by name, of `cells.csv`; the threshold of the region of interest is in points."""
    compared = of_grid(cells)
    tables = {"risk_cells": risk_cells(compared, risk_roi), "risk": risk_table(compared, risk_roi)}
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


def risk_table(cells: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Mean and population standard deviation of the risk (eq. 3.5), as `risk.csv` has it, and what it is beside dense.

    Args:
        cells, threshold: see `risk_cells`.

    Returns:
        model, variant, metric, n_cells, d_mean, d_std, rel_mean, rel_std; rel_q3, the third quartile of the relative
        risk; d_excess, by how many points the mean risk is above the dense network's own; within_twice, the part of the
        cells whose relative risk is at most twice the dense network's largest.
    """
    rows = []
    for metric in metrics_of(cells):
        for model, of_model in mean_over_seeds(cells, metric).groupby("model", sort=False):
            landscapes = of_model.pivot(index="variant", columns=["i", "j"], values="f")
            dense = landscapes.loc[DENSE].to_numpy()
            for variant in of_model["variant"].unique():
                pruned = landscapes.loc[variant].to_numpy()
                found = risks(dense, pruned, threshold) | beside_dense(dense, dense, pruned, threshold)
                row = {"model": model, "variant": variant, "metric": metric, "n_cells": regions(dense, threshold).sum()}
                rows.append(row | {name: float(found[name]) for name in RISK})
    return pd.DataFrame(rows)
