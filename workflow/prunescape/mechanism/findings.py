"""What the study found, in numbers with intervals over pretrained seeds and in sentences that follow from them.

Each finding is a dict: question, answer (a sentence), what `prunescape.answers.judged` says of it, topic and case (see
`prunescape.questions`), and the numbers behind it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from prunescape.answers import (
    ABOVE,
    BELOW,
    EQUAL,
    answered_by,
    decided,
    how_many_above,
    judged,
    of_seeds,
    shown,
    verdict,
)
from prunescape.mechanism.basin_findings import basins
from prunescape.mechanism.labels import PRUNED, RETRAINED

Finding = dict[str, Any]
Tables = Mapping[str, pd.DataFrame]

TYPICAL = 0.1  # the ablation ratio of the utility paper's example (Fig. 1)
NATS = " nats"


def findings(tables: Tables, models: Sequence[str], tolerance: float) -> dict[str, Any]:
    """Everything that the study says.

    Args:
        tables: by name, those of the study's tables that there are: utility_epochs_summary, utility_sizes_summary,
            utility_pruned_summary, retrained, rank_correlations, cycles, barriers.
        models: names, in order.
        tolerance: points by which the error may rise between two networks of one basin, and be higher in one of them.

    Returns:
        tolerance, and models: by name, findings, a list.
    """
    answers = {
        "utility_epochs_summary": [_exists, _grows],
        "utility_sizes_summary": [_sizes],
        "utility_pruned_summary": [_pruned],
        "retrained": [_retrained],
        "cycles": [_cycles],
        "barriers": [lambda table: basins(table, tolerance)],
        "rank_correlations": [_predicts],
    }
    found = {}
    for model in models:
        own = {name: table[table["model"] == model] for name, table in tables.items()}
        found[model] = {"findings": answered_by(answers, own)}
    return {"tolerance": tolerance, "models": found}


def _nearest(levels: pd.Series) -> float:
    """The level nearest to that of the paper's example."""
    known = np.sort(levels.unique())
    return float(known[np.abs(known - TYPICAL).argmin()])


def _exists(table: pd.DataFrame) -> list[Finding]:
    """Is there utility imbalance (the utility paper's main hypothesis, Fig. 1)?"""
    level = _nearest(table["level"])
    last = table[(table["epoch"] == table["epoch"].max()) & (table["level"] == level)]
    row = of_seeds("imbalance", last["imbalance"])
    mean, low, high, whole = (last[name].mean() for name in ("top1", "top1_minimum", "top1_maximum", "whole_top1"))
    return [
        {
            "question": "Do some weights do more of the work than others (utility imbalance)?",
            "answer": f"{verdict('imbalance', row)}: of {int(last['subsets'].min())} random subsets of"
            f" {100 * level:g} % of the weights, utility has a mean of {last['mean'].mean():.3f} nats and a"
            f" standard deviation of {shown('imbalance', row, 3, NATS)}; without them training accuracy falls from"
            f" {whole:.1f} % to {mean:.1f} % on average, to {low:.1f} % at worst and {high:.1f} % at best.",
            **judged("imbalance", row, 3, NATS),
            "level": level,
            **row,
        }
    ]


def _grows(table: pd.DataFrame) -> list[Finding]:
    """Do imbalance, mean and minimum of utility grow over training (utility paper, 2.1.2, Fig. 2)?"""
    first, last = table["epoch"].min(), table["epoch"].max()
    if first == last:
        return []
    level, found = _nearest(table["level"]), []
    for name, words in (("imbalance", "imbalance"), ("mean", "mean utility"), ("minimum", "minimum utility")):
        values = table.pivot_table(index=["seed", "level"], columns="epoch", values=name)
        growth = (values[last] - values[first]).rename("growth")
        rows = {at: of_seeds("growth", part) for at, part in growth.groupby(level="level")}
        row = rows[level]
        found.append(
            {
                "question": f"Does the {words} grow over training?",
                "answer": f"{verdict('growth', row)}: at an ablation ratio of {100 * level:g} % it goes from"
                f" {values[first].xs(level, level='level').mean():.3f} nats after epoch {first} to"
                f" {values[last].xs(level, level='level').mean():.3f} after epoch {last}, by"
                f" {shown('growth', row, 3, NATS)}; {how_many_above('growth', list(rows.values()), 'ratios')}.",
                "topic": "Does utility grow over training?",
                "case": words,
                **judged("growth", row, 3, NATS),
                "measure": name,
                "levels_above": sum(decided("growth", row) == ABOVE for row in rows.values()),
                **row,
            }
        )
    return found


