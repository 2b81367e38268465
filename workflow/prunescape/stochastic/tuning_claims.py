"""The claims on fine-tuning (SP paper, section IV-E), on fresh networks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.published import published
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.chosen import of_method
from prunescape.stochastic.confirming import GAIN, PAPER, POINTS, WORTH, Confirming
from prunescape.stochastic.names import DETERMINISTIC, STOCHASTIC
from prunescape.stochastic.statistics import CHANCE, seed_medians
from prunescape.stochastic.tables import SOURCE

LAMP, GRASP = "lamp", "grasp"
FINE_TUNED = Estimand(
    "after_fine_tuning",
    "Does noise gain after fine-tuning?",
    f"{PAPER}, abstract and section IV-E, Table II",
    "Noise gains after fine-tuning.",
    f"{GAIN}; after fine-tuning",
    **WORTH,
)
NOISE_COSTS = Estimand(
    "little_noise_after_fine_tuning",
    "Is little noise better than much after fine-tuning?",
    f"{PAPER}, contributions and section IV-E, Fig. 8",
    "After fine-tuning networks with the least noise are better than those with the most.",
    "accuracy after fine-tuning with the least minus with the most noise",
    **WORTH,
)
NOISE_PAYS = Estimand(
    "much_noise_in_one_shot",
    "Is much noise better than little in one shot?",
    f"{PAPER}, contributions and section IV-E, Fig. 8",
    "In one shot networks with the most noise are better than those with the least.",
    "accuracy right after pruning with the most minus with the least noise",
    **WORTH,
)
FLOW = Estimand(
    "accuracy_against_flow",
    "Have networks of higher one-shot accuracy lower gradient flow?",
    f"{PAPER}, abstract and section IV-E, Fig. 8",
    "One-shot networks of higher accuracy have lower gradient flow.",
    "Spearman's rank correlation of one-shot accuracy and gradient flow, with its sign turned, over variants of all"
    " scores but GraSP, whose networks guess",
    smallest=0.3,
    is_correlation=True,
)
FLOW_HURTS = Estimand(
    "grasp_is_worse",
    "Is GraSP, which maximises gradient flow, worse than magnitude after fine-tuning?",
    f"{PAPER}, section IV-E",
    "Pruning for gradient flow (GraSP) is worse than pruning by magnitude after fine-tuning.",
    "deterministic accuracy after fine-tuning, by magnitude minus by GraSP, at the same pruning rate",
    **WORTH,
)
NOISE_FLOW = Estimand(
    "noise_lowers_flow",
    "Does noise lower gradient flow right after pruning?",
    f"{PAPER}, section IV-E, Table II",
    "Right after pruning stochastic networks have a smaller gradient flow than deterministic ones.",
    "log10 of the gradient norm without noise minus with noise, at magnitude's setting",
    smallest=0.1,
)
GRASP_FLOW = Estimand(
    "grasp_raises_flow",
    "Is gradient flow orders of magnitude larger with GraSP than by magnitude?",
    f"{PAPER}, section IV-E, Table II",
    "GraSP's gradient flow is orders of magnitude larger: more than ten times that of magnitude.",
    "log10 of the gradient norm of GraSP minus of magnitude, deterministic, at the same pruning rate, minus 1",
    smallest=0.3,
    margin="1",
)
GRASP_GUESSES = Estimand(
    "grasp_guesses",
    "Do networks pruned by GraSP guess, right after pruning?",
    f"{PAPER}, Table II",
    "Right after pruning by GraSP networks are at chance.",
    "one-shot accuracy of deterministic GraSP, at magnitude's pruning rate, minus that of guessing",
    smallest=5.0,
    margin="5 points, either way",
    unit=POINTS,
)
LAMP_BETTER = Estimand(
    "lamp_is_better",
    "Is LAMP better than magnitude after fine-tuning, without noise?",
    f"{PAPER}, section IV-E",
    "Deterministic pruning by LAMP is better than by magnitude after fine-tuning: a high bar for noise.",
    "deterministic accuracy after fine-tuning, by LAMP minus by magnitude, at the same pruning rate",
    **WORTH,
)
FORETELLS = Estimand(
    "recalibrated_foretells",
    "Does one-shot accuracy, recalibrated, foretell the accuracy after fine-tuning?",
    f"{PAPER}, section V, after Li et al. 2020 (EagleEye)",
    "Networks of higher accuracy right after pruning, recalibrated, are better after fine-tuning.",
    "Spearman's rank correlation of recalibrated one-shot accuracy and accuracy after fine-tuning, over variants of all"
    " scores but GraSP, whose networks guess",
    smallest=0.3,
    is_correlation=True,
)
OF_BATCH_NORM = Estimand(
    "recovery_is_batch_norm",
    "Is most of what fine-tuning recovers recovered by batch norm's statistics alone?",
    f"beyond {PAPER}",
    "More than half of what fine-tuning recovers is recovered with learning rate 0, by batch norm's statistics alone.",
    "accuracy recovered with learning rate 0 minus half of that which fine-tuning recovers, of deterministic networks,"
    " batch norm live in both",
    **WORTH,
    lowest=-150.0,
    highest=150.0,
)


def tuned(
    table: pd.DataFrame,
    best: Mapping[str, Any],
    confirming: Confirming,
    data: str,
    has_batch_norm: bool,
    guessing: float,
) -> list[Claim]:
    """Claims on fine_tuning.csv of one model.

    Args:
        table: of the model.
        best: what `prunescape.stochastic.statistics.choose_cells` gave.
        confirming: of the model.
        data: the data set's name.
        has_batch_norm: whether the networks have it.
        guessing: its accuracy, in percent.
    """
    if lost := table.loc[table["diverged"].astype(bool), "seed"].drop_duplicates().tolist():
        seeds = ", ".join(map(str, lost))
        confirming = replace(confirming, blocked=f"a look at what diverged: seeds {seeds}")
    one_shot = seed_medians(table.assign(recalibrated=False, top1=table["one_shot_top1"]))
    after = seed_medians(table.assign(recalibrated=False))
    stated = _at_own(after, best, confirming, data)
    for method in [name for name in after["method"].drop_duplicates() if name != GRASP]:
        stated += _by_noise(method, one_shot, after, confirming)
    stated += _flows(table, best, confirming, has_batch_norm)
    plain = table[table["kind"] == DETERMINISTIC]
    stated += _methods(plain[plain["gamma"] == best["gamma"]], confirming, guessing)
    if has_batch_norm:
        stated.append(_recovery(plain[plain["method"] == MAGNITUDE], confirming))
    return stated


def _at_own(after: pd.DataFrame, best: Mapping[str, Any], confirming: Confirming, data: str) -> list[Claim]:
    """Claims that noise gains after fine-tuning, for each score at the setting that was chosen for it."""
    keys = ["model", "method", "gamma", "sigma"]
    printed = published(f"{SOURCE}2", data).set_index(keys)["delta"].to_dict()
    stated = []
    for method, part in after.groupby("method", sort=False):
        gamma, sigma = of_method(best, str(method))
        here = part[(part["gamma"] == gamma) & (part["sigma"] == sigma)]
        cell = here.set_index("seed")
        stated.append(
            confirming.of(cell["median"], cell["reference"]).gains(
                FINE_TUNED,
                cell["delta"],
                f"at gamma {gamma:g}, sigma {sigma:g} stochastic networks reach"
                f" {cell['median'].mean():.1f} %, deterministic ones {cell['reference'].mean():.1f} %, a gain of {{}}",
                core=method == MAGNITUDE,
                question=f"Does noise gain after fine-tuning, scored by {method}?",
                case=f"scored by {method}",
                published=printed.get(tuple(here[keys].iloc[0])),
                published_in=f"{PAPER}, Table II",
                numbers={"method": str(method)},
            )
        )
    return stated


def _by_noise(method: str, one_shot: pd.DataFrame, after: pd.DataFrame, confirming: Confirming) -> list[Claim]:
    """Claims on the least and the most noise of a score, at the pruning rate at which most noises were tried."""
    mine = after[after["method"] == method]
    gamma = mine.groupby("gamma")["sigma"].nunique().idxmax()
    stated = []
    for asked, of, sign in ((NOISE_COSTS, after, 1), (NOISE_PAYS, one_shot, -1)):
        here = of[(of["method"] == method) & (of["gamma"] == gamma) & (of["kind"] == STOCHASTIC)]
        medians = here.pivot_table(index="seed", columns="sigma", values="median")
        least, most = medians.columns.min(), medians.columns.max()
        if least == most:
            continue
        stated.append(
            confirming.of(medians[least], medians[most]).gains(
                asked,
                sign * (medians[least] - medians[most]),
                f"at gamma {gamma:g} networks with sigma {least:g} have {medians[least].mean():.1f} % and those with"
                f" {most:g} {medians[most].mean():.1f} %, a difference of {{}}",
                question=f"{asked.text[:-1]}, scored by {method}?",
                case=f"scored by {method}",
            )
        )
    return stated


def _flows(table: pd.DataFrame, best: Mapping[str, Any], confirming: Confirming, has_batch_norm: bool) -> list[Claim]:
    """Claims on gradient flow and on what foretells the accuracy after fine-tuning, over a network's variants."""
    others = table[table["method"] != GRASP].groupby("seed")
    stated = []
    asks = [(FLOW, ["one_shot_top1", "one_shot_gradient_flow"], -1, ", with its sign turned,")]
    if has_batch_norm:
        asks.append((FORETELLS, ["one_shot_top1_recalibrated", "top1"], 1, ""))
    for asked, columns, sign, words in asks:
        correlation = others[columns].apply(lambda part: part.corr("spearman").iloc[0, 1])
        told = f"the rank correlation over a network's variants{words} is {{}}"
        stated.append(confirming.above(asked, sign * correlation.fillna(0.0), told))  # 0 where all are at chance
    cell = table[(table["method"] == MAGNITUDE) & (table["gamma"] == best["gamma"])]
    cell = cell[cell["sigma"].isin([0.0, best["sigma"]])]
    norms = cell.groupby(["seed", "kind"])["one_shot_gradient_norm"].median().unstack("kind")
    if {DETERMINISTIC, STOCHASTIC} <= set(norms):
        lower = _log10(norms[DETERMINISTIC]) - _log10(norms[STOCHASTIC])
        words = (
            f"the gradient norm is {norms[DETERMINISTIC].median():.3g} without noise and"
            f" {norms[STOCHASTIC].median():.3g} with it (medians); log10 falls by {{}}"
        )
        stated.append(confirming.above(NOISE_FLOW, lower, words))
    return stated


