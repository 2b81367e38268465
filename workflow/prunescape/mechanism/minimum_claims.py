"""The claims on the minimum in which retraining ends: how flat it is, and how it generalises."""

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ANSWERS, IF_NOT_ABOVE, beyond, judged, seeds_to_decide, shown
from prunescape.mechanism.labels import OF_CYCLES, PAPER, PRUNED, RETRAINED
from prunescape.mechanism.utility_claims import above

AS_FLAT = 0.3  # by which the base-10 logarithm of the top eigenvalue may grow: a factor of two
GAP = Estimand(
    "larger_gap_after_channels",
    "Has a network a larger generalisation gap than a small one after channel pruning?",
    f"{PAPER}, section 3",
    "After aggressive channel pruning, a retrained network has a larger generalisation gap than a small network.",
    "validation error minus training error, of the retrained network minus of the small one",
    smallest=1.0,
    unit=" points",
)
FLAT = Estimand(
    "minimum_stays_flat",
    "Is the minimum in which retraining after weight pruning ends as flat as the pretrained network's?",
    f"{PAPER}, section 3",
    "After weight pruning, the retrained network stays in the flat basin that pretraining has reached.",
    "base-10 logarithm of the top eigenvalue of the training loss' Hessian, of the retrained minus of the pretrained"
    " network",
    smallest=AS_FLAT,
    margin=f"{AS_FLAT:g}",
)


def generalisation(cycles: pd.DataFrame, barriers: pd.DataFrame | None, asking: Asking) -> list[Claim]:
    """The claims on the generalisation gap after the last cycle of channel pruning.

    Args:
        cycles: cycles.csv of one model.
        barriers: its barriers.csv, which has the training errors; those with the networks' own statistics of batch
            norm, where both were measured.
        asking: of the model.
    """
    if barriers is None or "small" not in barriers:
        return []
    lines = barriers[(barriers["measure"] == "error") & (barriers["what"] == OF_CYCLES)]
    lines = lines[lines["recomputed"] == lines["recomputed"].min()]
    by, stated = ["seed", "pruning", "retraining", "cycle"], []
    both = cycles.merge(lines[[*by, "end", "small"]], on=by)
    both = both[(both["cycle"] == cycles["cycle"].max()) & (both["pruning"] == "channels")]
    for retraining, part in both.groupby("retraining", sort=False):
        of = part.set_index("seed")
        own, small = 100 - of["top1"] - of["end"], 100 - of["small_top1"] - of["small"]
        if small.isna().any():
            continue
        case = f"{PRUNED['channels']}, {RETRAINED[str(retraining)]}"
        stated.append(
            above(
                asking,
                GAP,
                own - small,
                f"validation error is {own.mean():.1f} points above training error, that of the small network"
                f" {small.mean():.1f}, {{}}",
                question=f"{GAP.text.removesuffix('?')} and {RETRAINED[str(retraining)]}?",
                case=case,
            )
        )
    return stated


def flat(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    """The claims on flatness.csv of one model."""
    stated = []
    for retraining, part in table[table["pruning"] == "weights"].groupby("retraining", sort=False):
        top = part.pivot_table(index="seed", columns="network", values="top_eigenvalue")
        if (top <= 0).any(axis=None):
            continue
        logarithms = pd.DataFrame(np.log10(top))
        row = asking.row(FLAT, "sharper", logarithms["pruned_retrained"] - logarithms["pretrained"])
        sure = beyond("sharper", row, AS_FLAT)
        means = {name: float(top[name].mean()) for name in top}
        stated.append(
            asking.answered(
                FLAT,
                f"{ANSWERS[IF_NOT_ABOVE[sure]].capitalize()}: the top eigenvalue of the training loss' Hessian is"
                f" {means['pretrained']:.3g} at the pretrained network, {means['pruned_retrained']:.3g} at the"
                f" retrained one, and {means['small']:.3g} at a small one: in powers of ten it grows by"
                f" {shown('sharper', row, 2, '')}; up to {AS_FLAT:g} counts as flat as before.",
                judged(
                    "sharper",
                    row,
                    2,
                    "",
                    AS_FLAT,
                    sure,
                    IF_NOT_ABOVE,
                    would_decide=seeds_to_decide(row, "sharper", AS_FLAT),
                ),
                {**means, **row},
                question=f"{FLAT.text.removesuffix('?')} ({RETRAINED[str(retraining)]})?",
                case=f"{PRUNED['weights']}, {RETRAINED[str(retraining)]}",
            )
        )
    return stated
