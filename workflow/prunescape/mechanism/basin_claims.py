"""The claim that retraining ends in the basin of the pretrained network; see `prunescape.mechanism.claims`."""

from collections.abc import Mapping

import pandas as pd

from prunescape.claims.claim import About, Claim, Question
from prunescape.claims.intervals import of_seeds
from prunescape.claims.judgement import ABOVE, EQUAL, IF_EQUAL, OPEN, judged, more_seeds, shown
from prunescape.mechanism.labels import PRUNED, RETRAINED

PAPER = "An empirical study of a pruning mechanism (ICLR 2021 submission)"  # "the utility paper"

# What decides whether two networks are in one basin, in words.
DECISIVE = {
    "barrier": " of rise on the line",
    "excess": " of error against the pretrained one",
    "excess_small": " of error against a small one",
}
SAME_BASIN = Question(
    "same_basin",
    "Does retraining end in the basin of the pretrained network?",
    f"{PAPER}, section 3, Fig. 6",
    "Retraining ends in the basin of the pretrained network.",
    "barrier, or training error above the pretrained or a small network's, whichever decides",
)


def basins(table: pd.DataFrame, about: About, tolerance: float) -> list[Claim]:
    """Does retraining end in the basin of the pretrained network (utility paper, section 3, Fig. 6)?

    A barrier is not enough: it is zero too where error rises steadily, to a network that has collapsed. So the
    retrained network has to be as good as both the pretrained one and, where there is one, a small one of equal size.

    Args:
        table: barriers.csv of one model: seed, what, pruning, retraining, cycle, measure, barrier, start, end, and
            small, which may be missing or empty.
        about: the model.
        tolerance: in points, of each of the three numbers.

    Returns:
        A claim for each way of pruning and retraining, after its last cycle.
    """
    errors = table[table["measure"] == "error"]
    between = errors[errors["what"] == "seeds"]["barrier"]
    beside = f"; between pretrained seeds it is {between.mean():.1f} points" if len(between) else ""
    retrained, stated = errors[errors["what"] == "pruned_retrained"], []
    last = retrained[retrained["cycle"] == retrained["cycle"].max()]
    for (pruning, retraining), part in last.groupby(["pruning", "retraining"], sort=False):
        values = {"barrier": part["barrier"], "excess": part["end"] - part["start"]}
        if "small" in part and part["small"].notna().all():
            values["excess_small"] = part["end"] - part["small"]
        rows = {name: of_seeds(name, of_each) for name, of_each in values.items()}
        said = {name: _within(name, row, tolerance) for name, row in rows.items()}
        sure = next(answer for answer in (ABOVE, OPEN, EQUAL) if answer in said.values())
        decisive = max((name for name in said if said[name] == sure), key=lambda name: rows[name][name])
        told = {name: shown(name, row) for name, row in rows.items()}
        small = f" and {told['excess_small']} against a small one's" if "excess_small" in told else ""
        stated.append(
            SAME_BASIN.answered(
                about,
                f"{_basin(said)}: its training error, {part['end'].mean():.1f} %, is {told['excess']} against"
                f" the pretrained network's{small}, and the barrier between the two is {told['barrier']}; up to"
                f" {tolerance:g} each counts as one basin{beside}.",
                judged(
                    decisive,
                    rows[decisive],
                    tolerance=tolerance,
                    sure=sure,
                    outcomes=IF_EQUAL,
                    after=DECISIVE[decisive],
                    would_decide=_more(decisive, rows[decisive], tolerance),
                ),
                question=f"After {int(part['cycle'].iloc[0])} cycles of {PRUNED[pruning]} and"
                f" {RETRAINED[retraining]}, is the network in the pretrained one's basin?",
                case=f"{PRUNED[pruning]}, {RETRAINED[retraining]}",
                numbers={
                    "pruning": pruning,
                    "retraining": retraining,
                    "between_seeds": float(between.mean()) if len(between) else None,
                    "decisive": decisive,
                    **{name: value for row in rows.values() for name, value in row.items()},
                },
            )
        )
    return stated


def _basin(said: Mapping[str, str]) -> str:
    """The answer in short, from what the numbers of `basins` say, by name."""
    if said.get("excess_small") == ABOVE:
        return "No, it has collapsed"
    if said["excess"] == ABOVE:
        return "No, it is not as good a minimum"
    if ABOVE in said.values():
        return "No"
    return "Not decided" if OPEN in said.values() else "Yes"


def _within(name: str, row: Mapping[str, float], tolerance: float) -> str:
    """Whether a number is at most the tolerance: `EQUAL`, `ABOVE` it, or `OPEN`."""
    if row[f"{name}_high"] <= tolerance:
        return EQUAL
    return ABOVE if row[f"{name}_low"] > tolerance else OPEN


def _more(name: str, row: Mapping[str, float], tolerance: float) -> str:
    """The seeds that would bring a number's interval to one side of the tolerance, in words."""
    return more_seeds(abs(row[name] - tolerance), row[f"{name}_low"], row[f"{name}_high"])
