"""Numbers that the committed results state, computed once more from their tables, with none of the project's code.

Of each question a function gives one number a network, as a reader of the tables would compute it; the mean and an
interval by Student's t, of correlations by Fisher's z, are those of scipy.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special, stats

from prunescape.claims.claim import Claim

Numbers = Callable[[Path, Claim], pd.Series]
SCOPES = {"global with a floor": "floor", "local": "local", "global": "global"}
PRUNED = {"weight pruning": "weights", "channel pruning": "channels"}
RETRAINED = {"fine-tuning": "fine_tuning", "learning-rate rewinding": "rewinding"}
CORRELATIONS = {"accuracy_against_flow", "recalibrated_foretells", "endowed_from_initialisation"} | {
    "utility_predicts_cost"
}
SHARES = {"nearly_every_draw"}  # less 0.9, with an interval of any distribution
ENDS = {  # what a number may be; of others in points -100 to 100, of the rest anything
    "nearly_every_draw": (-0.9, 0.1),
    "classes_agree_on_noise": (-1, 1),
    "mask_and_weights_together": (-300, 300),
    "gain_grows_with_rate": (-200, 200),
    "recovery_is_batch_norm": (-150, 150),
    "utility_imbalance": (-0.1, np.inf),
    "only_large_weights": (0, 100),
    "same_basin_as_last_cycle": (0, 100),
    "dense_basin": (0, 100),
    "magnitudes_alike": (0, 100),
    "coherence_peaks_early": (-50, 50),
    "real_above_noise": (-1, 1),
    "gap_with_width": (-np.inf, np.inf),
    "accuracy_with_width": (-np.inf, np.inf),
    "larger_parents": (-np.inf, np.inf),
}


def read(folder: Path, table: str) -> pd.DataFrame:
    """A table of a study, packed or not."""
    (path,) = folder.glob(f"{table}.csv*")
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def stated(folder: Path, claim: Claim) -> list[float]:
    """A claim's number and its interval."""
    key = claim.id.split(".")[1]
    values = ARITHMETIC[folder.name][key](folder, claim).to_numpy(dtype=float)
    assert claim.level is not None
    if key in CORRELATIONS:
        values = np.arctanh(values.clip(-1 + 1e-6, 1 - 1e-6))
    half = stats.t.ppf((1 + claim.level) / 2, len(values) - 1) * stats.sem(values) if len(values) > 2 else np.nan
    if np.ptp(values) <= 1e-12 * max(1, abs(values[0])):
        half = np.nan  # nothing scatters
    numbers = np.array([values.mean(), values.mean() - half, values.mean() + half])
    if key in CORRELATIONS:
        numbers = np.tanh(numbers)
    if key in SHARES:
        least, most = _hoeffding(values, claim.level)
        numbers[1:] = np.fmin(numbers[1], least), np.fmax(numbers[2], most)
    low, high = ENDS.get(key, (-100, 100) if claim.unit == "points" else (-np.inf, np.inf))
    if key == "same_basin" and claim.numbers.get("decisive", "barrier") == "barrier":
        low = 0
    return [float(numbers[0]), float(max(numbers[1], low)), float(min(numbers[2], high))]


def _hoeffding(values: np.ndarray, level: float) -> tuple[float, float]:
    """The least and the most that the mean of such shares may be, whatever their distribution.

    Those are rejected whose relative entropy to the mean is above the logarithm of the level by seed (Hoeffding, 1963).
    """
    true = np.linspace(0, 1, 2_000_001)
    mean = values.mean() + 0.9
    apart = special.rel_entr(mean, true) + special.rel_entr(1 - mean, 1 - true)
    kept = true[apart <= -np.log((1 - level) / 2) / len(values)]
    return kept[0] - 0.9, kept[-1] - 0.9


# hpspace.


