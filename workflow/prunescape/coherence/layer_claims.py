"""The claims on layers that masks leave nearly empty: whether these are why diff masks fail (thesis, 6.2)."""

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import judged, shown, verdict
from prunescape.coherence.asked import Answer, answer_of
from prunescape.coherence.labels import (
    BEST,
    DIFF,
    LOCAL,
    MAGNITUDE,
    NETWORK,
    SCOPES,
    labelled,
    of_first_initialisation,
    of_mask,
    scopes_of,
)

EMPTY = 0.25  # of the mask's density: layers that keep less are nearly empty; the thesis' floor is a fifth
STARVE = Estimand(
    "diff_masks_starve_layers",
    "Do diff masks leave more layers nearly empty than magnitude masks?",
    "Yauney 2024, section 6.2 and Fig. 6.3",
    f"Masks of the largest diffs leave more layers with less than {EMPTY:g} of the mask's density than masks of the"
    " largest magnitudes.",
    "part of the layers, diff minus magnitude masks",
    smallest=10.0,
    unit=" points",
)
CATCH_UP = Estimand(
    "diff_masks_catch_up_by_layer",
    "Do diff masks catch up with magnitude masks where each layer keeps as much?",
    "Yauney 2024, section 6.2 and Figs. 6.1, 6.2, 6.5 and 6.6",
    "Diff masks are better against magnitude masks where each layer keeps as much than where layers compete, so that"
    " uneven layers are what failed them.",
    "validation accuracy of the diff minus the magnitude mask, by layer minus over all layers",
    smallest=2.0,
    lowest=-200.0,
    highest=200.0,
    unit=" points",
)


def answers() -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it."""
    return {"densities": [_starve], "children": [_catch_up]}


def nearly_empty(densities: pd.DataFrame) -> pd.Series:
    """The part of the layers, in percent, that keep less than `EMPTY` of their mask's density, by seed.

    Args:
        densities: seed, weights, kept, of one mask: rows of densities.csv.
    """
    of_mask = densities.groupby("seed")[["kept", "weights"]].transform("sum")
    few = densities["kept"] / densities["weights"] < EMPTY * of_mask["kept"] / of_mask["weights"]
    return 100 * few.groupby(densities["seed"]).mean()


def _starve(densities: pd.DataFrame, asking: Asking) -> list[Claim]:
    table, stated = labelled(densities), []
    for scope in scopes_of(table):
        own = table[table["scope"] == scope]
        diff, magnitude = (nearly_empty(of_mask(own, score, BEST)) for score in (DIFF, MAGNITUDE))
        more = (diff - magnitude).dropna()
        if scope == LOCAL or more.empty:
            continue
        row, case = answer_of(asking, STARVE, "more", more), SCOPES[scope]
        stated.append(
            asking.answered(
                STARVE,
                f"{verdict('more', row)}: {diff.mean():.0f} % of the layers are nearly empty with diff masks and"
                f" {magnitude.mean():.0f} % with magnitude masks, {shown('more', row)}.",
                judged("more", row),
                {"diff": float(diff.mean()), "magnitude": float(magnitude.mean()), **row},
                question=f"{STARVE.text[:-1]} ({case})?",
                case=case,
            )
        )
    return stated


def _catch_up(children: pd.DataFrame, asking: Asking) -> list[Claim]:
    table = labelled(of_first_initialisation(children[children["experiment"] == NETWORK]))
    over = {}
    for scope in scopes_of(table):
        own = table[table["scope"] == scope]
        by_score = [of_mask(own, score, BEST).set_index("seed")["validation_top1"] for score in (DIFF, MAGNITUDE)]
        over[scope] = (by_score[0] - by_score[1]).dropna()
    stated = []
    for scope, behind in over.items():
        more = (over[LOCAL] - behind).dropna() if LOCAL in over and scope != LOCAL else pd.Series(dtype=float)
        if more.empty:
            continue
        row, case = answer_of(asking, CATCH_UP, "more", more), SCOPES[scope]
        stated.append(
            asking.answered(
                CATCH_UP,
                f"{verdict('more', row)}: with diff minus with magnitude masks it is {over[LOCAL].mean():+.1f} points"
                f" where each layer keeps as much, and {behind.mean():+.1f} where layers compete, a difference of"
                f" {shown('more', row)}.",
                judged("more", row),
                {"local": float(over[LOCAL].mean()), "other": float(behind.mean()), **row},
                question=f"{CATCH_UP.text[:-1]} (beside {case})?",
                case=case,
            )
        )
    return stated
