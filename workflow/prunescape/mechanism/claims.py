"""Claims of the study `mechanism`: numbers with intervals over seeds, and sentences that follow from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import ABOVE, BELOW, EQUAL, decided, how_many_above, judged, shown, verdict
from prunescape.claims.published import published
from prunescape.claims.study import Answer, StudyClaims, answered_by, decided_on
from prunescape.mechanism.basin_claims import PAPER, basins
from prunescape.mechanism.labels import PRUNED, RETRAINED
from prunescape.mechanism.tables import SOURCE

STUDY = "mechanism"
NOTE = """The utility of a set of weights is the mean KL divergence, in nats, between the network's outputs and those
without these weights; imbalance is its standard deviation over random sets of one size. A barrier is how far the
training error rises between two networks above the line between its values at both. A retrained network is in the
pretrained one's basin where neither the barrier between them nor how much higher its training error is than that of
the pretrained network, and of a small one of its size, is above {tolerance:g} points. Numbers are means over pretrained
seeds with 95 % intervals over seeds. An interval that contains zero, or for basins these points, decides nothing."""

TYPICAL = 0.1  # the ablation ratio of the utility paper's example (Fig. 1)
NATS = " nats"

EXISTS = Question(
    "utility_imbalance",
    "Do some weights do more of the work than others (utility imbalance)?",
    f"{PAPER}, Fig. 1",
    "Some weights of a network do more of the work than others: utility is imbalanced.",
    "standard deviation of utility over random subsets of the weights",
)
GROWS = Question(
    "utility_grows",
    "Does utility grow over training?",
    f"{PAPER}, section 2.1.2, Fig. 2",
    "Imbalance, mean and minimum of utility grow over training.",
    "utility after the last minus after the first measured epoch",
)
IN_PROPORTION = Question(
    "used_in_proportion",
    "Do networks use their weights in proportion to their size?",
    f"{PAPER}, section 2.2.1, Fig. 3",
    "Networks use their weights in proportion to their size.",
    "difference of mean utility between sizes, by equal numbers minus by equal ratios",
)
LIKE_PRETRAINED = Question(
    "used_like_pretrained",
    "Does a pruned and retrained network use its weights like the pretrained one?",
    f"{PAPER}, section 2.2.2",
    "A pruned and retrained network uses its weights more like the pretrained network than like a small one.",
    "distance of mean utility to the small network minus to the pretrained one",
)
_BETTER = "Is a pruned and retrained network better than a small one?"
AT_ONCE = Question(
    "better_than_small",
    _BETTER,
    f"{PAPER}, Table 2",
    "A network that is pruned at once and retrained is better than a small one.",
    "validation accuracy minus that of the small network",
)
IN_CYCLES = Question(
    "better_than_small_after_cycles",
    _BETTER,
    f"{PAPER}, Table 1",
    "After cycles of pruning and retraining, a network is better than a small one.",
    "validation accuracy minus that of the small network",
)
PREDICTS = Question(
    "utility_predicts_cost",
    "Does utility predict the validation accuracy that pruning costs?",
    f"beyond {PAPER}",
    "Utility predicts the validation accuracy that pruning costs.",
    "Spearman's rank correlation of utility and lost accuracy",
)


def claims(given: Mapping[str, Any], settings: Mapping[str, Any]) -> StudyClaims:
    """The claims of the study on the networks of a run.

    Args:
        given: by name, those of the study's tables that there are: utility_epochs_summary, utility_sizes_summary,
            utility_pruned_summary, retrained, rank_correlations, cycles, barriers.
        settings: question, the study's; models, names in order; tolerance, points by which the error may rise between
            two networks of one basin, and be higher in one of them; data, the data set's name; and seeds.
    """
    tolerance, data = settings["tolerance"], settings["data"]
    answers: dict[str, Sequence[Answer]] = {
        "utility_epochs_summary": [_exists, _grows],
        "utility_sizes_summary": [_sizes],
        "utility_pruned_summary": [_pruned],
        "retrained": [lambda table, about: _retrained(table, about, data)],
        "cycles": [lambda table, about: _cycles(table, about, data)],
        "barriers": [lambda table, about: basins(table, about, tolerance)],
        "rank_correlations": [_predicts],
    }
    stated: list[Claim] = []
    for model in settings["models"]:
        own = {name: table[table["model"] == model] for name, table in given.items()}
        stated += answered_by(answers, own, About(STUDY, model, decided_on(data, settings["seeds"])))
    note = NOTE.format(tolerance=tolerance)
    return StudyClaims(STUDY, settings["question"], note, dict.fromkeys(settings["models"], ""), stated)


def _nearest(levels: pd.Series) -> float:
    """The level nearest to that of the paper's example."""
    known = np.sort(levels.unique())
    return float(known[np.abs(known - TYPICAL).argmin()])


