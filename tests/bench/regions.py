"""How often intervals from few trainings hold the truth: where regions of interest lie, and how far they move.

    python tests/bench/regions.py

writes docs/benchmarks/regions.csv: of each quantity of estimates.csv, how often its interval holds the truth, over all
kinds of landscapes and of the kind where it does least. Networks are explored as in tests/bench/exploration.py, with
hopeless trainings stopped early, on other landscapes; those that the project's constant was chosen on were others
again. What is not told from few trainings stands beside it, as it would be.
"""

import csv
from collections.abc import Iterator
from typing import Any

import numpy as np
from common import options
from exploration import SETUPS, World, searched_stopping, worlds

import procedure
from landscape_samples import VARIANTS
from prunescape.hpspace import functionals
from prunescape.hpspace.exploration import draws
from prunescape.hpspace.lattice import THESIS
from prunescape.hpspace.regions import DEFINED, DEGREES, DRAWS, estimates
from prunescape.hpspace.resampling import summary
from prunescape.hpspace.surrogate import expanded

ROI, SIGMA, MINIMUM, CONFIDENCE, WHICH = (0.5, 1.0), 2.0, 5, 0.95, 4
NEEDS_GRID = ("length", "width", "area", "n_cells")


def held(world: World) -> Iterator[tuple[str, bool, bool]]:
    """Quantity, whether it is told from few trainings, and whether its interval holds the truth."""
    surrogate = searched_stopping(world)[-1]
    numbers = np.random.default_rng(0).standard_normal((len(VARIANTS), DRAWS, len(world.cells)))
    for roi in ROI:
        true = {
            name: functionals.ellipses(functionals.regions(f, roi), world.places, SIGMA, MINIMUM)
            for name, f in zip(VARIANTS, world.truths, strict=True)
        }
        moved = {name: of | functionals.shifts(true[VARIANTS[0]], of) for name, of in true.items()}
        told = estimates(surrogate, world.places, roi, SIGMA, MINIMUM, THESIS, VARIANTS)
        for (name, quantity), drawn in told.items():
            yield from _held(f"{quantity}, {roi:g}-ROI", True, drawn, float(moved[name][quantity]))
        for number, name in enumerate(VARIANTS):
            region = functionals.regions(expanded(draws(surrogate, number, numbers[number])), roi)
            shapes = functionals.ellipses(region, world.places, SIGMA, MINIMUM)
            for quantity in NEEDS_GRID:
                yield from _held(f"{quantity}, {roi:g}-ROI", False, shapes[quantity], float(true[name][quantity]))


def _held(name: str, is_told: bool, drawn: np.ndarray, truth: float) -> Iterator[tuple[str, bool, bool]]:
    if np.isfinite(truth) and np.isfinite(drawn).mean() >= DEFINED:
        bounds, slack = summary(drawn, CONFIDENCE, DEGREES), 1e-9 * max(1.0, abs(truth))
        yield name, is_told, bool(bounds["low"] - slack <= truth <= bounds["high"] + slack)


def main(arguments: Any) -> None:
    rows = []
    for setup in SETUPS[1:] if arguments.smoke else SETUPS:
        found: dict[tuple[str, bool], dict[str, list[bool]]] = {}
        for kind in procedure.KINDS[:1] if arguments.smoke else procedure.KINDS:
            for world in worlds(kind, setup, 1 if arguments.smoke else arguments.replicates, arguments.noise, WHICH):
                for name, is_told, holds in held(world):
                    found.setdefault((name, is_told), {}).setdefault(kind, []).append(holds)
        for (name, is_told), by_kind in found.items():
            every = [holds for of in by_kind.values() for holds in of]
            least = min(by_kind, key=lambda kind: float(np.mean(by_kind[kind])))
            rows.append(
                {
                    "grid": f"{setup.side} x {setup.side}",
                    "quantity": name,
                    "told": "yes" if is_told else "needs the grid",
                    "holds_%": round(100 * float(np.mean(every)), 1),
                    "least_%": round(100 * float(np.mean(by_kind[least])), 1),
                    "there": least,
                    "intervals": len(every),
                }
            )
            print(rows[-1], flush=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    with (arguments.output / "regions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def add(parser: Any) -> None:
    parser.add_argument("--replicates", type=int, default=3, help="models of five networks, of each kind of landscape")
    parser.add_argument("--noise", type=float, default=0.9, help="standard deviation of a training, in points")


if __name__ == "__main__":
    main(options(__doc__, add))
