"""Ten configs that combine what can be combined, planned by Snakemake itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import planned

from combinations_of_configs import ROWS, combined
from prunescape.plan.plan import Plan

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(len(ROWS) * tenth // 10, marks=[pytest.mark.full] if tenth % 3 else [])  # four in `make test`
        for tenth in range(10)
    ],
)
def test_snakemake_plans_the_jobs_of_the_plan(row: int, project: Callable[[dict[str, Any]], Path]) -> None:
    config = combined(ROWS[row])
    folder = project(config)
    plan = Plan(config, 2)
    studies = list(plan.companions)
    found = planned(folder, "hpspace", *studies)
    expected = {step.name: len(step.all_jobs()) for step in plan.steps} | {"write_index": 1}
    # What a network of the catalogue is like is known, unless it is asked for by `snakemake check`.
    expected["check_network"] = sum(map(plan.run.has_check, plan.run.models))
    # Rounds after the first are known when it has been planned.
    grows = "choose_batches" if plan.run.is_adaptive else "extend_grid"
    rounds = {"plan_confirmation", *({grows} if plan.hpspace.rounds else ())}
    for rule, count in found.items():
        if rule not in rounds and rule not in studies:
            assert count == expected[rule], rule