def kept(folder: Path, claim: Claim) -> pd.Series:
    """Accuracy at a setting less that at the tuned one, by seed, of the generation and the look that decide."""
    table = read(folder, "confirmation")
    other = claim.id.split(".")[1].removeprefix("keep_")
    generation = f"generation-{claim.numbers['generation']:.0f}-"
    table = table[(table["variant"] == claim.case) & table["stage"].str.startswith(generation)]
    seen = table["seed"].drop_duplicates().head(int(claim.numbers["seeds"]))
    top1 = table.pivot(index="seed", columns="setting", values="top1").loc[seen]
    return (top1[other] - top1["tuned"]).dropna()


# Stochastic: gamma and sigma are those of the answer, or of Table I.


def _cell(claim: Claim) -> tuple[float, float]:
    found = re.search(r"at gamma ([\d.]+), sigma ([\d.]+)", claim.answer)
    assert found, claim.answer
    return float(found[1]), float(found[2])


def _chosen(folder: Path) -> tuple[float, float]:
    """The cell that the grid chose, as Table I has it."""
    row = read(folder, "table_1").set_index("search").loc["grid"]
    return row["gamma"], row["sigma"]


def _medians(table: pd.DataFrame, kind: str, recalibrated: bool = False, **cell: object) -> pd.Series:
    """The median over draws by network."""
    for name, value in {"kind": kind, **cell}.items():
        table = table[table[name] == value]
    if "recalibrated" in table:
        table = table[table["recalibrated"].astype(str) == str(recalibrated)]
    return table.groupby("seed")["top1"].median()


def gained(folder: Path, claim: Claim) -> pd.Series:
    """Accuracy with noise less that without."""
    (gamma, sigma), table = _cell(claim), read(folder, "confirmed")
    again = claim.id.split(".")[1] != "noise_wins"
    noisy = _medians(table, "stochastic", again, method="magnitude", gamma=gamma, sigma=sigma)
    return noisy - _medians(table, "deterministic", again, method="magnitude", gamma=gamma)


def over_recalibration(folder: Path, claim: Claim) -> pd.Series:
    (gamma, sigma), table = _cell(claim), read(folder, "confirmed")
    noisy = _medians(table, "stochastic", method="magnitude", gamma=gamma, sigma=sigma)
    return noisy - _medians(table, "deterministic", True, method="magnitude", gamma=gamma)


def draws_that_gain(folder: Path, _: Claim) -> pd.Series:
    (gamma, sigma), table = _chosen(folder), read(folder, "confirmed")
    plain = _medians(table, "deterministic", method="magnitude", gamma=gamma)
    table = table[(table["method"] == "magnitude") & (table["recalibrated"].astype(str) == "False")]
    table = table[(table["kind"] == "stochastic") & (table["gamma"] == gamma) & (table["sigma"] == sigma)]
    return (table["top1"] > table["seed"].map(plain)).groupby(table["seed"]).mean() - 0.9


def noisy_dense(folder: Path, _: Claim) -> pd.Series:
    table = read(folder, "confirmed")
    return _medians(table, "dense_stochastic", method="none") - _medians(table, "dense", method="none")


def _transfer(folder: Path, kind: str, hardest: bool = True) -> pd.Series:
    """The gain of a kind at the hardest or the mildest pruning rate."""
    table = read(folder, "transfer")
    gamma = table["gamma"].max() if hardest else table["gamma"].min()
    return _medians(table, kind, gamma=gamma) - _medians(table, "deterministic", gamma=gamma)


def mask_alone(folder: Path, _: Claim) -> pd.Series:
    return _transfer(folder, "mask_s_to_d")


def weights_alone(folder: Path, _: Claim) -> pd.Series:
    return _transfer(folder, "mask_d_to_s")


def together(folder: Path, _: Claim) -> pd.Series:
    return _transfer(folder, "stochastic") - _transfer(folder, "mask_s_to_d") - _transfer(folder, "mask_d_to_s")


def harder(folder: Path, _: Claim) -> pd.Series:
    return _transfer(folder, "stochastic") - _transfer(folder, "stochastic", hardest=False)


