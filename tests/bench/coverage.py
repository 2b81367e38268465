"""How often intervals of landscapes hold the truth, and verdicts are wrong, on landscapes whose truth is known.

    python tests/bench/coverage.py

writes docs/benchmarks/coverage.csv and its summary, with the Monte-Carlo standard error of every number, and
docs/benchmarks/confirmation.csv: the whole procedure of the verdict at the boundary of its null hypotheses.
"""

import csv
import sys
from typing import Any

from common import PROJECT, options

sys.path.insert(0, str(PROJECT / "tests"))

import numpy as np

import procedure
from landscape_samples import ANALYSIS, KINDS, Outcome, cells_of, replicate, trained, truth
from procedure import LEVEL, MARGIN, Case, too_often
from prunescape.hpspace.permutation import shift_tests

SEEDS = (2, 3, 5, 10)
DRAWS = 500
RUNS = 1000  # verdicts of each case
# Every kind with the demo's noise and one seed, then what else may vary, one by one, and the gains that are decided.
CASES = (
    *(Case(kind) for kind in procedure.KINDS),
    *(Case(kind, seeds=seeds) for kind in ("flatter", "cliff") for seeds in (2, 5)),
    *(Case(kind, noise=noise) for kind in ("flat", "edge") for noise in (0.2, 0.5, 1.2)),
    *(Case(kind, shared=True) for kind in ("ridge", "flatter", "rough")),
    *(Case(kind, collapse=0.02) for kind in ("cliff", "plateau")),
    *(Case("flat", noise=noise, gain=gain) for noise in (0.4, 0.9) for gain in (0.0, 2 * MARGIN)),
    Case("flatter", seeds=5, reused=True),  # wrong on purpose: the seeds that chose the luckiest cell are used again
)


def main(arguments: Any) -> None:
    count = 2 if arguments.smoke else arguments.replicates
    rows = []
    for kind in KINDS:
        for seeds in SEEDS[:1] if arguments.smoke else SEEDS:
            random = np.random.default_rng([seeds, KINDS.index(kind)])
            rows += _rows(kind, seeds, [list(replicate(kind, seeds, DRAWS, random)) for _ in range(count)])
            print(kind, seeds, flush=True)
        for seeds in SEEDS[2:3]:
            random = np.random.default_rng([seeds, 100 + KINDS.index(kind)])
            rows += _rows(kind, seeds, [list(_exchanged(kind, seeds, random)) for _ in range(count)])
    arguments.output.mkdir(parents=True, exist_ok=True)
    cases = CASES[:1] if arguments.smoke else CASES
    confirmed = [_verdicts(case, 5 if arguments.smoke else RUNS) for case in cases]
    for name, table in (("coverage", rows), ("coverage_summary", summarised(rows)), ("confirmation", confirmed)):
        with (arguments.output / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)


def summarised(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row a landscape and number of seeds: all intervals, that of the loss, and false alarms, in percent."""
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
                "shift_found_where_none_%": shown("shift found where there is none"),
            }
        )
    return table


def _verdicts(case: Case, runs: int) -> dict[str, Any]:
    """A row: how often a verdict on four networks has a wrong answer or interval, and how many answers there are."""
    random = np.random.default_rng([procedure.KINDS.index(case.kind), case.seeds, round(100 * case.noise), case.reused])
    found = [procedure.verdict(case, random) for _ in range(runs)]

    def percent(name: str) -> float:
        return round(100 * float(np.mean([getattr(one, name) for one in found])), 1)

    keep, tune, missed = percent("keep"), percent("tune"), round(100 - percent("hold"), 1)
    limits = ((tune, LEVEL), (keep, LEVEL), (missed, 2 * LEVEL))
    if case.gain != MARGIN:  # an answer on the right side is right
        limits = ((tune if case.gain < MARGIN else keep, LEVEL), (missed, 2 * LEVEL))
    print(case, keep, tune, missed, flush=True)
    return {
        "landscape": case.kind,
        "noise": case.noise,
        "exploring_seeds": case.seeds,
        "shared_noise": case.shared,
        "collapse_%": 100 * case.collapse,
        "true_gain": case.gain,
        "seeds_used_again": case.reused,
        "any_keep_%": keep,
        "any_tune_%": tune,
        "any_interval_misses_%": missed,
        "answers_keep_%": percent("keeps"),
        "answers_tune_%": percent("tunes"),
        "mean_seeds": round(float(np.mean([one.seeds for one in found])), 1),
        "too_often": any(too_often(of / 100, most, runs) for of, most in limits),
        "runs": runs,
    }


def _exchanged(kind: str, seeds: int, random: np.random.Generator):
    """Two networks with the same landscape: how often a test finds a change, at 5 %."""
    same = truth(kind, random)
    values = np.stack([trained(same, seeds, random) for _ in range(2)])
    tests = shift_tests(cells_of(values), ANALYSIS.roi, ANALYSIS.sigma, ANALYSIS.minimum_cells)
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