def _exists(table: pd.DataFrame, about: About) -> list[Claim]:
    level = _nearest(table["level"])
    last = table[(table["epoch"] == table["epoch"].max()) & (table["level"] == level)]
    row = of_seeds("imbalance", last["imbalance"])
    mean, low, high, whole = (last[name].mean() for name in ("top1", "top1_minimum", "top1_maximum", "whole_top1"))
    return [
        EXISTS.answered(
            about,
            f"{verdict('imbalance', row)}: of {int(last['subsets'].min())} random subsets of"
            f" {100 * level:g} % of the weights, utility has a mean of {last['mean'].mean():.3f} nats and a"
            f" standard deviation of {shown('imbalance', row, 3, NATS)}; without them training accuracy falls from"
            f" {whole:.1f} % to {mean:.1f} % on average, to {low:.1f} % at worst and {high:.1f} % at best.",
            judged("imbalance", row, 3, NATS),
            numbers={"level": level, **row},
        )
    ]


def _grows(table: pd.DataFrame, about: About) -> list[Claim]:
    first, last = table["epoch"].min(), table["epoch"].max()
    if first == last:
        return []
    level, stated = _nearest(table["level"]), []
    for name, words in (("imbalance", "imbalance"), ("mean", "mean utility"), ("minimum", "minimum utility")):
        values = table.pivot_table(index=["seed", "level"], columns="epoch", values=name)
        growth = (values[last] - values[first]).rename("growth")
        rows = {at: of_seeds("growth", part) for at, part in growth.groupby(level="level")}
        row = rows[level]
        stated.append(
            GROWS.answered(
                about,
                f"{verdict('growth', row)}: at an ablation ratio of {100 * level:g} % it goes from"
                f" {values[first].xs(level, level='level').mean():.3f} nats after epoch {first} to"
                f" {values[last].xs(level, level='level').mean():.3f} after epoch {last}, by"
                f" {shown('growth', row, 3, NATS)}; {how_many_above('growth', list(rows.values()), 'ratios')}.",
                judged("growth", row, 3, NATS),
                question=f"Does the {words} grow over training?",
                case=words,
                numbers={
                    "measure": name,
                    "levels_above": sum(decided("growth", row) == ABOVE for row in rows.values()),
                    **row,
                },
            )
        )
    return stated


def _sizes(table: pd.DataFrame, about: About) -> list[Claim]:
    smallest, whole = table["size"].min(), table["size"].max()
    if smallest == whole:
        return []
    by = ["seed", "ablation", "level"]
    values = table.pivot_table(index=by, columns="size", values="mean")[[smallest, whole]].dropna()
    apart = (values[smallest] - values[whole]).abs().unstack("ablation").reindex(columns=["ratio", "number"]).dropna()
    if apart.empty:  # there are no levels that both ways have
        return []
    apart = apart.groupby(level="seed").mean()
    rows = {name: of_seeds(name, apart[name]) for name in apart}
    row = of_seeds("more", apart["number"] - apart["ratio"])
    level = _nearest(table["level"])
    here = table[(table["level"] == level) & (table["ablation"] == "ratio")].groupby("size")["maximum"].mean()
    return [
        IN_PROPORTION.answered(
            about,
            f"{verdict('more', row)}: the mean utilities of the networks of size {smallest:g} and {whole:g}"
            f" differ by {rows['ratio']['ratio']:.3f} nats when the same part of the weights is ablated, by"
            f" {rows['number']['number']:.3f} nats when the same number is (means over the levels of"
            f" both ways): a difference of {shown('more', row, 3, NATS)}. At {100 * level:g} % the largest utility is"
            f" {here[smallest]:.3f} nats in the small network and {here[whole]:.3f} in the whole one.",
            judged("more", row, 3, NATS),
            numbers={"smallest": float(smallest), **rows["ratio"], **rows["number"], **row},
        )
    ]