def _variance(folder: Path, stage: str, column: str) -> tuple[pd.Series, pd.Series]:
    """The mean over layers without noise and with it."""
    (gamma, sigma), table = _chosen(folder), read(folder, "variances")
    table = table[(table["method"] == "magnitude") & (table["gamma"] == gamma) & (table["stage"] == stage)]
    v = table[table["sigma"].isin([0, sigma])].groupby(["kind", "seed"])[column].mean()
    return v["deterministic"], v["stochastic"]


def variance_after(folder: Path, _: Claim) -> pd.Series:
    plain, noisy = _variance(folder, "fine_tuned", "v")
    return noisy - plain


def lower_variance(folder: Path, _: Claim) -> pd.Series:
    plain, noisy = _variance(folder, "one_shot", "v_channel")
    return plain - noisy


def nearer_variance(folder: Path, claim: Claim) -> pd.Series:
    plain, noisy = _variance(folder, "one_shot", "v_clean" if "over_clean" in claim.id else "v")
    return (plain - 1).abs() - (noisy - 1).abs()


def collapsed_variance(folder: Path, _: Claim) -> pd.Series:
    return 1 - _variance(folder, "one_shot", "v")[0]


def drowned(folder: Path, _: Claim) -> pd.Series:
    """The share of the weights below the noise, less a half."""
    sigma, table = _chosen(folder)[1], read(folder, "weight_cdf")
    by_seed = table[table["magnitude"] > 0].groupby("seed")
    at = {seed: np.interp(np.log(sigma), np.log(part["magnitude"]), part["share"]) for seed, part in by_seed}
    return pd.Series(at) - 0.5


def mild_costs(folder: Path, _: Claim) -> pd.Series:
    return -_transfer(folder, "stochastic", hardest=False)


def gained_by_score(folder: Path, claim: Claim) -> pd.Series:
    (gamma, sigma), table = _cell(claim), read(folder, "confirmed")
    noisy = _medians(table, "stochastic", method=claim.case, gamma=gamma, sigma=sigma)
    return noisy - _medians(table, "deterministic", method=claim.case, gamma=gamma)


def _control(control: str) -> Numbers:
    def values(folder: Path, claim: Claim) -> pd.Series:
        (gamma, sigma), table = _cell(claim), read(folder, "controls").rename(columns={"control": "kind"})
        table = table[(table["gamma"] == gamma) & (table["sigma"] == sigma)]
        return _medians(table, control) - _medians(table, "deterministic")

    return values


def barrier_of_noise(folder: Path, claim: Claim) -> pd.Series:
    table = read(folder, "basins")
    stage = "fine_tuned" if "fine_tuned" in claim.id else "one_shot"
    table = table[(table["stage"] == stage) & (table["line"] == "deterministic_stochastic")]
    return table.groupby("seed")["error_barrier"].mean()


def barrier_of_dense(folder: Path, _: Claim) -> pd.Series:
    table = read(folder, "basins")
    table = table[(table["stage"] == "fine_tuned") & (table["line"] == "dense_stochastic")]
    means = table.groupby("seed")[["error_barrier", "top1_start", "top1_end"]].mean()
    return means["error_barrier"].clip(lower=(means["top1_start"] - means["top1_end"]).clip(lower=0))


def tuned_gain(folder: Path, claim: Claim) -> pd.Series:
    (gamma, sigma), table = _cell(claim), read(folder, "fine_tuning")
    method = claim.case.removeprefix("scored by ")
    noisy = _medians(table, "stochastic", method=method, gamma=gamma, sigma=sigma)
    return noisy - _medians(table, "deterministic", method=method, gamma=gamma)


def _ranks(folder: Path, one: str, other: str) -> pd.Series:
    table = read(folder, "fine_tuning")
    by_seed = table[table["method"] != "grasp"].groupby("seed")
    found = {
        seed: stats.spearmanr(part[one], part[other]).statistic if min(part[[one, other]].nunique()) > 1 else 0.0
        for seed, part in by_seed
    }
    return pd.Series(found)


def against_flow(folder: Path, _: Claim) -> pd.Series:
    return -_ranks(folder, "one_shot_top1", "one_shot_gradient_flow")


def foretells(folder: Path, _: Claim) -> pd.Series:
    return _ranks(folder, "one_shot_top1_recalibrated", "top1")


