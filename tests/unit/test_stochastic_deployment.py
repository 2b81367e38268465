"""What is deployed: chosen on held-out images by hand-made sweeps, confirmed on fresh networks."""

import pandas as pd
import pytest

from prunescape.stochastic.deployment import choose_deployment, deployed_cells, deployment
from prunescape.stochastic.variants import deployed_variants
from stochastic_results import CELL, DEPLOYED, MODEL, deployed, stated, tables

# By method and pruning rate: accuracy without noise, and with each of two noises; the dense network has 95 %.
ACCURACIES = {
    ("magnitude", 0.5): (95.0, {0.01: 94.0, 0.02: 93.0}),
    ("magnitude", 0.7): (94.0, {0.01: 94.5, 0.02: 94.2}),
    ("magnitude", 0.9): (80.0, {0.01: 93.0, 0.02: 94.1}),
    ("lamp", 0.5): (93.9, {0.01: 90.0, 0.02: 93.0}),
    ("lamp", 0.7): (94.5, {0.01: 94.5, 0.02: 94.0}),  # lucky: a milder rate is not within a point
    ("lamp", 0.9): (85.0, {0.01: 70.0, 0.02: 60.0}),
}


def sweep(*, recalibrated: bool) -> pd.DataFrame:
    """With batch norm, the accuracies are those after recalibration; before it all are 30 points lower."""
    rows = []
    for seed, off in ((0, -0.25), (1, 0.25)):
        for again in (False, True)[: 1 + recalibrated]:
            shift = off - (30.0 if recalibrated and not again else 0.0)
            rows.append((seed, "none", 0.0, 0.0, "dense", 0, again, 95.0 + off))
            rows.append((seed, "none", 0.0, 0.01, "dense_stochastic", 0, again, 90.0 + off))
            for (method, gamma), (plain, noisy) in ACCURACIES.items():
                rows.append((seed, method, gamma, 0.0, "deterministic", 0, again, plain + shift))
                for sigma, top1 in noisy.items():
                    draws = enumerate([top1 - 9, top1, top1 + 1])
                    rows += [(seed, method, gamma, sigma, "stochastic", d, again, of + shift) for d, of in draws]
    columns = ["seed", "method", "gamma", "sigma", "kind", "draw", "recalibrated", "top1"]
    return pd.DataFrame(rows, columns=columns).assign(model="m")


@pytest.mark.parametrize("recalibrated", [True, False])
def test_the_largest_rate_up_to_which_all_are_within_a_point(recalibrated: bool) -> None:
    found = choose_deployment(sweep(recalibrated=recalibrated))
    assert found["largest"] == [
        {"method": "magnitude", "kind": "deterministic", "gamma": 0.7, "sigma": 0.0},
        {"method": "magnitude", "kind": "stochastic", "gamma": 0.9, "sigma": 0.02},
    ]
    assert found["gamma"] == 0.9
    assert found["deterministic"] == {"method": "lamp", "sigma": 0.0, "top1": pytest.approx(85.0)}
    assert found["stochastic"] == {"method": "magnitude", "sigma": 0.02, "top1": pytest.approx(94.1)}
    assert found["recalibrated"] is recalibrated
    cells = deployed_cells(found)
    assert cells[2:] == [("deterministic", "lamp", 0.9, 0.0)]  # the other is there already
    assert [one.draw for one in deployed_variants(found, 2)] == [0, 0, 0, 1, 0]


def test_where_no_rate_is_within_a_point_the_mildest_is_asked() -> None:
    table = sweep(recalibrated=False)
    table.loc[table["kind"].isin(["deterministic", "stochastic"]), "top1"] -= 20.0
    found = choose_deployment(table)
    assert (found["largest"], found["gamma"]) == ([], 0.5)


def test_confirmed_sparsities() -> None:
    found = deployment(deployed(), [{"deployed": DEPLOYED}], [MODEL]).set_index("kind")
    assert found["gamma"].to_dict() == {"deterministic": 0.8, "stochastic": CELL["gamma"]}
    assert found.loc["stochastic", ["dense", "top1", "difference"]].tolist() == pytest.approx([95.0, 94.5, -0.5])
    assert found.loc["deterministic", "difference"] == pytest.approx(-5.0)


@pytest.mark.parametrize(("factor", "useful", "within"), [(1.0, "holds", "holds"), (0.0,) + ("does not hold",) * 2])
def test_claims_on_deployment(factor: float, useful: str, within: str) -> None:
    said = {claim.id: claim for claim in stated(tables(factor, range(12))).claims}
    claim = said[f"stochastic.noise_in_deployment.{MODEL}"]
    assert claim.outcome == useful
    assert "without noise up to 80 % of the weights, with noise up to 90 % of the weights" in claim.answer
    assert said[f"stochastic.sparsity_within_a_point.{MODEL}"].outcome == within