def _pruned(table: pd.DataFrame, about: About) -> list[Claim]:
    stated = []
    for ratio, part in table.groupby("pruning_ratio"):
        means = part.pivot_table(index=["seed", "level"], columns="network", values="mean")
        gaps = {
            name: (means["pruned_retrained"] - means[name]).abs().groupby(level="seed").mean()
            for name in ("pretrained", "small")
        }
        row = of_seeds("closer", gaps["small"] - gaps["pretrained"])
        words = {ABOVE: "Like the pretrained", BELOW: "Like the small", EQUAL: "Like both"}
        like = words.get(decided("closer", row), "Not decided")
        stated.append(
            LIKE_PRETRAINED.answered(
                about,
                f"{like}: its mean utility is {gaps['pretrained'].mean():.3f} nats from that of the"
                f" pretrained network and {gaps['small'].mean():.3f} nats from that of the small one (means over"
                f" levels), {shown('closer', row, 3, NATS)} further.",
                judged("closer", row, 3, NATS, after=" nearer to it than to a small one"),
                question=f"With {100 * float(str(ratio)):g} % pruned and retrained, does a network use its weights"
                " like the pretrained network or like a small one?",
                case=f"{100 * float(str(ratio)):g} % pruned",
                numbers={
                    "pruning_ratio": float(str(ratio)),
                    "to_pretrained": float(gaps["pretrained"].mean()),
                    "to_small": float(gaps["small"].mean()),
                    **row,
                },
            )
        )
    return stated


def _retrained(table: pd.DataFrame, about: About, data: str) -> list[Claim]:
    stated, theirs = [], published(f"{SOURCE}2", data)
    printed = theirs[theirs["model"] == about.model].pivot_table(
        index="pruning_ratio", columns="network", values="top1"
    )
    for ratio, part in table.groupby("pruning_ratio"):
        top1 = part.pivot_table(index="seed", columns="network", values="top1")
        case = f"{100 * float(str(ratio)):g} % pruned"
        words = f"With {case}, is the retrained network better than the small one?"
        beside = (printed["pruned_retrained"] - printed["small"]).get(ratio) if len(printed) else None
        own, small = top1["pruned_retrained"], top1["small"]
        stated.append(_better(AT_ONCE, about, words, f"{case} at once", own, small, own - small, beside))
    return stated


def _cycles(table: pd.DataFrame, about: About, data: str) -> list[Claim]:
    last, stated, theirs = table[table["cycle"] == table["cycle"].max()], [], published(f"{SOURCE}1", data)
    theirs = theirs[theirs["model"] == about.model].set_index(["pruning", "retraining"])
    printed = theirs["top1"] - theirs["small_top1"]
    for (pruning, retraining), part in last.groupby(["pruning", "retraining"], sort=False):
        words = (
            f"After {int(part['cycle'].iloc[0])} cycles of {PRUNED[pruning]} and {RETRAINED[retraining]}, at"
            f" {100 * part['density'].mean():.0f} % of the weights, is the network better than a small one?"
        )
        case = f"{PRUNED[pruning]}, {RETRAINED[retraining]}"
        beside = printed.get((pruning, retraining))
        own, small = part["top1"], part["small_top1"]
        stated.append(_better(IN_CYCLES, about, words, case, own, small, own - small, beside))
    return stated


def _better(
    asked: Question,
    about: About,
    question: str,
    case: str,
    own: pd.Series,
    small: pd.Series,
    gain: pd.Series,
    printed: float | None,
) -> Claim:
    """The claim that a network is better than a small one.

    Args:
        asked, about, question, case: see `Question.answered`.
        own, small: accuracies of the network and of the small one, one a seed.
        gain: their difference.
        printed: the published difference.
    """
    row = of_seeds("gain", gain)
    return asked.answered(
        about,
        f"{verdict('gain', row)}: {own.mean():.1f} % against {small.mean():.1f} % of validation images,"
        f" {shown('gain', row)}.",
        judged("gain", row),
        question=question,
        case=case,
        published=printed,
        published_in=asked.source,
        numbers=row,
    )


def _predicts(table: pd.DataFrame, about: About) -> list[Claim]:
    level, stated = _nearest(table.loc[table["of"] == "subsets", "level"]), []
    chosen = {
        f"random subsets of {100 * level:g} % of the weights": (table["of"] == "subsets") & (table["level"] == level),
        "single channels": table["of"] == "channels",
    }
    for words, rows in chosen.items():
        row = of_seeds("correlation", table[rows]["correlation"])
        stated.append(
            PREDICTS.answered(
                about,
                f"{verdict('correlation', row)}: Spearman's rank correlation is {shown('correlation', row, 2, '')}.",
                judged("correlation", row, 2, ""),
                question=f"Does utility predict the validation accuracy that pruning costs, of {words}?",
                case=words,
                numbers=row,
            )
        )
    return stated