def recovered(folder: Path, _: Claim) -> pd.Series:
    table = read(folder, "fine_tuning")
    table = table[(table["method"] == "magnitude") & (table["kind"] == "deterministic")]
    end = "live_top1" if "live_top1" in table else "top1"  # of runs before there were such networks
    means = table.groupby("seed")[["one_shot_top1", "control_top1", end]].mean()
    return means["control_top1"] - (means["one_shot_top1"] + means[end]) / 2


def best_draw(folder: Path, claim: Claim) -> pd.Series:
    """Of each network the draw that is best on held-out images, less the alternative that the case names."""
    (gamma, sigma), table = _cell(claim), read(folder, "controls")
    table = table[(table["gamma"] == gamma) & (table["sigma"] == sigma)]
    again = table["recalibrated"].astype(str) == "True"
    other = {"outputs": "rescaled", "weights": "updated", "batch": "deterministic"}[claim.case.split()[0]]
    theirs = table[(again == claim.case.startswith("batch norm")) & (table["control"] == other)]
    noisy = table[(again == ("in both" in claim.case)) & (table["control"] == "stochastic")]
    noisy = noisy.sort_values(["held_out_top1", "held_out_loss", "draw"], ascending=[False, True, True])
    return noisy.groupby("seed")["top1"].first() - theirs.set_index("seed")["top1"]


def deployed(folder: Path, claim: Claim) -> pd.Series:
    """The ways that the answer names."""
    words = r"at gamma ([\d.]+) (\w+) with sigma ([\d.e-]+) has .*?, (\w+) without noise"
    found, table = re.search(words, claim.answer), read(folder, "deployed")
    assert found, claim.answer
    gamma, again = float(found[1]), bool((table["recalibrated"].astype(str) == "True").any())
    noisy = _medians(table, "stochastic", again, method=found[2], gamma=gamma, sigma=float(found[3]))
    return noisy - _medians(table, "deterministic", again, method=found[4], gamma=gamma)


# Mechanism.


def _utility(folder: Path, table: str, level: float) -> pd.DataFrame:
    """Mean, standard deviation and minimum of utility over subsets, by seed and all else."""
    rows = read(folder, table) if table == "utility_epochs" else _sizes(folder)
    rows = rows[(rows["ablation"] == "ratio") & np.isclose(rows["level"], level)]
    by = ["seed", "epoch" if table == "utility_epochs" else "size"]
    return rows.groupby(by)["utility"].agg(["mean", "std", "min"])


def _sizes(folder: Path) -> pd.DataFrame:
    """Utility in networks of each size, once trained."""
    rows = read(folder, "utility_sizes")
    return rows[rows["epoch"] == rows["epoch"].max()] if "epoch" in rows else rows


def imbalance(folder: Path, claim: Claim) -> pd.Series:
    """The standard deviation of utility over subsets of the weights, in parts of its mean, above a tenth."""
    of_smallest = ".smallest." in claim.id
    found = _utility(folder, "utility_sizes" if of_smallest else "utility_epochs", claim.numbers["level"])
    by = found.index.get_level_values(1)
    found = found.xs(by.max() if not claim.case else by.min(), level=1)
    return found["std"] / found["mean"] - 0.1


def utility_growth(folder: Path, claim: Claim) -> pd.Series:
    column = {"imbalance": "std", "mean utility": "mean", "minimum utility": "min"}[claim.case]
    values = _utility(folder, "utility_epochs", 0.1)[column].unstack()
    return values[values.columns.max()] - values[values.columns.min()]


def imbalance_fall(folder: Path, _: Claim) -> pd.Series:
    found = _utility(folder, "utility_epochs", 0.1)
    values = (found["std"] / found["mean"]).unstack()
    return values[values.columns.min()] - values[values.columns.max()]


def in_proportion(folder: Path, _: Claim) -> pd.Series:
    rows = _sizes(folder)
    means = rows.groupby(["ablation", "seed", "level", "size"])["utility"].mean().unstack("size")
    apart = (means[means.columns.min()] - means[means.columns.max()]).abs().unstack("ablation").dropna()
    return (apart["number"] - apart["ratio"]).groupby("seed").mean()


