"""The question of deployment: how many weights may go, within a point of the dense network, with noise and without?

The sweep chooses on held-out images: for each way of choosing weights the largest pruning rate that costs no more than
a point, and the hardest of these. Fresh networks tell on the test images. Batch norm is recalibrated where there is
any, as whoever deploys a network would do. Light: tables and claims read it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.intervals import IN_PERCENT, IN_POINTS, interval
from prunescape.io.files import read_json
from prunescape.stochastic.confirming import PAPER, POINTS, WORTH, Confirming
from prunescape.stochastic.names import DENSE, DENSE_STOCHASTIC, DETERMINISTIC, STOCHASTIC
from prunescape.stochastic.statistics import seed_intervals

LOSS = 1.0  # points of accuracy that may be lost
BETTER = Estimand(
    "noise_in_deployment",
    "Is noise of use where as many weights are removed as a point of accuracy allows?",
    f"beyond {PAPER}",
    "At the largest pruning rate within a point of the dense network noise gains, each way at its best.",
    "accuracy of the best way with noise minus that of the best without, at the hardest pruning rate within a point of"
    " the dense network on held-out images, batch norm recalibrated where there is any",
    **WORTH,
)
WITHIN = Estimand(
    "sparsity_within_a_point",
    "Is the better of both within a point of the dense network there?",
    f"beyond {PAPER}",
    "At the pruning rate that held-out images allow, the better way is within a point of the dense network.",
    "accuracy of the way that is better on held-out images minus that of the dense network, plus one point",
    smallest=1.0,
    lowest=-99.0,
    highest=101.0,
    unit=POINTS,
)


def choose_deployment(sweep: pd.DataFrame) -> dict[str, Any]:
    """The settings that are deployed, chosen by the accuracies of the networks that explore.

    Args:
        sweep: sweep.csv of one model, on held-out images.

    Returns:
        As JSON values: largest, for each method and kind (deterministic, stochastic) the largest pruning rate up to
        which each one of the sweep is within a point of the dense network, with the best noise there, as method, kind,
        gamma, sigma, none where not even the mildest is; gamma, the largest of these, or the mildest of the sweep;
        deterministic and stochastic, the best method and noise there, as method, sigma and top1; and recalibrated.
    """
    again = bool(sweep["recalibrated"].any())
    rows = seed_intervals(sweep)
    dense = float(rows[(rows["kind"] == DENSE_STOCHASTIC) & ~rows["recalibrated"].astype(bool)]["reference"].iloc[0])
    cells = rows[(rows["kind"] == STOCHASTIC) & (rows["recalibrated"].astype(bool) == again)]
    noisy = cells.loc[cells.groupby(["method", "gamma"], sort=False)["median"].idxmax()]
    noisy = noisy[["method", "gamma", "sigma", "median"]].rename(columns={"median": "top1"})
    plain = cells.drop_duplicates(["method", "gamma"])[["method", "gamma", "reference"]]
    plain = plain.rename(columns={"reference": "top1"}).assign(sigma=0.0)
    ways = {DETERMINISTIC: plain, STOCHASTIC: noisy}
    largest: list[dict[str, Any]] = []
    found: list[pd.DataFrame] = []
    for kind, table in ways.items():
        for method, part in table.groupby("method", sort=False):
            ordered = part.sort_values("gamma")
            allowed = ordered[(ordered["top1"] >= dense - LOSS).cummin()]
            if len(allowed):
                last = allowed.iloc[-1]
                cell = {"gamma": float(last["gamma"]), "sigma": float(last["sigma"])}
                largest.append({"method": str(method), "kind": kind, **cell})
                found.append(allowed)
    rates = [float(part["gamma"].max()) for part in found]
    gamma = max(rates, default=float(cells["gamma"].min()))
    best: dict[str, Any] = {}
    for kind, table in ways.items():
        here = table[table["gamma"] == gamma]
        row = here.loc[here["top1"].idxmax()]
        best[kind] = {"method": str(row["method"]), "sigma": float(row["sigma"]), "top1": float(row["top1"])}
    return {"largest": largest, "gamma": gamma, **best, "recalibrated": again}


def deployed_cells(chosen: Mapping[str, Any]) -> list[tuple[str, str, float, float]]:
    """Kind, method, pruning rate and noise of all that is measured on fresh networks; see `choose_deployment`."""
    cells = [(one["kind"], one["method"], one["gamma"], one["sigma"]) for one in chosen["largest"]]
    for kind in (DETERMINISTIC, STOCHASTIC):
        cells.append((kind, chosen[kind]["method"], chosen["gamma"], chosen[kind]["sigma"]))
    return list(dict.fromkeys(cells))


def deployment(deployed: pd.DataFrame, cells: Sequence[Mapping[str, Any]], models: Sequence[str]) -> pd.DataFrame:
    """The largest sparsity within a point of the dense network by way, and what fresh networks say of it.

    Args:
        deployed: deployed.csv.
        cells: what was chosen, of `models`.
        models: their names.

    Returns:
        One row a model, kind and method: model, kind, method, gamma, sigma, recalibrated, seeds, dense (percent); top1,
        and difference to the dense network in points, with intervals over fresh networks.
    """
    rows = []
    for model, cell in zip(models, cells, strict=True):
        chosen = cell["deployed"]
        own = deployed[deployed["model"] == model]
        dense = _dense(own)
        for one in chosen["largest"]:
            top1 = _accuracies(own, chosen["recalibrated"], one["kind"], one["method"], one["gamma"], one["sigma"])
            row = {"model": model, **one, "recalibrated": chosen["recalibrated"], "seeds": len(top1)}
            row |= {"dense": dense.mean()} | interval("top1", top1.to_numpy(dtype=np.float64), *IN_PERCENT)
            rows.append(row | interval("difference", (top1 - dense).to_numpy(dtype=np.float64), *IN_POINTS))
    names = ["model", "kind", "method", "gamma", "sigma", "recalibrated", "seeds", "dense"]
    bounds = [f"{name}{end}" for name in ("top1", "difference") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=[*names, *bounds])


def of_files(deployed: pd.DataFrame, cells: Sequence[str], models: Sequence[str]) -> pd.DataFrame:
    """The table `deployment`, of the files with what was chosen; see `deployment`."""
    return deployment(deployed, [read_json(path) for path in cells], models)


def _dense(own: pd.DataFrame) -> pd.Series:
    rows = own[(own["kind"] == DENSE) & ~own["recalibrated"].astype(bool)]
    return rows.set_index("seed")["top1"]


def _accuracies(own: pd.DataFrame, again: bool, kind: str, method: str, gamma: float, sigma: float) -> pd.Series:
    """The median over draws of a cell, by seed."""
    here = (own["kind"] == kind) & (own["method"] == method) & (own["gamma"] == gamma) & (own["sigma"] == sigma)
    return own[here & (own["recalibrated"].astype(bool) == again)].groupby("seed")["top1"].median()


def in_deployment(deployed: pd.DataFrame, chosen: Mapping[str, Any], confirming: Confirming) -> list[Claim]:
    """Claims on deployed.csv of one model.

    Args:
        deployed: of the model.
        chosen: what `choose_deployment` gave.
        confirming: of the model.
    """
    gamma, again = chosen["gamma"], chosen["recalibrated"]
    top1 = {
        kind: _accuracies(deployed, again, kind, chosen[kind]["method"], gamma, chosen[kind]["sigma"])
        for kind in (DETERMINISTIC, STOCHASTIC)
    }
    dense = _dense(deployed)
    allowed = {
        kind: max((one["gamma"] for one in chosen["largest"] if one["kind"] == kind), default=None) for kind in top1
    }
    told = [
        f"{words} up to {100 * rate:g} % of the weights" if rate else f"{words} none of the rates"
        for words, rate in (("without noise", allowed[DETERMINISTIC]), ("with noise", allowed[STOCHASTIC]))
    ]
    better = max(top1, key=lambda kind: chosen[kind]["top1"])
    return [
        confirming.of(top1[STOCHASTIC], top1[DETERMINISTIC]).gains(
            BETTER,
            top1[STOCHASTIC] - top1[DETERMINISTIC],
            f"held-out images allow {told[0]}, {told[1]}; at gamma {gamma:g} {chosen[STOCHASTIC]['method']} with sigma"
            f" {chosen[STOCHASTIC]['sigma']:g} has {top1[STOCHASTIC].mean():.1f} %, {chosen[DETERMINISTIC]['method']}"
            f" without noise {top1[DETERMINISTIC].mean():.1f} %, the dense network {dense.mean():.1f} %, a gain of"
            " {}",
            numbers={"gamma": gamma},
        ),
        confirming.above(
            WITHIN,
            top1[better] - dense + LOSS,
            f"at gamma {gamma:g} {better} pruning by {chosen[better]['method']} has {top1[better].mean():.1f} %, the"
            f" dense network {dense.mean():.1f} %; the difference and one point is {{}}",
            unit=POINTS,
        ),
    ]
