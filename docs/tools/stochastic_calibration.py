"""Print how often gains are decided, rightly and wrongly: the table of docs/stochastic.md, in a minute.

Networks scatter around the true gain, draws of noise around each network; the answer is that of the study's claims.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow"))

from prunescape.claims.asking import Asking
from prunescape.claims.claim import About
from prunescape.claims.judgement import BEYOND, NOT_ABOVE, beyond
from prunescape.statistics.looks import GENERATIONS
from prunescape.stochastic.gain_claims import WINS

RUNS, SEEDS, DRAWS = 1000, (3, 5, 10, 20), 10
MARGIN, LEVEL, CORE, PART = 0.5, 0.05, 3, 0.8  # points; of the study; its core questions, and their part
NETWORKS, WITHIN = 1.0, 2.0  # standard deviations of networks and of draws, in points
GAINS = (0.0, MARGIN, MARGIN + WINS.smallest)


def main() -> None:
    """Print the table in Markdown."""
    level = LEVEL * GENERATIONS[0] * PART / CORE
    asking = Asking(About("stochastic", "any", "simulated"), level, level)
    print(f"Each answer's level: {100 * level:.2f} % in each direction.\n")
    print("| networks | " + " | ".join(f"{word} at {gain:g}" for gain in GAINS for word in ("yes", "no")) + " |")
    print("|---" * (1 + 2 * len(GAINS)) + "|")
    for seeds in SEEDS:
        rng, cells = np.random.default_rng(seeds), []
        for gain in GAINS:
            networks = gain + rng.normal(0, NETWORKS, (RUNS, seeds, 1))
            medians = np.median(networks + rng.normal(0, WITHIN, (RUNS, seeds, DRAWS)), axis=2)
            rows = [asking.row(WINS, "gain", pd.Series(values), core=True) for values in medians]
            said = [beyond("gain", row, MARGIN) for row in rows]
            cells += [f"{100 * said.count(word) / RUNS:.1f} %" for word in (BEYOND, NOT_ABOVE)]
        print(f"| {seeds} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
