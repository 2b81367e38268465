"""The claims on what children begin with: beyond the thesis, whose children all begin with weights after He (5.3).

He's variance is made for the inputs of a dense neuron. Where a mask keeps two in a hundred, signals shrink from layer
to layer, and a network that does not learn says little about its mask.
"""

from typing import Any

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import CANNOT, judged, shown, verdict
from prunescape.coherence.asked import Answer, answer_of, is_core, judged_unless, named_failed, verdict_unless
from prunescape.coherence.by_size import WORDS, by_size, listing, named, number, with_sizes
from prunescape.coherence.labels import FIXED, HE, NETWORK, NONE, PARENT, SCALED, SCOPES, WIDE, labelled
from prunescape.coherence.mask_claims import ASKED

BEYOND = "beyond Yauney 2024, section 5.3, whose children begin with weights drawn anew"
OTHERS = {
    SCALED: Estimand(
        "scaled_over_he",
        "Are masked networks better from an initialisation that is scaled to what their mask leaves?",
        BEYOND,
        "With the largest parent, masked networks are better from weights scaled by their layers' densities than from"
        " He's.",
        "validation accuracy from scaled minus from He's weights, with the largest parent",
        smallest=5.0,
        unit=" points",
    ),
    PARENT: Estimand(
        "ticket_over_he",
        "Are masked networks better from their parent's initial weights than from others?",
        f"{BEYOND}; Frankle & Carbin 2019",
        "With the largest parent, masked networks are better from the weights that the parent began with than from"
        " others of He's.",
        "validation accuracy from the parent's initial minus from new weights, with the largest parent",
        smallest=5.0,
        unit=" points",
    ),
}
WORDED = {SCALED: "scaled weights", PARENT: "the parent's initial weights"}
COLLAPSE = Estimand(
    "collapse_by_he",
    "Do children of large parents lose less where their initialisation is scaled to what is left?",
    BEYOND,
    "Children of the largest parent lose less accuracy against those of the smallest from scaled weights than from"
    " He's: it is the initialisation, and not only the mask, that fails them.",
    "accuracy lost from the smallest to the largest parent, from He's minus from scaled weights",
    smallest=5.0,
    lowest=-200.0,
    highest=200.0,
    unit=" points",
)


