"""How often the main job's intervals hold the truth, and its decisions are wrong, on landscapes whose truth is known.

    python tests/bench/coverage.py

writes docs/benchmarks/coverage.csv and its summary, with the Monte-Carlo standard error of every number.
"""

import csv
import sys
from typing import Any

from common import PROJECT, options

sys.path.insert(0, str(PROJECT / "tests"))

import numpy as np

from landscape_samples import ANALYSIS, KINDS, Outcome, cells_of, more_seeds_decide, replicate, trained, truth
from prunescape.hpspace.permutation import shift_tests

SEEDS = (2, 3, 5, 10)
DRAWS = 500
MOST_SEEDS = 24


def main(arguments: Any) -> None:
    count = 2 if arguments.smoke else arguments.replicates
    rows = []
    for kind in KINDS:
        for seeds in SEEDS[:1] if arguments.smoke else SEEDS:
            random = np.random.default_rng([seeds, KINDS.index(kind)])
            rows += _rows(kind, seeds, [list(replicate(kind, seeds, DRAWS, random)) for _ in range(count)])
            print(kind, seeds, flush=True)
        random = np.random.default_rng([0, KINDS.index(kind)])
        rows += _rows(kind, 3, [list(more_seeds_decide(kind, 3, DRAWS, MOST_SEEDS, random)) for _ in range(count)])
        for seeds in SEEDS[2:3]:
            random = np.random.default_rng([seeds, 100 + KINDS.index(kind)])
            rows += _rows(kind, seeds, [list(_exchanged(kind, seeds, random)) for _ in range(count)])
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, table in (("coverage", rows), ("coverage_summary", summarised(rows))):
        with (arguments.output / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)


def summarised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a landscape and number of seeds: all intervals, that of the loss, and wrong decisions, in percent."""
    table = []
    measured = [row for row in rows if row["quantity"] == "d_mean"]
    for kind, seeds in dict.fromkeys((row["landscape"], row["seeds"]) for row in measured):
        mine = {row["quantity"]: row for row in rows if (row["landscape"], row["seeds"]) == (kind, seeds)}
        held = [float(row["percent"]) for row in mine.values() if float(row["nominal_percent"]) == 95]

        def shown(name: str, mine: dict[str, dict[str, Any]] = mine) -> str:
            return f"{mine[name]['percent']} ± {mine[name]['standard_error']}" if name in mine else "–"

        table.append(
            {
                "landscape": kind,
                "seeds": seeds,
                "all_intervals_%": round(float(np.mean(held)), 1),
                "least_%": min(held),
                "interval_of_the_loss_%": shown("d_mean"),
                "wrongly_equivalent_%": shown("wrongly equivalent"),
                "wrongly_worse_%": shown("wrongly worse"),
                "shift_found_where_none_%": shown("shift found where there is none"),
                "decided_by_more_seeds_%": shown("decided by as many more seeds as asked for"),
            }
        )
    return table


def _exchanged(kind: str, seeds: int, random: np.random.Generator):
    """Two networks with the same landscape: how often a test finds a change, at 5 %."""
    same = truth(kind, random)
    values = np.stack([trained(same, seeds, random) for _ in range(2)])
    tests = shift_tests(cells_of(values), ANALYSIS)
    for name in ("shift", "area_ratio", "turn_degrees"):
        for value in tests.loc[tests["roi"] == 1.0, f"{name}_p"].dropna():
            yield Outcome(f"{name} found where there is none", 5.0, bool(value <= 0.05))


def _rows(kind: str, seeds: int, replicates: list[list[Outcome]]) -> list[dict[str, Any]]:
    """A row a quantity: how often it happened, with the standard error over replicates, which share their noise."""
    outcomes = [outcome for found in replicates for outcome in found]
    rows = []
    for name in dict.fromkeys(outcome.quantity for outcome in outcomes):
        means = [[o.happened for o in found if o.quantity == name] for found in replicates]
        means = [np.mean(found) for found in means if found]
        error = 100 * np.std(means, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.nan
        mine = [outcome for outcome in outcomes if outcome.quantity == name]
        rows.append(
            {
                "landscape": kind,
                "seeds": seeds,
                "quantity": name,
                "percent": round(100 * float(np.mean([outcome.happened for outcome in mine])), 1),
                "nominal_percent": mine[0].nominal,
                "standard_error": round(float(error), 1),
                "cases": len(mine),
            }
        )
    return rows


if __name__ == "__main__":
    main(options(__doc__, lambda parser: parser.add_argument("--replicates", type=int, default=100)))