def _sizes(table: pd.DataFrame) -> list[Finding]:
    """Do networks of unlike size respond alike to ablation by ratio, and unlike by number (utility paper, 2.2.1)?"""
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
        {
            "question": "Do networks use their weights in proportion to their size?",
            "answer": f"{verdict('more', row)}: the mean utilities of the networks of size {smallest:g} and {whole:g}"
            f" differ by {rows['ratio']['ratio']:.3f} nats when the same part of the weights is ablated, by"
            f" {rows['number']['number']:.3f} nats when the same number is (means over the levels of"
            f" both ways): a difference of {shown('more', row, 3, NATS)}. At {100 * level:g} % the largest utility is"
            f" {here[smallest]:.3f} nats in the small network and {here[whole]:.3f} in the whole one.",
            **judged("more", row, 3, NATS),
            "smallest": float(smallest),
            **rows["ratio"],
            **rows["number"],
            **row,
        }
    ]


def _pruned(table: pd.DataFrame) -> list[Finding]:
    """Is the pruned-and-retrained network like the pretrained one, or like the small one (utility paper, 2.2.2)?"""
    found = []
    for ratio, part in table.groupby("pruning_ratio"):
        means = part.pivot_table(index=["seed", "level"], columns="network", values="mean")
        gaps = {
            name: (means["pruned_retrained"] - means[name]).abs().groupby(level="seed").mean()
            for name in ("pretrained", "small")
        }
        row = of_seeds("closer", gaps["small"] - gaps["pretrained"])
        words = {ABOVE: "Like the pretrained", BELOW: "Like the small", EQUAL: "Like both"}
        like = words.get(decided("closer", row), "Not decided")
        found.append(
            {
                "question": f"With {100 * float(str(ratio)):g} % pruned and retrained, does a network use its weights"
                " like the pretrained network or like a small one?",
                "answer": f"{like}: its mean utility is {gaps['pretrained'].mean():.3f} nats from that of the"
                f" pretrained network and {gaps['small'].mean():.3f} nats from that of the small one (means over"
                f" levels), {shown('closer', row, 3, NATS)} further.",
                "topic": "Does a pruned and retrained network use its weights like the pretrained one?",
                "case": f"{100 * float(str(ratio)):g} % pruned",
                **judged("closer", row, 3, " nats nearer to it than to a small one"),
                "pruning_ratio": float(str(ratio)),
                "to_pretrained": float(gaps["pretrained"].mean()),
                "to_small": float(gaps["small"].mean()),
                **row,
            }
        )
    return found


def _retrained(table: pd.DataFrame) -> list[Finding]:
    """Is the pruned-and-retrained network more accurate than the small one (utility paper, Table 2)?"""
    found = []
    for ratio, part in table.groupby("pruning_ratio"):
        top1 = part.pivot_table(index="seed", columns="network", values="top1")
        gain = top1["pruned_retrained"] - top1["small"]
        case = f"{100 * float(str(ratio)):g} % pruned"
        words = f"With {case}, is the retrained network better than the small one?"
        found.append(_better(words, f"{case} at once", top1["pruned_retrained"], top1["small"], gain))
    return found


def _cycles(table: pd.DataFrame) -> list[Finding]:
    """Is the network better than the small one after the last cycle (utility paper, Table 1)?"""
    last, found = table[table["cycle"] == table["cycle"].max()], []
    for (pruning, retraining), part in last.groupby(["pruning", "retraining"], sort=False):
        words = (
            f"After {int(part['cycle'].iloc[0])} cycles of {PRUNED[pruning]} and {RETRAINED[retraining]}, at"
            f" {100 * part['density'].mean():.0f} % of the weights, is the network better than a small one?"
        )
        case = f"{PRUNED[pruning]}, {RETRAINED[retraining]}"
        found.append(_better(words, case, part["top1"], part["small_top1"], part["top1"] - part["small_top1"]))
    return found


def _better(question: str, case: str, pruned: pd.Series, small: pd.Series, gain: pd.Series) -> Finding:
    row = of_seeds("gain", gain)
    return {
        "question": question,
        "topic": "Is a pruned and retrained network better than a small one?",
        "case": case,
        "answer": f"{verdict('gain', row)}: {pruned.mean():.1f} % against {small.mean():.1f} % of validation images,"
        f" {shown('gain', row)}.",
        **judged("gain", row),
        **row,
    }


def _predicts(table: pd.DataFrame) -> list[Finding]:
    """Does utility predict what pruning a subset costs (beyond the utility paper)?"""
    level, found = _nearest(table.loc[table["of"] == "subsets", "level"]), []
    chosen = {
        f"random subsets of {100 * level:g} % of the weights": (table["of"] == "subsets") & (table["level"] == level),
        "single channels": table["of"] == "channels",
    }
    for words, rows in chosen.items():
        row = of_seeds("correlation", table[rows]["correlation"])
        found.append(
            {
                "question": f"Does utility predict the validation accuracy that pruning costs, of {words}?",
                "answer": f"{verdict('correlation', row)}: Spearman's rank correlation is"
                f" {shown('correlation', row, 2, '')}.",
                "topic": "Does utility predict the validation accuracy that pruning costs?",
                "case": words,
                **judged("correlation", row, 2, ""),
                **row,
            }
        )
    return found
