"""Statistics of sample sets: the imbalance, its error, histograms, and whether utility predicts what pruning costs."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from prunescape.data.randomness import derive_seed
from prunescape.mechanism.labels import PREDICTORS

RESAMPLES = 2000
BINS = 50


def mean_error(values: np.ndarray) -> float:
    """The standard error of the mean of N values, s / sqrt(N); infinite for fewer than two."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.inf


def deviation_error(values: np.ndarray) -> float:
    """The standard error of the standard deviation s of N values, whatever their distribution.

    By the delta method, sqrt(Var(s^2)) / 2s with Var(s^2) = (m4 - (N - 3) / (N - 1) s^4) / N; of normal values it is
    about s / sqrt(2 (N - 1)). NaN for fewer than four values, or equal ones.
    """
    if len(values) < 4 or np.ptp(values) == 0:
        return np.nan
    size, variance = len(values), np.var(values, ddof=1)
    fourth = np.mean((values - np.mean(values)) ** 4)
    spread = max(fourth - (size - 3) / (size - 1) * variance**2, 0.0) / size
    return float(np.sqrt(spread / variance) / 2)


def summarise(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """The utility characteristics of sample sets (utility paper, definitions 2 and 3, Fig. 2-5, 7-13, 15).

    Args:
        table: what `prunescape.mechanism.sampling.sample_utility` gives, for one network or, with columns that tell
            them apart, for several.
        by: the columns that tell sample sets apart, such as epoch, ablation, level.

    Returns:
        One row a set: `by`; ablated (weights); subsets (N); utility's imbalance (standard deviation, N - 1) and
        imbalance_error, mean and mean_error, minimum and maximum, all in nats; relative, the imbalance in parts of the
        mean; and top1, top1_minimum, top1_maximum
        (mean and extremes of the ablated networks' accuracy in percent). Errors are standard errors over subsets.
        Extremes grow with the number of subsets: those of sets of unlike N at one level are what is expected of as many
        subsets as the smallest of them has, `extremes_of`.
    """
    rows, sizes = [], table.groupby(list(by))["utility"].size().groupby(level="level").min()
    for key, part in table.groupby(list(by), sort=False):
        utility, top1 = (part[name].to_numpy(dtype=np.float64) for name in ("utility", "top1"))
        fewest = int(sizes[part["level"].iloc[0]])
        rows.append(
            {
                **_named(by, key),
                "ablated": part["ablated"].iloc[0],
                "subsets": len(part),
                "imbalance": np.std(utility, ddof=1) if len(part) > 1 else np.nan,
                "imbalance_error": deviation_error(utility),
                "relative": np.std(utility, ddof=1) / utility.mean()
                if len(part) > 1 and utility.mean() > 0
                else np.nan,
                "mean": utility.mean(),
                "mean_error": mean_error(utility),
                "minimum": -largest(-utility, fewest),
                "maximum": largest(utility, fewest),
                "extremes_of": fewest,
                "top1": top1.mean(),
                "top1_minimum": -largest(-top1, fewest),
                "top1_maximum": largest(top1, fewest),
            }
        )
    return pd.DataFrame(rows)


def largest(values: np.ndarray, of: int) -> float:
    """The expected largest of so many values that are drawn from N without replacement; of N, the largest.

    The i-th smallest is the largest of a draw with probability C(i - 1, n - 1) / C(N, n).

    Args:
        values: (N,).
        of: n, from 1 to N.
    """
    places = np.arange(len(values), 1, -1)
    parts = of / len(values) * np.cumprod([1.0, *((places - of) / (places - 1))])
    return float(parts @ np.sort(values)[::-1])


def histograms(table: pd.DataFrame, by: Sequence[str], shared: Sequence[str], bins: int = BINS) -> pd.DataFrame:
    """Histograms of utility (utility paper, Fig. 4 right, 14).

    Args:
        table: what `prunescape.mechanism.sampling.sample_utility` gives, for several networks.
        by: the columns that tell sample sets apart.
        shared: those of them within which the bins are the same, such as ablation and level.
        bins: how many, from the least to the largest utility.

    Returns:
        One row a set and bin: `by`, low, high (nats), subsets (in the bin; the last one holds its upper end).
    """
    tables = []
    for _, panel in table.groupby(list(shared), sort=False):
        finite = panel["utility"].dropna()
        edges = np.histogram_bin_edges(finite, bins)
        for key, part in panel.groupby(list(by), sort=False):
            counts, _ = np.histogram(part["utility"].dropna(), edges)
            ends = {"low": edges[:-1], "high": edges[1:], "subsets": counts}
            tables.append(pd.DataFrame({**_named(by, key), **ends}))
    return pd.concat(tables, ignore_index=True)


def utility_and_loss(
    utilities: pd.DataFrame, validation: pd.DataFrame, whole_top1: float, by: Sequence[str]
) -> pd.DataFrame:
    """Beside each subset's utility the accuracy that pruning it costs.

    Args:
        utilities: measured on training images.
        validation: the same subsets measured on validation images.
        whole_top1: accuracy in percent of the whole network on these.
        by: the columns that name a subset, such as level and subset, or layer and channel.

    Returns:
        `by`, utility (nats, training images), top1_lost (points, validation images).
    """
    merged = utilities[[*by, "utility"]].merge(validation[[*by, "top1"]], on=list(by), validate="one_to_one")
    return merged.assign(top1_lost=whole_top1 - merged["top1"]).drop(columns="top1")


def rank_correlations(
    table: pd.DataFrame,
    by: Sequence[str],
    confidence: float = 0.95,
    seed: int = 0,
    x: str = "utility",
    y: str = "top1_lost",
) -> pd.DataFrame:
    """Spearman's rank correlation: does utility predict what pruning a subset costs?

    Args:
        table: one row a subset, as `utility_and_loss` gives them.
        by: the columns within which ranks are compared, such as level; none takes all rows together.
        confidence: of the intervals, which resample subsets (percentile bootstrap).
        seed: of the resampling.
        x, y: the columns that are compared.

    Returns:
        One row a group: `by`, subsets, correlation, p (two-sided), low, high; NaN where a column does not vary.
    """
    rows = []
    groups = table.groupby(list(by), sort=False) if by else [((), table)]
    for key, part in groups:
        columns = part[x].to_numpy(dtype=np.float64), part[y].to_numpy(dtype=np.float64)
        rows.append({**_named(by, key), "subsets": len(part), **_rank_correlation(*columns, confidence, seed)})
    return pd.DataFrame(rows)


def _rank_correlation(x: np.ndarray, y: np.ndarray, confidence: float, seed: int) -> dict[str, float]:
    from scipy.stats import bootstrap, spearmanr  # takes a second, which most jobs of the study do without

    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return dict.fromkeys(("correlation", "p", "low", "high"), np.nan)
    correlation = spearmanr(x, y)

    def statistic(x: np.ndarray, y: np.ndarray) -> float:
        return 0.0 if np.ptp(x) == 0 or np.ptp(y) == 0 else float(spearmanr(x, y).statistic)

    interval = bootstrap(
        (x, y),
        statistic,
        paired=True,
        vectorized=False,
        confidence_level=confidence,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(derive_seed(seed, "rank correlation")),
    ).confidence_interval
    values = (correlation.statistic, correlation.pvalue, interval.low, interval.high)
    return dict(zip(("correlation", "p", "low", "high"), map(float, values), strict=True))


def rank_stability(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Whether the same subsets stay important: Spearman's rank correlation of utility with that of the last epoch.

    Args:
        table: the utilities of the same subsets at several epochs.
        by: the columns that tell sample sets apart, without the epoch, such as model, seed and level.

    Returns:
        One row a set and epoch but the last: `by`, epoch, subsets, to_last and to_next, the correlations with the last
        epoch and with the next one measured; NaN of fewer than three subsets or equal utilities.
    """
    rows: list[dict[str, object]] = []
    for key, part in table.groupby(list(by), sort=False):
        wide = part.pivot_table(index="subset", columns="epoch", values="utility").dropna()
        named = dict(zip(by, key, strict=True))
        for epoch, following in zip(wide.columns, wide.columns[1:], strict=False):
            others = {"to_last": max(wide.columns), "to_next": following}
            found = {name: spearman(wide[epoch], wide[at]) for name, at in others.items()}
            rows.append({**named, "epoch": epoch, "subsets": len(wide), **found})
    return pd.DataFrame(rows, columns=[*by, "epoch", "subsets", "to_last", "to_next"])


def pseudo_values(values: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The jackknife's pseudo-values of a mean over pairs of seeds: (n, ...), one a seed, in order.

    Pairs that share a network are not independent. Tukey's pseudo-values, n times the mean minus n - 1 times that of
    the pairs without a seed, have the same mean, and a spread that tells its error, which on average is not too small
    (Efron and Stein, 1981).

    Args:
        values: (P, ...), of every pair of n seeds, at least three.
        one, other: (P,), the seeds of each pair.
    """
    seeds = np.unique([one, other])
    without = np.array([values[(one != seed) & (other != seed)].mean(0) for seed in seeds])
    return np.asarray(len(seeds) * values.mean(0) - (len(seeds) - 1) * without)


def prediction_correlations(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """How well each score foretells the accuracy that is lost, before and after retraining.

    Args:
        table: one row a set, prediction.csv.
        by: the columns that tell networks apart, such as model and seed.

    Returns:
        One row a network and score: `by`, score, sets; pruned and retrained, Spearman's rank correlations of the score
        with the accuracy lost before and after retraining (the mean of both fine-tunings); and ceiling, what of the
        latter two fine-tunings allow: the square root of the reliability of their mean by Spearman and Brown, 0 where
        they do not agree. NaN where nothing varies.
    """
    rows = []
    for key, part in table.groupby(list(by), sort=False):
        after = (part["first_top1"] + part["second_top1"]) / 2
        agree = spearman(part["first_top1"], part["second_top1"])
        ceiling = float(np.sqrt(2 * max(agree, 0.0) / (1 + max(agree, 0.0)))) if np.isfinite(agree) else np.nan
        for score in PREDICTORS:
            rows.append(
                {
                    **dict(zip(by, key, strict=True)),
                    "score": score,
                    "sets": len(part),
                    "pruned": -spearman(part[score], part["pruned_top1"]),
                    "retrained": -spearman(part[score], after),
                    "ceiling": ceiling,
                }
            )
    return pd.DataFrame(rows)


def spearman(one: pd.Series, other: pd.Series) -> float:
    """Spearman's rank correlation; NaN of fewer than three values, or where one of both does not vary."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return float(np.corrcoef(one.rank(), other.rank())[0, 1])


def _named(by: Sequence[str], key: Hashable) -> dict[str, Hashable]:
    return dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
