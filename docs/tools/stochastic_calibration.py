"""Print how often answers are decided, rightly and wrongly: the tables of docs/stochastic.md, in a minute or two.

Networks scatter around the true gain, draws of noise around each network; the answers are those of the study's claims.
The second table has every rule at every boundary of what it tests, where each answer is a mistake.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow"))

from prunescape.claims import asking
from prunescape.claims.asking import Asking
from prunescape.claims.claim import About, Claim
from prunescape.claims.judgement import BEYOND, FAILS, HOLDS, NOT_ABOVE, beyond
from prunescape.statistics.looks import GENERATIONS
from prunescape.stochastic.artefact_claims import ARTEFACT
from prunescape.stochastic.cause_claims import DROWNED, IN_ONE, SAME_BASIN
from prunescape.stochastic.confirming import Confirming
from prunescape.stochastic.gain_claims import DENSE_SAME, DRAWS, EVERYWHERE, WINS
from prunescape.stochastic.search_claims import SEARCHED
from prunescape.stochastic.tuning_claims import FORETELLS

RUNS, SEEDS, DRAWS_OF_EACH = 1000, (3, 5, 10, 20), 10
MARGIN, LEVEL, CORE, PART = 0.5, 0.05, 3, 0.8  # points; of the study; its core questions, and their part
NETWORKS, WITHIN = 1.0, 2.0  # standard deviations of networks and of draws, in points
GAINS = (0.0, MARGIN, MARGIN + WINS.smallest)
ABOUT = About("stochastic", "any", "simulated")
FLAGGED = 3.5  # standard errors above the level
NEARLY = 0.9  # the share of `nearly_every_draw`

Answers = Callable[[Confirming, np.random.Generator, int], Claim]


class Case(NamedTuple):
    """A rule at a boundary of what it tests, and which answers are mistakes there.

    Attributes:
        words: what it is.
        seeds: networks.
        answers: one answer, of simulated numbers.
        mistakes: outcomes that are wrong.
    """

    words: str
    seeds: int
    answers: Answers
    mistakes: tuple[str, ...] = (HOLDS, FAILS)


def _gains(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    draws = MARGIN + rng.normal(0, NETWORKS, (seeds, 1)) + rng.normal(0, WITHIN, (seeds, DRAWS_OF_EACH))
    return confirming.gains(WINS, pd.Series(np.median(draws, axis=1)))


def _counted(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    """Gains between counts of right answers of 300 test images."""
    right = [rng.binomial(300, part, seeds) / 3 for part in (0.605, 0.6)]
    return confirming.gains(WINS, pd.Series(right[0] - right[1]))


def _share(networks_alike: bool, draws: int) -> Answers:
    """Shares of draws that are better: each draw by chance, or all of a network or none."""

    def answer(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
        better = rng.binomial(draws, NEARLY, seeds) / draws if networks_alike else rng.binomial(1, NEARLY, seeds)
        return confirming.above(DRAWS, pd.Series(better - NEARLY), "{}")

    return answer


def _rare(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    """One network in eight gains, the others nothing but the scatter of a few test images; the mean is the margin."""
    found = rng.random(seeds) < 1 / 8
    return confirming.gains(SEARCHED, pd.Series(np.where(found, 8 * MARGIN, 0.0) + rng.normal(0, 0.1, seeds)))


def _rare_zeros(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    return confirming.gains(SEARCHED, pd.Series(np.where(rng.random(seeds) < 1 / 8, 8 * MARGIN, 0.0)))


def _equal(side: int) -> Answers:
    def answer(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
        return confirming.equal(DENSE_SAME, pd.Series(side * MARGIN + rng.normal(0, 0.3, seeds)), "{}")

    return answer


def _barrier(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    """Barriers of two points on the mean, which are never below zero and skewed."""
    return confirming.equal(SAME_BASIN, pd.Series(rng.gamma(16.0, IN_ONE / 16.0, seeds)), "{}", margin=IN_ONE)


def _above(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    return confirming.above(DROWNED, pd.Series(rng.normal(0, 0.05, seeds)), "{}")


def _correlation(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
    """Rank correlations of nothing, over the 20 variants of each network."""
    ranks = rng.permuted(np.tile(np.arange(20.0), (seeds, 1)), axis=1)  # against ranks in order
    return confirming.above(FORETELLS, pd.Series(np.corrcoef(ranks, np.arange(20.0))[-1, :-1]), "{}")


def _every(*gains: float) -> Answers:
    def answer(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
        shared = rng.normal(0, 1, (seeds, 1))  # cells of a network have their deterministic networks in common
        return confirming.every(EVERYWHERE, pd.DataFrame(np.array(gains) + shared + rng.normal(0, 1, (seeds, 3))), "{}")

    return answer


def _all_above(*means: float) -> Answers:
    def answer(confirming: Confirming, rng: np.random.Generator, seeds: int) -> Claim:
        values = {str(place): pd.Series(mean + rng.normal(0, 1, seeds)) for place, mean in enumerate(means)}
        return confirming.all_above(ARTEFACT, values, "{0} {1}")

    return answer


def cases() -> Iterator[Case]:
    """Every rule at every boundary, with several numbers of networks."""
    for seeds in (3, 8, 12):
        yield Case("a gain, at the margin", seeds, _gains)
        yield Case("a gain in counts of 300 images, at the margin", seeds, _counted)
        yield Case("a difference of zero or not (`equal`), at the upper margin", seeds, _equal(1))
        yield Case("the same, at the lower margin", seeds, _equal(-1))
        yield Case("a barrier (`equal`, skewed), at the margin", seeds, _barrier)
        yield Case("a number above zero (`above`), at zero", seeds, _above)
        yield Case("a rank correlation, at zero", seeds, _correlation)
        yield Case("gains in every cell, one of three at the margin", seeds, _every(MARGIN, 9.0, 9.0), (HOLDS,))
        yield Case("gains in every cell, all at the margin", seeds, _every(MARGIN, MARGIN, MARGIN))
        yield Case("all networks agree, one of three at zero", seeds, _all_above(0.0, 9.0, 9.0), (HOLDS,))
        yield Case("all networks agree, all at zero", seeds, _all_above(0.0, 0.0, 0.0))
        for draws in (3, 10):
            words = f"nearly every one of {draws} draws, at a share of 0.9"
            yield Case(words, seeds, _share(True, draws))
        yield Case("the same, of networks in which all draws are better or none", seeds, _share(False, 1))
        yield Case("a search's gain, at the margin: one network in eight gains", seeds, _rare)
        yield Case("the same, the others exactly nothing", seeds, _rare_zeros)


def mistaken(case: Case, level: float, runs: int = RUNS) -> dict[str, float]:
    """How often each mistake is made at a boundary, as a part of runs.

    Args:
        case: the rule and its boundary.
        level: of the answer, in each direction.
        runs: simulated studies.
    """
    rng = np.random.default_rng([case.seeds, sum(case.words.encode())])
    confirming = Confirming(Asking(ABOUT, level, level), MARGIN)
    with patch.object(asking, "power_of", lambda *_: 1.0), patch.object(asking, "seeds_needed", lambda *_: 1):
        said = [case.answers(confirming, rng, case.seeds).outcome for _ in range(runs)]
    return {outcome: said.count(outcome) / runs for outcome in case.mistakes}


def too_many(level: float, runs: int = RUNS) -> float:
    """The part of runs above which a mistake is more frequent than its level."""
    return level + FLAGGED * float(np.sqrt(level * (1 - level) / runs))


def of_gains() -> None:
    """Print how often gains are decided."""
    level = LEVEL * GENERATIONS[0] * PART / CORE
    of = Asking(ABOUT, level, level)
    print(f"Each answer's level: {100 * level:.2f} % in each direction.\n")
    print("| networks | " + " | ".join(f"{word} at {gain:g}" for gain in GAINS for word in ("yes", "no")) + " |")
    print("|---" * (1 + 2 * len(GAINS)) + "|")
    for seeds in SEEDS:
        rng, cells = np.random.default_rng(seeds), []
        for gain in GAINS:
            networks = gain + rng.normal(0, NETWORKS, (RUNS, seeds, 1))
            medians = np.median(networks + rng.normal(0, WITHIN, (RUNS, seeds, DRAWS_OF_EACH)), axis=2)
            rows = [of.row(WINS, "gain", pd.Series(values), core=True) for values in medians]
            said = [beyond("gain", row, MARGIN) for row in rows]
            cells += [f"{100 * said.count(word) / RUNS:.1f} %" for word in (BEYOND, NOT_ABOVE)]
        print(f"| {seeds} | " + " | ".join(cells) + " |")


def of_boundaries() -> None:
    """Print how often each rule is mistaken at each boundary, marked where that is too often."""
    found: dict[str, dict[int, str]] = {}
    for case in cases():
        mistakes = mistaken(case, LEVEL)
        told = " / ".join(f"{100 * mistakes[one]:.1f} %" if one in mistakes else "–" for one in (HOLDS, FAILS))
        bad = any(part > too_many(LEVEL) for part in mistakes.values())
        found.setdefault(case.words, {})[case.seeds] = f"**{told}**" if bad else told
    counts = list(next(iter(found.values())))
    print(f"\nEach answer's level: {100 * LEVEL:g} % in each direction; bold above {100 * too_many(LEVEL):.1f} %.\n")
    print("| what is decided, where | " + " | ".join(f"{seeds} networks" for seeds in counts) + " |")
    print("|---" * (1 + len(counts)) + "|")
    for words, cells in found.items():
        print(f"| {words} | " + " | ".join(cells.values()) + " |")


if __name__ == "__main__":
    of_gains()
    of_boundaries()