def _log10(values: pd.Series) -> pd.Series:
    """Logarithms of norms, of which one that is 0 counts as the smallest normal number."""
    return pd.Series(np.log10(np.maximum(values, np.finfo(np.float64).tiny)), values.index)


def _methods(plain: pd.DataFrame, confirming: Confirming, guessing: float) -> list[Claim]:
    """Claims that compare scores, of deterministic networks of one pruning rate."""
    columns = ["top1", "one_shot_top1", "one_shot_gradient_norm"]
    of = plain.set_index(["seed", "method"])[columns].unstack("method")
    tuned, first, norms = (of[name] for name in columns)
    stated = []
    for asked, better, worse, words in (
        (LAMP_BETTER, LAMP, MAGNITUDE, "LAMP reaches {:.1f} %, magnitude {:.1f} %, a difference of {{}}"),
        (FLOW_HURTS, MAGNITUDE, GRASP, "magnitude reaches {:.1f} %, GraSP {:.1f} %, a difference of {{}}"),
    ):
        if {better, worse} <= set(tuned):
            told = words.format(tuned[better].mean(), tuned[worse].mean())
            sides = confirming.of(tuned[better], tuned[worse])
            stated.append(sides.gains(asked, tuned[better] - tuned[worse], told))
    if {MAGNITUDE, GRASP} <= set(tuned):
        more = _log10(norms[GRASP]) - _log10(norms[MAGNITUDE])
        told = (
            f"the gradient norm is {norms[GRASP].median():.3g} with GraSP and {norms[MAGNITUDE].median():.3g} by"
            " magnitude (medians); the difference of log10 minus 1 is {}"
        )
        stated.append(confirming.above(GRASP_FLOW, more - 1, told))
    if GRASP in tuned:
        told = f"with GraSP networks have {first[GRASP].mean():.1f} %, guessing {guessing:.1f} %, a difference of {{}}"
        stated.append(confirming.equal(GRASP_GUESSES, first[GRASP] - guessing, told, margin=CHANCE))
    return stated


def _recovery(plain: pd.DataFrame, confirming: Confirming) -> Claim:
    columns = ["one_shot_top1", "one_shot_top1_recalibrated", "control_top1", "live_top1", "top1"]
    start, again, control, end, usual = (plain.groupby("seed")[name].mean() for name in columns)
    share = (control - start).mean() / (end - start).mean() if (end - start).mean() else float("nan")
    return confirming.of(control, end).gains(
        OF_BATCH_NORM,
        (control - start) - 0.5 * (end - start),
        f"{start.mean():.1f} % right after pruning become {control.mean():.1f} % by training with learning rate 0"
        f" ({again.mean():.1f} % by recalibration) and {end.mean():.1f} % by fine-tuning, batch norm live in both"
        f" ({usual.mean():.1f} % by fine-tuning as the config has it); the former is {100 * share:.0f} % of the"
        " recovery, {} more than half",
        numbers={"share": float(share)},
    )