def answers(bound: float) -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it.

    Args:
        bound: see `prunescape.coherence.by_size.learnt_from`.
    """
    return {
        "children": [
            lambda table, asking: _compared(table, asking, bound),
            lambda table, asking: _collapse(table, asking, bound),
        ]
    }


def _accuracies(
    children: pd.DataFrame, experiment: str, initialisation: str, value: str = "validation_top1"
) -> dict[tuple[str, str], pd.DataFrame]:
    """Accuracies by mask, score and end: a row a seed, a column a size."""
    own = children[(children["experiment"] == experiment)]
    if own.empty or "initialisation" not in own:
        return {}
    own = labelled(own[(own["score"] == NONE) | (own["initialisation"] == initialisation)])
    part = with_sizes(own, experiment)
    part = part[part["scope"] == scope_of_others(children, experiment)]
    return {mask: by_size(part, mask, value) for mask in ASKED}


def scope_of_others(children: pd.DataFrame, experiment: str) -> str:
    """The scope of an experiment whose masks have other initialisations; "" where none has."""
    own = children[children["experiment"] == experiment]
    own = own[own["initialisation"].isin([*OTHERS])] if "initialisation" in own else own.iloc[:0]
    return str(own["scope"].iloc[0]) if len(own) else ""


def _unlearnt(
    children: pd.DataFrame, experiment: str, mask: tuple[str, str], bound: float, *initialisations: str
) -> pd.DataFrame:
    """The training accuracies (percent) below the bound: a row a size, a column an initialisation, NaN elsewhere."""
    means = {name: _accuracies(children, experiment, name, "train_top1")[mask].mean() for name in initialisations}
    tops = pd.DataFrame(means)
    return tops.where(tops < bound).dropna(how="all")


def _diverged(children: pd.DataFrame, experiment: str, mask: tuple[str, str], size: float, *of: str) -> str:
    """The children of this size that diverged, in words."""
    own = with_sizes(labelled(children[children["experiment"] == experiment]), experiment)
    own = own[own["scope"].eq(scope_of_others(children, experiment)) & own["initialisation"].isin(of)]
    own = own[(own["score"] == mask[0]) & (own["end"] == mask[1]) & (own["size"] == size)]
    lost = own[own["validation_top1"].isna()]
    return "; ".join(
        f"{ASKED[mask]} masks from {row['initialisation']}, seed {row['seed']}" for _, row in lost.iterrows()
    )


def _compared(children: pd.DataFrame, asking: Asking, bound: float) -> list[Claim]:
    stated = []
    for experiment in (WIDE, FIXED, NETWORK):
        he = _accuracies(children, experiment, HE)
        for initialisation, asked in OTHERS.items():
            for mask, own in _accuracies(children, experiment, initialisation).items():
                gains = (own - he[mask]).dropna(how="all").dropna(axis=1, how="all")
                if gains.empty:
                    continue
                size, scope = max(gains.columns), SCOPES[scope_of_others(children, experiment)]
                where = f"{WORDS[experiment][1].format(number(size))}, " if experiment in WORDS else ""
                case = f"{ASKED[mask]}, {scope}, {experiment}"
                told: dict[str, Any] = {"question": f"{asked.text[:-1]} ({case})?", "case": case}
                below = _unlearnt(children, experiment, mask, bound, initialisation, HE)
                without = below.min(axis=1)
                numbers: dict[str, Any] = {
                    "by_size": {f"{one:g}": float(mean) for one, mean in gains.mean().items()},
                    "unlearnt": [float(one) for one in without.index],
                }
                if size in below.dropna().index:
                    why = f"Not known: {where}networks have learnt from neither.{named(without, experiment)}"
                    core = {"core": is_core(asked), **numbers}
                    stated.append(asking.answered(asked, why, None, core, outcome=CANNOT, **told))
                    continue
                row = answer_of(asking, asked, "gain", gains[size].dropna())
                blocked = _diverged(children, experiment, mask, size, initialisation, HE)
                stated.append(
                    asking.answered(
                        asked,
                        f"{verdict_unless(blocked, 'gain', row)}: {where}{own[size].mean():.1f} % of validation images"
                        f" from {WORDED[initialisation]} and {he[mask][size].mean():.1f} % from He's,"
                        f" {shown('gain', row)}.{listing(gains, experiment, list(without.index))}"
                        f"{named(without, experiment)}{named_failed(blocked)}",
                        judged_unless(blocked, "gain", row),
                        {**numbers, **row},
                        **told,
                    )
                )
    return stated


def _collapse(children: pd.DataFrame, asking: Asking, bound: float) -> list[Claim]:
    he, scaled = (_accuracies(children, FIXED, initialisation) for initialisation in (HE, SCALED))
    stated = []
    for mask, own in scaled.items():
        sizes = sorted(own.columns)
        if len(sizes) < 2:
            continue
        lost = {name: of[mask][sizes[0]] - of[mask][sizes[-1]] for name, of in ((HE, he), (SCALED, scaled))}
        less = (lost[HE] - lost[SCALED]).dropna()
        if less.empty:
            continue
        row, case = answer_of(asking, COLLAPSE, "less", less), ASKED[mask]
        without = _unlearnt(children, FIXED, mask, bound, SCALED, HE).min(axis=1)
        stated.append(
            asking.answered(
                COLLAPSE,
                f"{verdict('less', row)}: from parents {number(sizes[0])} to {number(sizes[-1])} times as large,"
                f" children lose {lost[HE].mean():.1f} points from He's weights and {lost[SCALED].mean():.1f} from"
                f" scaled ones, a difference of {shown('less', row)}.{named(without, FIXED)}",
                judged("less", row),
                {"he": float(lost[HE].mean()), "scaled": float(lost[SCALED].mean()), **row},
                question=f"{COLLAPSE.text[:-1]} ({case} masks)?",
                case=case,
            )
        )
    return stated
