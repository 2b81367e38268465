"""The claim across the networks of a run: is what noise gains an artefact of batch norm's statistics?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.chosen import of_method
from prunescape.stochastic.confirming import PAPER, Confirming
from prunescape.stochastic.gain_claims import normalised, of_cell
from prunescape.stochastic.names import RECALIBRATED

ALL = "all_networks"  # in the place of a network's name
ARTEFACT = Estimand(
    "batch_norm_artefact",
    "Is what noise gains an artefact of batch norm's statistics?",
    f"beyond {PAPER}; Saikumar and Varghese 2025 (arXiv 2502.15790)",
    "Noise gains where batch norm keeps the dense network's statistics, and neither where it is recalibrated nor where"
    " there is no batch norm.",
    "by how much the gain that decides is on that side of the margin: above it where batch norm is as pretrained, below"
    " it recalibrated and without batch norm; one-shot, by magnitude, each at the setting chosen for it",
    smallest=1.5,
    margin="0",
    unit=" points",
    lowest=-200.0,  # a gain from its margin
    highest=200.0,
)


def artefact(confirmed: pd.DataFrame, cells: Mapping[str, Mapping[str, Any]], confirming: Confirming) -> list[Claim]:
    """The claim; none where not some networks have batch norm and some have none.

    All gains have to be on their side, so each may have the whole level (Berger, 1982); one that is not is enough for
    "no", and for that they share the level.

    Args:
        confirmed: confirmed.csv of all networks.
        cells: what was chosen, by network.
        confirming: of all networks.
    """
    sides: dict[str, pd.Series] = {}
    told, kinds = [], set()
    for model, best in cells.items():
        own = confirmed[(confirmed["model"] == model) & (confirmed["method"] == MAGNITUDE)]
        here = of_cell(own, *of_method(best, MAGNITUDE))
        gain, confirming = here["delta"], confirming.of(here["median"], here["reference"])
        kinds.add(normalised(own))
        if not normalised(own):
            sides[f"{model} without batch norm"] = confirming.tolerance - gain
            told.append(f"{model} without batch norm gains {gain.mean():+.1f} points")
            continue
        there = of_cell(own, *of_method(best, RECALIBRATED), True)
        again, confirming = there["delta"], confirming.of(there["median"], there["reference"])
        sides[f"{model} with batch norm as pretrained"] = gain - confirming.tolerance
        sides[f"{model} recalibrated"] = confirming.tolerance - again
        told.append(f"{model} gains {gain.mean():+.1f} points as pretrained, {again.mean():+.1f} recalibrated")
    if len(kinds) < 2:
        return []
    words = "; ".join(told)
    return [confirming.all_above(ARTEFACT, sides, f"{words}. What decides is {{0}}, by {{1}}")]
