"""The claims on the utility of weights; see `prunescape.mechanism.claims`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import (
    ABOVE,
    ANSWERS,
    BELOW,
    CANNOT,
    EQUAL,
    FAILS,
    HOLDS,
    IF_EQUAL,
    NOT_BELOW,
    OPEN,
    UNDECIDED,
    decided,
    how_many_above,
    judged,
    seeds_to_decide,
    shown,
    verdict,
)
from prunescape.mechanism.labels import PAPER

TYPICAL = 0.1  # the ablation ratio of the utility paper's example (Fig. 1)
NATS = " nats"
IMBALANCED = 0.1  # of the mean utility: an imbalance that is worth the name
HARMLESS = 5.0  # points of training accuracy that small weights may cost
STEADY = 0.1  # by which the imbalance may grow, in parts of the mean
HALF = 0.5  # of the variance
GUESSING = 2.0  # times the accuracy of guessing, up to which networks count as guessing

EXISTS = Estimand(
    "utility_imbalance",
    "Do some weights do more of the work than others (utility imbalance)?",
    f"{PAPER}, Fig. 1",
    "Some weights of a network do more of the work than others: the imbalance of utility is above a tenth of its mean.",
    "standard deviation of utility over random subsets of the weights, in parts of its mean, above a tenth",
    smallest=0.1,
    margin="a tenth",
    lowest=-0.1,
)
GROWS = Estimand(
    "utility_grows",
    "Does utility grow over training?",
    f"{PAPER}, section 2.1.2, Fig. 2",
    "Imbalance, mean and minimum of utility grow over training.",
    "utility after the last minus after the first measured epoch",
    smallest=0.05,
    unit=NATS,
)
KEEPS_UP = Estimand(
    "imbalance_with_mean",
    "Does imbalance grow no faster than the mean?",
    f"{PAPER}, section 2.1.2",
    "Imbalance grows because the mean does: in parts of the mean it does not grow.",
    "imbalance in parts of the mean, after the first minus after the last measured epoch",
    smallest=STEADY,
    margin=f"{-STEADY:g}",
)
ENDOWED = Estimand(
    "endowed_from_initialisation",
    "Have the same weights most utility before training as after it?",
    f"{PAPER}, sections 2.1.1 and 2.2.1",
    "Which weights have most utility is endowed from initialisation.",
    "Spearman's rank correlation of the subsets' utilities before and after training",
    smallest=0.3,
    is_correlation=True,
)
SHARPER = Estimand(
    "loss_becomes_sharper",
    "Does the loss become sharper over training?",
    f"{PAPER}, section 2.1.2 (with Ghorbani et al., 2019)",
    "The loss surface becomes sharper over training.",
    "base-10 logarithm of the Hessian's top eigenvalue, after the last minus after the first measured epoch",
    smallest=0.3,
)
LINKED = Estimand(
    "utility_follows_sharpness",
    "Does mean utility follow the sharpness of the loss?",
    f"{PAPER}, section 2.1.2",
    "Mean utility grows where the loss becomes sharper.",
    "Spearman's rank correlation of mean utility and the Hessian's top eigenvalue over the measured epochs",
    smallest=0.5,
    is_correlation=True,
)
MORE_THAN_LAYERS = Estimand(
    "imbalance_beyond_layers",
    "Is imbalance more than a difference between layers?",
    f"beyond {PAPER}",
    "Imbalance is more than layers: their squared norms explain less than half of the variance of utility.",
    "half minus the share of the variance of utility that the squared norms of each layer's ablated weights explain",
    smallest=0.2,
    margin="half",
    lowest=-0.5,
    highest=0.5,
)
ADDITIVE = Estimand(
    "utility_is_additive",
    "Is utility the sum of what single weights have?",
    f"beyond {PAPER}",
    "Utility is additive: the Fisher information of single weights explains more than half of its variance.",
    "share of the variance of utility that half of the sum of F_ii w_i^2 explains, minus half",
    smallest=0.2,
    margin="half",
    lowest=-0.5,
    highest=0.5,
)
BY_MAGNITUDE = Estimand(
    "utility_by_magnitude",
    "Have large weights more utility than small ones?",
    f"{PAPER}, Fig. 1 (right)",
    "The utility of weights is biased to their magnitude.",
    "training accuracy without the smallest weights minus without the largest ones",
    smallest=5.0,
    unit=" points",
)
LARGE_ALONE = Estimand(
    "only_large_weights",
    "Does accuracy fall only where large weights are ablated?",
    f"{PAPER}, Fig. 1 (right)",
    "Training accuracy falls only where large weights are ablated, and not with those of the smaller half.",
    "training accuracy lost by ablating a band of the smaller half of the weights, at most",
    smallest=HARMLESS,
    margin=f"{HARMLESS:g} points",
    unit=" points",
    lowest=0.0,
)
IN_PROPORTION = Estimand(
    "used_in_proportion",
    "Do networks use their weights in proportion to their size?",
    f"{PAPER}, section 2.2.1, Fig. 3",
    "Networks use their weights in proportion to their size.",
    "difference of mean utility between sizes, by equal numbers minus by equal ratios",
    smallest=0.1,
    unit=NATS,
)
AT_START = Estimand(
    "in_proportion_from_initialisation",
    "Do networks use their weights in proportion to their size before training, too?",
    f"{PAPER}, section 2.2.1 (with Casper et al., 2020)",
    "That networks use their weights in proportion to their size is so from initialisation on.",
    "difference of mean utility between sizes before training, by equal numbers minus by equal ratios",
    smallest=0.1,
    unit=NATS,
)
ALIKE_AT_CHANCE = Estimand(
    "sizes_alike_at_chance",
    "Are the utilities of networks of unlike size more alike where so much is ablated that they guess?",
    f"{PAPER}, Fig. 14",
    "The distributions of utility in networks of unlike size become similar as their outputs become random.",
    "distance of the mean utilities of the smallest and the whole network in parts of the latter's, at the ratio next"
    " to 10 % minus at the greatest one",
    smallest=0.1,
)
SMALLER_MORE = Estimand(
    "more_utility_in_smaller",
    "Has an equal part of the weights more utility in a smaller network?",
    f"{PAPER}, section 2.2.1, Fig. 3, 4 and 14",
    "In a smaller network the same part of the weights has a higher utility.",
    "utility in the smallest network minus in the whole one, by equal ratios",
    smallest=0.05,
    unit=NATS,
)
LIKE_PRETRAINED = Estimand(
    "used_like_pretrained",
    "Does a pruned and retrained network use its weights like the pretrained one?",
    f"{PAPER}, section 2.2.2, Fig. 5 and 15",
    "A pruned and retrained network uses its weights more like the pretrained network than like a small one, even with"
    " 75 % pruned.",
    "distance of mean utility to the small network minus to the pretrained one",
    smallest=0.1,
    unit=NATS,
)
UNLIKE_WITH_RATIO = Estimand(
    "less_like_pretrained_with_pruning",
    "Is a retrained network less like the pretrained one the more is pruned?",
    f"{PAPER}, section 2.2.2, Fig. 15",
    "The more is pruned, the less a retrained network uses its weights like the pretrained one.",
    "distance of mean utility to the pretrained network with most pruned minus with least",
    smallest=0.1,
    unit=NATS,
)


def nearest(levels: pd.Series) -> float:
    """The level nearest to that of the paper's example."""
    known = np.sort(levels.unique())
    return float(known[np.abs(known - TYPICAL).argmin()])


