"""The claims on weights' magnitudes: whether coherence may be a matter of how far weights have to go (thesis, 2.2)."""

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import (
    BEYOND,
    FAILS,
    HOLDS,
    NOT_ABOVE,
    OPEN,
    UNDECIDED,
    beyond,
    judged,
    more_seeds,
    shown,
    verdict,
)
from prunescape.coherence.asked import Answer, answer_of
from prunescape.coherence.labels import FRESH, GAUSSIAN, REAL

FAR = 5.0  # percent of the weights: distances of distributions above which they are not called alike
ALIKE = Estimand(
    "magnitudes_alike",
    "Are weights as large after training on noise as after training on real data?",
    "Yauney 2024, Fig. 2.3",
    "The distributions of weights' magnitudes after training on real data and on Gaussian noise are alike.",
    "largest difference of the parts of the weights below any magnitude (Kolmogorov's distance)",
    smallest=2.0,
    margin=f"{FAR:g} points",
    unit=" points",
    lowest=0.0,
)
NEARER = Estimand(
    "noise_as_far_from_start",
    "Do weights get as far from their initial magnitudes on noise as on real data?",
    "Yauney 2024, section 2.2, against an explanation by how far weights have to go",
    "Training on Gaussian noise takes the distribution of magnitudes farther from that at initialisation than training"
    " on real data, so that not how far they have to go makes coherence high on real data.",
    "Kolmogorov's distance from the initial distribution, on noise minus on real data",
    smallest=2.0,
    unit=" points",
)
IF_ALIKE = {NOT_ABOVE: HOLDS, BEYOND: FAILS, OPEN: UNDECIDED}


def answers() -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it."""
    return {"weight_histogram": [_alike, _nearer]}


def distances(histogram: pd.DataFrame) -> pd.DataFrame:
    """Kolmogorov's distances of distributions of |w|, in percent of the weights, exact at the bins' edges.

    Args:
        histogram: seed, data, start, epoch, low, high, count: a model's rows of weight_histogram.csv.

    Returns:
        By seed: between, of networks trained on real data and on noise; real and noise, of each and the initial one.
    """
    own = histogram[histogram["start"] == FRESH]
    last = own.groupby(["seed", "data"])["epoch"].transform("max")
    ends = {
        "real": own[(own["data"] == REAL) & (own["epoch"] == last)],
        "noise": own[(own["data"] == GAUSSIAN) & (own["epoch"] == last)],
        "start": own[(own["data"] == REAL) & (own["epoch"] == 0)],
    }
    below = {}
    for name, rows in ends.items():
        counts = rows.pivot_table(index="seed", columns="high", values="count", aggfunc="sum")
        below[name] = 100 * counts.cumsum(axis=1).div(counts.sum(axis=1), axis=0)
    pairs = {"between": ("real", "noise"), "real": ("real", "start"), "noise": ("noise", "start")}
    return pd.DataFrame({name: (below[one] - below[two]).abs().max(axis=1) for name, (one, two) in pairs.items()})


def _alike(histogram: pd.DataFrame, asking: Asking) -> list[Claim]:
    known = distances(histogram).dropna()
    if known.empty:
        return []
    row = answer_of(asking, ALIKE, "distance", known["between"])
    sure = beyond("distance", row, FAR)
    word = {BEYOND: "No", NOT_ABOVE: "Yes"}.get(sure, "Not decided")
    ends = row["distance_low"], row["distance_high"]
    return [
        asking.answered(
            ALIKE,
            f"{word}: the parts of the weights below any magnitude differ by at most {shown('distance', row)}; from"
            f" those at initialisation by {known['real'].mean():.1f} points after training on real data, and by"
            f" {known['noise'].mean():.1f} on noise.",
            judged(
                "distance",
                row,
                tolerance=FAR,
                sure=sure,
                outcomes=IF_ALIKE,
                would_decide=more_seeds(abs(row["distance"] - FAR), *ends) if sure == OPEN else None,
            ),
            row,
        )
    ]


def _nearer(histogram: pd.DataFrame, asking: Asking) -> list[Claim]:
    known = distances(histogram).dropna()
    if known.empty:
        return []
    row = answer_of(asking, NEARER, "more", known["noise"] - known["real"])
    return [
        asking.answered(
            NEARER,
            f"{verdict('more', row)}: from the initial distribution of magnitudes it is {known['noise'].mean():.1f}"
            f" points after training on noise and {known['real'].mean():.1f} after training on real data,"
            f" {shown('more', row)}.",
            judged("more", row),
            {"noise": float(known["noise"].mean()), "real": float(known["real"].mean()), **row},
        )
    ]
