"""The claims on fine-tuning (SP paper, section IV-E), on fresh networks."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.published import published
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.chosen import of_method
from prunescape.stochastic.confirming import GAIN, PAPER, WORTH, Confirming
from prunescape.stochastic.names import DETERMINISTIC, STOCHASTIC
from prunescape.stochastic.statistics import seed_medians
from prunescape.stochastic.tables import SOURCE

GRASP = "grasp"
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
    "Spearman's rank correlation of one-shot accuracy and gradient flow, with its sign turned",
    smallest=0.3,
    is_correlation=True,
)
FLOW_HURTS = Estimand(
    "grasp_is_worse",
    "Is GraSP, which maximises gradient flow, worse than magnitude after fine-tuning?",
    f"{PAPER}, section IV-E",
    "Pruning for gradient flow (GraSP) is worse than pruning by magnitude after fine-tuning.",
    "deterministic accuracy after fine-tuning, by magnitude minus by GraSP",
    **WORTH,
)
OF_BATCH_NORM = Estimand(
    "recovery_is_batch_norm",
    "Is most of what fine-tuning recovers recovered by batch norm's statistics alone?",
    f"beyond {PAPER}",
    "More than half of what fine-tuning recovers is recovered with learning rate 0, by batch norm's statistics alone.",
    "accuracy recovered with learning rate 0 minus half of that which fine-tuning recovers, of deterministic networks",
    **WORTH,
)


def tuned(
    table: pd.DataFrame, best: Mapping[str, Any], confirming: Confirming, data: str, has_batch_norm: bool
) -> list[Claim]:
    """Claims on fine_tuning.csv of one model.

    Args:
        table: of the model.
        best: what `prunescape.stochastic.statistics.choose_cells` gave.
        confirming: of the model.
        data: the data set's name.
        has_batch_norm: whether the networks have it.
    """
    if lost := table.loc[table["diverged"].astype(bool), "seed"].drop_duplicates().tolist():
        seeds = ", ".join(map(str, lost))
        confirming = Confirming(confirming.asking, confirming.tolerance, f"a look at what diverged: seeds {seeds}")
    one_shot = seed_medians(table.assign(recalibrated=False, top1=table["one_shot_top1"]))
    after = seed_medians(table.assign(recalibrated=False))
    stated = _at_own(after, best, confirming, data)
    for method in [name for name in after["method"].drop_duplicates() if name != GRASP]:
        stated += _by_noise(method, one_shot, after, confirming)
    flows = table[table["method"] != GRASP].groupby("seed")[["one_shot_top1", "one_shot_gradient_flow"]]
    against = -flows.apply(lambda part: part.corr("spearman").iloc[0, 1]).fillna(0.0)  # where all are at chance
    words = "the rank correlation over a network's variants, with its sign turned, is {}"
    stated.append(confirming.above(FLOW, against, words))
    plain = table[table["kind"] == DETERMINISTIC]
    by_method = plain.groupby(["seed", "method"])["top1"].mean().unstack("method")
    if {MAGNITUDE, GRASP} <= set(by_method):
        stated.append(
            confirming.gains(
                FLOW_HURTS,
                by_method[MAGNITUDE] - by_method[GRASP],
                f"magnitude reaches {by_method[MAGNITUDE].mean():.1f} %, GraSP {by_method[GRASP].mean():.1f} %, a"
                " difference of {}",
            )
        )
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
            confirming.gains(
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
            confirming.gains(
                asked,
                sign * (medians[least] - medians[most]),
                f"at gamma {gamma:g} networks with sigma {least:g} have {medians[least].mean():.1f} % and those with"
                f" {most:g} {medians[most].mean():.1f} %, a difference of {{}}",
                question=f"{asked.text[:-1]}, scored by {method}?",
                case=f"scored by {method}",
            )
        )
    return stated


def _recovery(plain: pd.DataFrame, confirming: Confirming) -> Claim:
    columns = ["one_shot_top1", "one_shot_top1_recalibrated", "control_top1", "top1"]
    start, again, control, end = (plain.groupby("seed")[name].mean() for name in columns)
    share = (control - start).mean() / (end - start).mean() if (end - start).mean() else float("nan")
    return confirming.gains(
        OF_BATCH_NORM,
        (control - start) - 0.5 * (end - start),
        f"{start.mean():.1f} % right after pruning become {control.mean():.1f} % by training with learning rate 0"
        f" ({again.mean():.1f} % by recalibration) and {end.mean():.1f} % by fine-tuning; the former is"
        f" {100 * share:.0f} % of the recovery, {{}} more than half",
        numbers={"share": float(share)},
    )