def within(name: str, row: Mapping[str, float], tolerance: float) -> str:
    """Whether a number is at most the tolerance: `EQUAL`, `ABOVE` it, or `OPEN`."""
    if row[f"{name}_high"] <= tolerance:
        return EQUAL
    return ABOVE if row[f"{name}_low"] > tolerance else OPEN


def above(
    asking: Asking,
    asked: Estimand,
    values: pd.Series,
    words: str,
    *,
    digits: int = 1,
    unit: str | None = None,
    core: bool = False,
    numbers: Mapping[str, Any] | None = None,
    **more: Any,
) -> Claim:
    """The claim that a number is above zero.

    Args:
        asking, asked, core: see `Asking.row`.
        values: the number, one a seed.
        words: of the answer, with `{}` where the number stands.
        digits, unit: of the number; the question's unit, where None.
        numbers: what else was measured.
        more: see `Question.answered`.
    """
    unit = asked.unit if unit is None else unit
    row = asking.row(asked, "value", values, core=core)
    return asking.answered(
        asked,
        f"{verdict('value', row)}: {words.format(shown('value', row, digits, unit))}.",
        judged("value", row, digits, unit),
        {**(numbers or {}), **row},
        **more,
    )


def utility_over_training(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """Claims on utility_epochs_summary.csv of one model."""
    level, last = nearest(table["level"]), table["epoch"].max()
    here = table[table["level"] == level]
    stated = [_exists(here[here["epoch"] == last], asking, level, f"after epoch {last}")]
    first = table["epoch"].min()
    if first == last:
        return stated
    stated.append(_exists(here[here["epoch"] == first], asking, level, f"after epoch {first}", "first"))
    for name, words in (("imbalance", "imbalance"), ("mean", "mean utility"), ("minimum", "minimum utility")):
        values = table.pivot_table(index=["seed", "level"], columns="epoch", values=name)
        growth, core = (values[last] - values[first]).rename("growth"), name == "imbalance"
        rows = {at: asking.row(GROWS, "growth", part, core=core) for at, part in growth.groupby(level="level")}
        row = rows[level]
        stated.append(
            asking.answered(
                GROWS,
                f"{verdict('growth', row)}: at an ablation ratio of {100 * level:g} % it goes from"
                f" {values[first].xs(level, level='level').mean():.3f} nats after epoch {first} to"
                f" {values[last].xs(level, level='level').mean():.3f} after epoch {last}, by"
                f" {shown('growth', row, 3, NATS)}; {how_many_above('growth', list(rows.values()), 'ratios')}.",
                judged("growth", row, 3, NATS),
                {
                    "measure": name,
                    "levels_above": sum(decided("growth", row) == ABOVE for row in rows.values()),
                    **row,
                },
                question=f"Does the {words} grow over training?",
                case=words,
            )
        )
    return [*stated, _keeps_up(here, asking, first, last)]


def _exists(table: pd.DataFrame, asking: Asking, level: float, when: str, key: str = "") -> Claim:
    """The claim that utility is imbalanced: the paper's main hypothesis, or of another network, by its key."""
    mean, low, high, whole = (table[name].mean() for name in ("top1", "top1_minimum", "top1_maximum", "whole_top1"))
    relative = table["imbalance"] / table["mean"]
    return above(
        asking,
        EXISTS,
        relative - IMBALANCED,
        f"of {int(table['subsets'].min())} random subsets of {100 * level:g} % of the weights, {when}, utility has a"
        f" mean of {table['mean'].mean():.3f} nats and a standard deviation of {table['imbalance'].mean():.3f}, which"
        f" is {relative.mean():.2f} of the mean, {{}} above a tenth; without them training accuracy falls from"
        f" {whole:.1f} % to {mean:.1f} % on average, to {low:.1f} % at worst and {high:.1f} % at best",
        digits=2,
        core=not key,
        numbers={"level": level, "imbalance": float(table["imbalance"].mean()), "relative": float(relative.mean())},
        question="Do some weights do more of the work than others (utility imbalance)"
        + (f", {when}, too?" if key else "?"),
        case=when if key else "",
        key=key,
    )


def _keeps_up(table: pd.DataFrame, asking: Asking, first: int, last: int) -> Claim:
    relative = table.assign(relative=table["imbalance"] / table["mean"])
    values = relative.pivot_table(index="seed", columns="epoch", values="relative")
    row = asking.row(KEEPS_UP, "fall", values[first] - values[last])
    sure = NOT_BELOW if row["fall_low"] >= -STEADY else BELOW if row["fall_high"] < -STEADY else OPEN
    outcomes = {NOT_BELOW: HOLDS, BELOW: FAILS, OPEN: UNDECIDED}
    return asking.answered(
        KEEPS_UP,
        f"{ANSWERS[outcomes[sure]].capitalize()}: it goes from {values[first].mean():.2f} of the mean after epoch"
        f" {first} to {values[last].mean():.2f} after epoch {last}, the former minus the latter is"
        f" {shown('fall', row, 2, '')}; down to {-STEADY:g} counts as no faster.",
        judged("fall", row, 2, "", STEADY, sure, outcomes, would_decide=seeds_to_decide(row, "fall", -STEADY)),
        row,
    )


def utility_by_magnitude(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """Claims on utility_bands.csv of one model."""
    mine = table[table["ratio"] == nearest(table["ratio"])]
    top1 = mine.pivot_table(index="seed", columns="band", values="top1")
    smallest, largest = top1[top1.columns.min()], top1[top1.columns.max()]
    part = 100 * float(mine["ratio"].iloc[0])
    stated = [
        above(
            asking,
            BY_MAGNITUDE,
            smallest - largest,
            f"without the smallest {part:g} % of the weights training accuracy is {smallest.mean():.1f} %, without the"
            f" largest {largest.mean():.1f} %, a difference of {{}}",
        )
    ]
    lower = mine[(mine["high"] <= HALF + 1e-9) & (mine["band"] > top1.columns.min())]
    if len(lower):
        lost = (smallest - lower.groupby("seed")["top1"].min()).clip(lower=0)
        row = asking.row(LARGE_ALONE, "lost", lost)
        sure = within("lost", row, HARMLESS)
        more = seeds_to_decide(row, "lost", HARMLESS)
        stated.append(
            asking.answered(
                LARGE_ALONE,
                f"{ANSWERS[IF_EQUAL[sure]].capitalize()}: bands of {part:g} % among the smaller half of the weights"
                f" cost {shown('lost', row)} of training accuracy at most; up to {HARMLESS:g} counts as none.",
                judged("lost", row, 1, " points", HARMLESS, sure, IF_EQUAL, would_decide=more),
                row,
            )
        )
    return stated


def endowed(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """The claim on utility_ranks.csv of one model."""
    level, first = nearest(table["level"]), table["epoch"].min()
    mine = table[(table["level"] == level) & (table["epoch"] == first)]
    if first > 0 or mine["to_last"].isna().any():
        return []
    later = table[table["level"] == level].groupby("epoch")["to_last"].mean()
    return [
        above(
            asking,
            ENDOWED,
            mine["to_last"],
            f"at an ablation ratio of {100 * level:g} % the rank correlation of utility before training with that after"
            f" it is {{}}; after epoch {later.index[-1]} it is {later.iloc[-1]:.2f}",
            digits=2,
            numbers={"level": level},
        )
    ]


def explained(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """The claims on utility_explained.csv of one model, after the last epoch."""
    level = nearest(table["level"])
    mine = table[(table["level"] == level) & (table["epoch"] == table["epoch"].max())]
    mine = mine.dropna(subset=["norms", "fisher"])
    if mine.empty:
        return []
    norms, fisher, layers = (mine[name].mean() for name in ("norms", "fisher", "layers"))
    here = f"at an ablation ratio of {100 * level:g} %"
    return [
        above(
            asking,
            MORE_THAN_LAYERS,
            HALF - mine["norms"],
            f"{here} the squared norms of the ablated weights of each layer explain {100 * norms:.0f} % of the variance"
            f" of utility, and their numbers {100 * layers:.0f} %: half minus the former is {{}}",
            digits=2,
            numbers={"norms": float(norms), "layers": float(layers)},
        ),
        above(
            asking,
            ADDITIVE,
            mine["fisher"] - HALF,
            f"{here} the Fisher information of single weights explains {100 * fisher:.0f} % of the variance of utility,"
            f" and {100 * mine['additive'].mean():.0f} % of its mean: the former minus half is {{}}",
            digits=2,
            numbers={"fisher": float(fisher), "additive": float(mine["additive"].mean())},
        ),
    ]


def sharpness(table: pd.DataFrame, utility: pd.DataFrame | None, asking: Asking) -> list[Claim]:
    """The claims on sharpness.csv of one model, beside utility_explained.csv, which has the mean utilities."""
    first, last = table["epoch"].min(), table["epoch"].max()
    if first == last:
        return []
    values = table.pivot_table(index="seed", columns="epoch", values="top_eigenvalue")
    stated = []
    if (values[[first, last]] > 0).all(axis=None):
        stated.append(
            above(
                asking,
                SHARPER,
                pd.Series(np.log10(values[last] / values[first])),
                f"the top eigenvalue of the training loss' Hessian goes from {values[first].mean():.3g} after epoch"
                f" {first} to {values[last].mean():.3g} after epoch {last}, by {{}} in powers of ten",
                digits=2,
            )
        )
    if utility is None or utility.empty:
        return stated
    level = nearest(utility["level"])
    both = table.merge(utility[utility["level"] == level][["seed", "epoch", "mean"]], on=["seed", "epoch"])
    ranks = both.groupby("seed")[["mean", "top_eigenvalue"]].rank()
    together = ranks.assign(seed=both["seed"]).groupby("seed")[["mean", "top_eigenvalue"]].corr().unstack()
    correlation = together[("mean", "top_eigenvalue")]
    if both.groupby("seed").size().min() < 3 or correlation.isna().any():
        return stated
    stated.append(
        above(
            asking,
            LINKED,
            correlation,
            f"over {both['epoch'].nunique()} epochs the rank correlation of mean utility at {100 * level:g} % and the"
            " top eigenvalue is {}",
            digits=2,
        )
    )
    return stated


def utility_by_size(table: pd.DataFrame, asking: Asking, chance: float) -> list[Claim]:
    """Claims on utility_sizes_summary.csv of one model.

    Args:
        table: of one model.
        asking: of the model.
        chance: the accuracy of guessing, in percent.
    """
    smallest, whole = table["size"].min(), table["size"].max()
    level = nearest(table["level"])
    if smallest == whole:
        return []
    untrained, table = table[table["epoch"] == 0], table[table["epoch"] == table["epoch"].max()]
    apart = _apart(table, (smallest, whole))
    own = table[(table["size"] == smallest) & (table["level"] == level) & (table["ablation"] == "ratio")]
    stated = []
    if len(own):
        stated.append(_exists(own, asking, level, f"in the network of size {smallest:g}", "smallest"))
    if len(apart):  # there are levels that both ways have
        stated.append(_in_proportion(apart, asking, (smallest, whole)))
    if len(at_start := _apart(untrained, (smallest, whole))):
        stated.append(_in_proportion(at_start, asking, (smallest, whole), AT_START))
    stated += _alike_at_chance(table, asking, (smallest, whole), chance)
    here = table[(table["level"] == level) & (table["ablation"] == "ratio")]
    for name in ("mean", "maximum", "minimum", "imbalance"):
        of = here.pivot_table(index="seed", columns="size", values=name).reindex(columns=[smallest, whole]).dropna()
        if of.empty:
            continue
        words = name if name == "imbalance" else f"{name} utility"
        stated.append(
            above(
                asking,
                SMALLER_MORE,
                of[smallest] - of[whole],
                f"at an ablation ratio of {100 * level:g} % it is {of[smallest].mean():.3f} nats in the network of size"
                f" {smallest:g} and {of[whole].mean():.3f} in the whole one, a difference of {{}}",
                digits=3,
                question=f"Is the {words} higher in a smaller network, by equal parts of the weights?",
                case=words,
            )
        )
    return stated


def _apart(table: pd.DataFrame, sizes: tuple[float, float]) -> pd.DataFrame:
    """How far the mean utilities of two sizes lie apart, by seed, ablated by ratio and by number; of common levels."""
    by = ["seed", "ablation", "level"]
    values = table.pivot_table(index=by, columns="size", values="mean").reindex(columns=[*sizes]).dropna()
    apart = (values[sizes[0]] - values[sizes[1]]).abs().unstack("ablation").reindex(columns=["ratio", "number"])
    return apart.dropna().groupby(level="seed").mean()


def _alike_at_chance(table: pd.DataFrame, asking: Asking, sizes: tuple[float, float], chance: float) -> list[Claim]:
    """The claim that sizes are more alike where the ablated networks guess, if they do so at the greatest level."""
    mine, level = table[(table["ablation"] == "ratio") & table["size"].isin(sizes)], nearest(table["level"])
    greatest = mine["level"].max()
    if not greatest > level:
        return []
    means = mine.pivot_table(index="seed", columns=["level", "size"], values="mean")
    far = {at: (means[at][sizes[0]] - means[at][sizes[1]]).abs() / means[at][sizes[1]] for at in (level, greatest)}
    top1 = mine[mine["level"] == greatest].groupby("size")["top1"].mean().max()
    words = (
        f"their means lie {100 * far[level].mean():.0f} % apart at an ablation ratio of {100 * level:g} %, and"
        f" {100 * far[greatest].mean():.0f} % at {100 * greatest:g} %, where accuracy is {top1:.1f} % at most: a"
        " difference of {}"
    )
    claim = above(asking, ALIKE_AT_CHANCE, far[level] - far[greatest], words, digits=2)
    if top1 <= GUESSING * chance:
        return [claim]
    why = (
        f"Cannot be asked here: at the greatest ablation ratio, {100 * greatest:g} %, networks do not guess yet, but"
        f" classify {top1:.1f} % of the images rightly."
    )
    return [asking.answered(ALIKE_AT_CHANCE, why, None, {"core": False}, outcome=CANNOT)]


def _in_proportion(
    apart: pd.DataFrame, asking: Asking, sizes: tuple[float, float], asked: Estimand = IN_PROPORTION
) -> Claim:
    rows = {name: float(apart[name].mean()) for name in ("ratio", "number")}
    return above(
        asking,
        asked,
        apart["number"] - apart["ratio"],
        f"{'before training ' if asked is AT_START else ''}the mean utilities of the networks of size"
        f" {sizes[0]:g} and {sizes[1]:g} differ by {rows['ratio']:.3f} nats when the same part of the weights is"
        f" ablated, by {rows['number']:.3f} nats when the same number is (means over the levels of both ways): a"
        " difference of {}",
        digits=3,
        core=asked is IN_PROPORTION,
        numbers={"smallest_size": float(sizes[0]), **rows},
    )


def utility_when_pruned(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """Claims on utility_pruned_summary.csv of one model."""
    stated, to_pretrained = [], {}
    for ratio, part in table.groupby("pruning_ratio"):
        means = part.pivot_table(index=["seed", "level"], columns="network", values="mean")
        gaps = {
            name: (means["pruned_retrained"] - means[name]).abs().groupby(level="seed").mean()
            for name in ("pretrained", "small")
        }
        to_pretrained[float(str(ratio))] = gaps["pretrained"]
        row = asking.row(LIKE_PRETRAINED, "closer", gaps["small"] - gaps["pretrained"])
        words = {ABOVE: "Like the pretrained", BELOW: "Like the small", EQUAL: "Like both"}
        like = words.get(decided("closer", row), "Not decided")
        stated.append(
            asking.answered(
                LIKE_PRETRAINED,
                f"{like}: its mean utility is {gaps['pretrained'].mean():.3f} nats from that of the"
                f" pretrained network and {gaps['small'].mean():.3f} nats from that of the small one (means over"
                f" levels), {shown('closer', row, 3, NATS)} further.",
                judged("closer", row, 3, NATS, after=" nearer to it than to a small one"),
                {
                    "pruning_ratio": float(str(ratio)),
                    "to_pretrained": float(gaps["pretrained"].mean()),
                    "to_small": float(gaps["small"].mean()),
                    **row,
                },
                question=f"With {100 * float(str(ratio)):g} % pruned and retrained, does a network use its weights"
                " like the pretrained network or like a small one?",
                case=f"{100 * float(str(ratio)):g} % pruned",
            )
        )
    if len(to_pretrained) > 1:
        least, most = min(to_pretrained), max(to_pretrained)
        stated.append(
            above(
                asking,
                UNLIKE_WITH_RATIO,
                to_pretrained[most] - to_pretrained[least],
                f"its mean utility is {to_pretrained[most].mean():.3f} nats from that of the pretrained network with"
                f" {100 * most:g} % pruned, and {to_pretrained[least].mean():.3f} with {100 * least:g} %, {{}} further",
                digits=3,
            )
        )
    return stated