def small_weights(folder: Path, _: Claim) -> pd.Series:
    """Training accuracy that the worst band of the smaller half costs beyond the smallest band."""
    table = read(folder, "utility_bands")
    table = table[np.isclose(table["ratio"], 0.1)]
    first = table[table["band"] == table["band"].min()].set_index("seed")["top1"]
    lower = table[(table["high"] < 0.5 + 1e-6) & (table["band"] > table["band"].min())]
    return (first - lower.groupby("seed")["top1"].min()).clip(lower=0)


def _last_cycle(folder: Path, table: str, claim: Claim) -> pd.DataFrame:
    rows = read(folder, table)
    return _of_case(rows[rows["cycle"] == rows["cycle"].max()], claim).set_index("seed")


def _of_case(rows: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    """Those of the claim's way of pruning, of retraining and of batch norm."""
    words = claim.case.split(", ")
    rows = rows[rows["pruning"] == PRUNED[words[0]]]
    if words[1:] and words[1] in RETRAINED:
        rows = rows[rows["retraining"] == RETRAINED[words[1]]]
    if "measure" in rows:
        rows = rows[rows["measure"] == "error"]
    if words[-1].startswith("statistics "):
        rows = rows[rows["recomputed"].astype(str) == str(words[-1] == "statistics recomputed")]
    return rows


def by_magnitude(folder: Path, _: Claim) -> pd.Series:
    table = read(folder, "utility_bands")
    top1 = table[np.isclose(table["ratio"], 0.1)].pivot(index="seed", columns="band", values="top1")
    return top1[top1.columns.min()] - top1[top1.columns.max()]


def endowed(folder: Path, _: Claim) -> pd.Series:
    table = read(folder, "utility_ranks")
    table = table[np.isclose(table["level"], 0.1) & (table["epoch"] == table["epoch"].min())]
    return table.set_index("seed")["to_last"]


def sharper(folder: Path, _: Claim) -> pd.Series:
    values = read(folder, "sharpness").pivot(index="seed", columns="epoch", values="top_eigenvalue")
    return np.log10(values[values.columns.max()] / values[values.columns.min()])


def kept_flat(folder: Path, claim: Claim) -> pd.Series:
    top = _of_case(read(folder, "flatness"), claim).pivot(index="seed", columns="network", values="top_eigenvalue")
    return np.log10(top["pruned_retrained"] / top["pretrained"])


def predicted(folder: Path, claim: Claim) -> pd.Series:
    table = read(folder, "rank_correlations")
    of = np.isclose(table["level"], 0.1) if claim.case.startswith("random subsets") else table["of"] == "channels"
    return table[of].set_index("seed")["correlation"]


def smaller_more(folder: Path, claim: Claim) -> pd.Series:
    rows = _sizes(folder)
    rows = rows[(rows["ablation"] == "ratio") & np.isclose(rows["level"], 0.1)]
    how = {"imbalance": "std", "mean utility": "mean", "maximum utility": "max", "minimum utility": "min"}[claim.case]
    values = rows.groupby(["seed", "size"])["utility"].agg(how).unstack()
    return values[values.columns.min()] - values[values.columns.max()]


def between_cycles(folder: Path, claim: Claim) -> pd.Series:
    rows = _of_case(read(folder, "barriers"), claim)
    return rows[rows["what"] == "last_cycle"].groupby("seed")["barrier"].max()


def nearer_than_small(folder: Path, claim: Claim) -> pd.Series:
    rows = _last_cycle(folder, "barriers", claim)
    return rows.loc[rows["what"] == "small", "barrier"] - rows.loc[rows["what"] == "pruned_retrained", "barrier"]


def better_than_small(folder: Path, claim: Claim) -> pd.Series:
    rows = _last_cycle(folder, "cycles", claim)
    return rows["top1"] - rows["small_top1"]


def rewound(folder: Path, claim: Claim) -> pd.Series:
    rows = _last_cycle(folder, "cycles", claim)
    return rows.loc[rows["retraining"] == "rewinding", "top1"] - rows.loc[rows["retraining"] == "fine_tuning", "top1"]


def in_basin(folder: Path, claim: Claim) -> pd.Series:
    """The number that decides, as the claim names it: the barrier, or error above one of two networks."""
    rows = _last_cycle(folder, "barriers", claim)
    rows = rows[rows["what"] == "pruned_retrained"]
    other = {"barrier": 0 * rows["end"], "excess": rows["start"], "excess_small": rows["small"]}
    return rows["barrier"] if claim.numbers["decisive"] == "barrier" else rows["end"] - other[claim.numbers["decisive"]]


def directed(folder: Path, claim: Claim) -> pd.Series:
    rows = _last_cycle(folder, "barriers", claim)
    return rows.loc[rows["what"] == "random", "end"] - rows.loc[rows["what"] == "pruned_retrained", "end"]


def of_statistics(folder: Path, claim: Claim) -> pd.Series:
    rows = _last_cycle(folder, "barriers", claim)
    rows = rows[rows["what"] == "pruned_retrained"]
    again = rows["recomputed"].astype(str) == "True"
    return rows.loc[~again, "barrier"] - rows.loc[again, "barrier"]


# Coherence.


def _epochs(folder: Path, claim: Claim) -> pd.DataFrame:
    table = read(folder, "epochs")
    return table[(table["model"] == claim.model) & (table["start"] == "fresh") & (table["epoch"] > 0)]


def coherence_of_real(folder: Path, claim: Claim) -> pd.Series:
    """The highest coherence after any epoch, on real data less on noise."""
    highest = _epochs(folder, claim).groupby(["seed", "data"])["coherence"].max().unstack()
    return highest["real"] - highest["gaussian"]


def peaks_early(folder: Path, claim: Claim) -> pd.Series:
    table = _epochs(folder, claim)
    table = table[table["data"] == "real"]
    peak = table.sort_values("coherence").groupby("seed")["epoch"].last()
    return 100 * (0.5 - peak / table["epoch"].max())


def distance_of_magnitudes(folder: Path, claim: Claim) -> pd.Series:
    table = read(folder, "weight_histogram")
    table = table[(table["model"] == claim.model) & (table["start"] == "fresh")]
    last = table["epoch"] == table.groupby(["seed", "data"])["epoch"].transform("max")
    counts = table[last].pivot(index=["seed", "data"], columns="high", values="count")
    below = counts.cumsum(axis=1).div(counts.sum(axis=1), axis=0)
    apart = below.xs("real", level="data") - below.xs("gaussian", level="data")
    return 100 * apart.abs().max(axis=1)


def classes_agree(folder: Path, claim: Claim) -> pd.Series:
    """Coherence beyond chance of single classes, on average, less that of all images."""
    table = read(folder, "class_coherence")
    noise = table["data"] == "gaussian" if claim.case == "Gaussian noise" else table["data"].str.startswith("label")
    table = table[(table["model"] == claim.model) & noise & (table["start"] == "fresh") & (table["which"] == "highest")]
    beyond = table.set_index(["seed", "label"])[["coherence", "coherence_by_chance"]] @ [1, -1]
    return beyond.drop("all", level="label").groupby("seed").mean() - beyond.xs("all", level="label")


def diffs_at_extremes(folder: Path, claim: Claim) -> pd.Series:
    """Diffs' mean size beyond that of random signs at the highest coherence after an epoch, less at the lowest."""
    table = read(folder, "epochs")
    data = "gaussian" if claim.case == "Gaussian noise" else "real"
    own = table[(table["model"] == claim.model) & (table["data"] == data) & (table["start"] == "fresh")]
    found = {}
    for seed, rows in own[own["epoch"] > 0].groupby("seed"):
        ordered = rows.sort_values(["coherence", "epoch"])
        beyond = ordered["diff_size"] - ordered["diff_size_by_chance"]
        found[seed] = beyond.iloc[-1] - beyond.iloc[0]
    return pd.Series(found)


def _slopes(values: pd.DataFrame) -> pd.Series:
    """What rows of values gain with each doubling of the columns."""
    sizes = np.log2(values.columns.to_numpy(dtype=float))
    return values.apply(lambda row: stats.linregress(sizes, row).slope, axis=1)


def slope_by_width(folder: Path, _: Claim) -> pd.Series:
    """What the highest coherence gains with each doubling of the width."""
    table = read(folder, "widths")
    table = table[table["epoch"] > 0] if "epoch" in table else table
    return _slopes(table.groupby(["seed", "width"])["coherence"].max().unstack())


def _at_the_end(folder: Path) -> pd.DataFrame:
    table = read(folder, "widths")
    return table[table["epoch"] == table["epoch"].max()].set_index(["seed", "width"])


def gap_by_width(folder: Path, _: Claim) -> pd.Series:
    table = _at_the_end(folder)
    return _slopes((table["train_top1"] - table["validation_top1"]).unstack())


def accuracy_by_width(folder: Path, _: Claim) -> pd.Series:
    return _slopes(_at_the_end(folder)["validation_top1"].unstack())


def _children(folder: Path, claim: Claim, experiment: str, mask: str) -> pd.DataFrame:
    """Networks of a mask, or without one, of the scope that the claim names."""
    table = read(folder, "children")
    table = table[(table["model"] == claim.model) & (table["experiment"] == experiment) & (table["score"] == mask)]
    if mask == "none":
        return table
    table = table[table["end"].isna() | (table["end"] == "best")]
    scope = next(short for words, short in SCOPES.items() if claim.case.endswith(words))
    table = table[table["scope"] == scope]
    first = table["initialisation"] if "initialisation" in table else pd.Series(index=table.index, dtype=object)
    return table[first.isna() | (first == "he")]


def _mask(claim: Claim) -> str:
    return claim.case.split(", ")[0]


def over_as_many(folder: Path, claim: Claim) -> pd.Series:
    one, other = (_children(folder, claim, "wide", mask) for mask in (_mask(claim), "none"))
    width = one["width"].max()
    one, other = (of[of["width"] == width].groupby("seed")["validation_top1"].mean() for of in (one, other))
    return one - other


def over_dense(folder: Path, claim: Claim) -> pd.Series:
    one, other = (_children(folder, claim, "network", mask) for mask in (_mask(claim), "none"))
    return one.groupby("seed")["validation_top1"].mean() - other.groupby("seed")["validation_top1"].mean()


def smaller_gap(folder: Path, claim: Claim) -> pd.Series:
    one, other = (_children(folder, claim, "wide", mask) for mask in (_mask(claim), "none"))
    width = one["width"].max()
    gaps = [
        (rows["train_top1"] - rows["validation_top1"]).groupby(rows["seed"]).mean()
        for rows in (of[of["width"] == width] for of in (one, other))
    ]
    return gaps[1] - gaps[0]


def over_its_size(folder: Path, claim: Claim) -> pd.Series:
    one, other = (_children(folder, claim, "fixed", mask) for mask in (_mask(claim), "none"))
    one = one[one["parent_parameters"] == one["parent_parameters"].min()]
    return one.groupby("seed")["validation_top1"].mean() - other.groupby("seed")["validation_top1"].mean()


def by_parent(folder: Path, claim: Claim) -> pd.Series:
    """The slope over the parents from which networks learn, to 40 % of training images of ten classes."""
    one = _children(folder, claim, "fixed", _mask(claim))
    learnt = one.groupby("parent_parameters")["train_top1"].mean() >= 10 + 90 / 3
    one = one[one["parent_parameters"].isin(learnt.index[learnt])]
    return _slopes(one.groupby(["seed", "parent_parameters"])["validation_top1"].mean().unstack())


def starved_layers(folder: Path, claim: Claim) -> pd.Series:
    """Percent of the layers with less than a quarter of the mask's density, of diff less magnitude masks."""
    table = read(folder, "densities").query("end == 'best'")
    table = table[table["scope"] == next(short for words, short in SCOPES.items() if claim.case.endswith(words))]
    whole = table.groupby(["score", "seed"])[["kept", "weights"]].transform("sum")
    few = table["kept"] / table["weights"] < whole["kept"] / whole["weights"] / 4
    parts = 100 * few.groupby([table["seed"], table["score"]]).mean().unstack()
    return parts["diff"] - parts["magnitude"]


def _pair(first: str, second: str) -> Numbers:
    def values(folder: Path, claim: Claim) -> pd.Series:
        experiment = "wide" if claim.model == "mlp" else "network"
        one, other = (_children(folder, claim, experiment, mask) for mask in (first, second))
        if experiment == "wide":
            one, other = (of[of["width"] == one["width"].max()] for of in (one, other))
        return one.groupby("seed")["validation_top1"].mean() - other.groupby("seed")["validation_top1"].mean()

    return values


ARITHMETIC: dict[str, dict[str, Numbers]] = {
    "hpspace": {"keep_prior": kept, "keep_dense": kept},
    "stochastic": {
        "noise_wins": gained,
        "noise_wins_recalibrated": gained,
        "outlives_recalibration": gained,
        "noise_over_recalibration": over_recalibration,
        "nearly_every_draw": draws_that_gain,
        "dense_keeps_accuracy": noisy_dense,
        "mask_alone": mask_alone,
        "weights_alone": weights_alone,
        "mask_and_weights_together": together,
        "gain_grows_with_rate": harder,
        "feature_variance_same_after_fine_tuning": variance_after,
        "after_fine_tuning": tuned_gain,
        "accuracy_against_flow": against_flow,
        "recalibrated_foretells": foretells,
        "recovery_is_batch_norm": recovered,
        "noise_in_deployment": deployed,
        "best_draw_against": best_draw,
        "lower_feature_variance": lower_variance,
        "feature_variance": nearer_variance,
        "feature_variance_over_clean": nearer_variance,
        "feature_variance_collapses": collapsed_variance,
        "most_weights_below_noise": drowned,
        "noise_costs_at_mild_rate": mild_costs,
        "noise_wins_with_score": gained_by_score,
        "noise_on_scores_alone": _control("scores_alone"),
        "noise_by_layer": _control("relative"),
        "same_basin": barrier_of_noise,
        "dense_basin": barrier_of_dense,
    },
    "mechanism": {
        "utility_imbalance": imbalance,
        "utility_grows": utility_growth,
        "imbalance_with_mean": imbalance_fall,
        "used_in_proportion": in_proportion,
        "only_large_weights": small_weights,
        "better_than_small_after_cycles": better_than_small,
        "rewinding_beats_fine_tuning": rewound,
        "same_basin": in_basin,
        "not_any_direction": directed,
        "barrier_of_batch_norm": of_statistics,
        "utility_by_magnitude": by_magnitude,
        "endowed_from_initialisation": endowed,
        "loss_becomes_sharper": sharper,
        "more_utility_in_smaller": smaller_more,
        "same_basin_as_last_cycle": between_cycles,
        "nearer_than_small": nearer_than_small,
        "minimum_stays_flat": kept_flat,
        "utility_predicts_cost": predicted,
    },
    "coherence": {
        "real_above_noise": coherence_of_real,
        "coherence_peaks_early": peaks_early,
        "magnitudes_alike": distance_of_magnitudes,
        "classes_agree_on_noise": classes_agree,
        "diffs_large_with_coherence": diffs_at_extremes,
        "coherence_with_width": slope_by_width,
        "gap_with_width": gap_by_width,
        "accuracy_with_width": accuracy_by_width,
        "masked_over_dense": over_dense,
        "masked_over_dense_of_as_many_weights": over_as_many,
        "masked_over_dense_of_its_size": over_its_size,
        "masked_gap_smaller": smaller_gap,
        "larger_parents": by_parent,
        "diff_masks_starve_layers": starved_layers,
        "diff_over_random": _pair("diff", "random"),
        "magnitude_over_random": _pair("magnitude", "random"),
        "magnitude_over_diff": _pair("magnitude", "diff"),
    },
}
