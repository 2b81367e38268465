"""The claims on the basin in which retraining ends; see `prunescape.mechanism.claims`."""

from collections.abc import Mapping

import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim, Question
from prunescape.claims.judgement import (
    ABOVE,
    ANSWERS,
    BEYOND,
    EQUAL,
    FAILS,
    HOLDS,
    IF_ABOVE,
    IF_BEYOND,
    IF_EQUAL,
    NOT_ABOVE,
    OPEN,
    beyond,
    judged,
    seeds_to_decide,
    shown,
)
from prunescape.mechanism.collapse import has_collapsed
from prunescape.mechanism.labels import (
    AT_RANDOM,
    FROM_LAST,
    MATCHED,
    OF_CYCLES,
    OF_SEEDS,
    PAPER,
    PRUNED,
    RETRAINED,
    TO_SMALL,
)
from prunescape.mechanism.statistics import pseudo_values
from prunescape.mechanism.utility_claims import above, within
from prunescape.statistics.sequential import IMAGES

# What decides whether two networks are in one basin, in words.
DECISIVE = {
    "barrier": " of rise on the line",
    "excess": " of error against the pretrained one",
    "excess_small": " of error against a small one",
}
SAME_BASIN_NUMBER = "barrier, or training error above the pretrained or a small network's, whichever decides"
SAME_BASIN = Estimand(
    "same_basin",
    "Does retraining after weight pruning end in the basin of the pretrained network?",
    f"{PAPER}, section 3, Fig. 6 (top)",
    "After weight pruning, retraining ends in the basin of the pretrained network.",
    SAME_BASIN_NUMBER,
    smallest=2.0,
    margin="the tolerance",
    unit=" points",
)


SEPARATE = Estimand(
    "another_basin_after_channels",
    "Does retraining after channel pruning end in another basin than that of the pretrained network?",
    f"{PAPER}, section 3, Fig. 6 (bottom right)",
    "After aggressive channel pruning and learning-rate rewinding, the retrained network lies in another basin than"
    " the pretrained one.",
    SAME_BASIN_NUMBER,
    smallest=2.0,
    margin="the tolerance",
    unit=" points",
)
NO_RECOVERY = Estimand(
    "no_recovery_from_channels",
    "Does fine-tuning leave a network bad after channel pruning?",
    f"{PAPER}, section 3, Fig. 6 (bottom left)",
    "After aggressive channel pruning, fine-tuning does not bring the network back to the pretrained one's accuracy.",
    "training error of the fine-tuned network minus that of the pretrained one",
    smallest=2.0,
    margin="the tolerance",
    unit=" points",
)
CYCLES = Estimand(
    "same_basin_as_last_cycle",
    "Does each cycle end in the basin of the cycle before?",
    f"{PAPER}, section 3, Fig. 16",
    "Each cycle of pruning and retraining ends in the basin of the cycle before.",
    "barrier between the networks of two consecutive cycles, the highest of all",
    smallest=2.0,
    margin="the tolerance",
    unit=" points",
    lowest=0.0,
)
NEARER = Estimand(
    "nearer_than_small",
    "Is the retrained network nearer to the pretrained one's basin than a small network of the same seed?",
    f"{PAPER}, section 3",
    "A pruned and retrained network is nearer to the pretrained one's basin than a small network of the same seed.",
    "barrier to the small network minus to the retrained one",
    smallest=5.0,
    unit=" points",
)
DIRECTED = Estimand(
    "not_any_direction",
    "Does retraining end where error is lower than as far away in a random direction?",
    f"beyond {PAPER}",
    "Retraining ends where error is lower than as far from the pretrained network in a random direction.",
    "training error at the random point minus at the retrained network",
    smallest=2.0,
    unit=" points",
)
NORMALISED = Estimand(
    "barrier_of_batch_norm",
    "Do batch norm's statistics alone make a barrier?",
    f"beyond {PAPER}; Jordan et al., 2023 (REPAIR)",
    "Batch norm's statistics alone make a barrier: measured anew at every point, it is lower by more than the"
    " tolerance.",
    "barrier with combined statistics minus with recomputed ones",
    smallest=2.0,
    margin="the tolerance",
    unit=" points",
)
SYMMETRIC = Estimand(
    "symmetry_makes_barrier",
    "Is most of the barrier between seeds a matter of symmetry?",
    f"beyond {PAPER}; Ainsworth et al., 2023 (Git Re-Basin)",
    "Most of the barrier between pretrained networks of unlike seeds is a matter of the order of their channels.",
    "half of the barrier between seeds minus the barrier once channels are matched",
    smallest=5.0,
    unit=" points",
)
NORMAL = 1.96  # half of a 95 % interval, in standard errors
LEAST_SEEDS = 3  # of numbers that are of pairs of seeds
STATISTICS = {True: "statistics recomputed", False: "statistics combined"}


def basins(table: pd.DataFrame, asking: Asking, tolerance: float, chance: float) -> list[Claim]:
    """Does retraining end in the basin of the pretrained network (utility paper, section 3, Fig. 6)?

    A barrier is not enough: it is zero too where error rises steadily, to a network that has collapsed. So the
    retrained network has to be as good as both the pretrained one and, where there is one, a small one of equal size.
    Nor is it one number: with batch norm's statistics recomputed at every point barriers are lower than with combined
    ones, and the utility paper does not say what it has.

    Args:
        table: barriers.csv of one model: seed, what, pruning, retraining, cycle, measure, recomputed, barrier, start,
            end, and small, which may be missing or empty.
        asking: of the model.
        tolerance: in points, of each of the three numbers.
        chance: the accuracy of guessing, in percent.

    Returns:
        Claims for each way of pruning and retraining, after its last cycle, and for each way of batch norm.
    """
    errors, stated = table[table["measure"] == "error"], []
    ways = [way for way in STATISTICS if (errors["recomputed"] == way).any()]
    for way in ways:
        case = STATISTICS[way] if len(ways) > 1 else ""
        mine = errors[errors["recomputed"] == way]
        stated += [*_of_basin(mine, asking, tolerance, chance, case), *_controls(mine, asking, tolerance, case)]
        stated += _of_symmetry(mine, asking, case)
    return stated + (_of_statistics(errors, asking, tolerance) if len(ways) > 1 else [])


def _last(errors: pd.DataFrame, what: str) -> pd.DataFrame:
    """The lines of a kind after the last cycle."""
    lines = errors[errors["what"] == what]
    return lines[lines["cycle"] == lines["cycle"].max()]


def _case(*words: str) -> str:
    return ", ".join(filter(None, words))


def _asked(question: Question, case: str) -> str:
    return f"{question.text.removesuffix('?')} ({case})?"


def _controls(errors: pd.DataFrame, asking: Asking, tolerance: float, case: str) -> list[Claim]:
    """Claims that hold the line to the retrained network against other lines.

    Args:
        errors: of one way of batch norm.
        asking, tolerance: see `basins`.
        case: the way of batch norm in words.
    """
    stated = []
    for (pruning, retraining), part in _last(errors, OF_CYCLES).groupby(["pruning", "retraining"], sort=False):
        own = errors[(errors["pruning"] == pruning) & (errors["retraining"] == retraining)]
        words = _case(PRUNED[pruning], RETRAINED[retraining], case)
        retrained = part.set_index("seed")
        before = own[own["what"] == FROM_LAST]
        if len(before):
            row = asking.row(CYCLES, "barrier", before.groupby("seed")["barrier"].max(), smallest=tolerance)
            sure, more = _of_images(before, within("barrier", row, tolerance), tolerance)
            stated.append(
                asking.answered(
                    CYCLES,
                    f"{ANSWERS[IF_EQUAL[sure]].capitalize()}: the highest barrier between two consecutive cycles is"
                    f" {shown('barrier', row)}; up to {tolerance:g} counts as one basin.",
                    judged(
                        "barrier",
                        row,
                        tolerance=tolerance,
                        sure=sure,
                        outcomes=IF_EQUAL,
                        after=DECISIVE["barrier"],
                        would_decide=more or seeds_to_decide(row, "barrier", tolerance),
                    ),
                    row,
                    question=_asked(CYCLES, words),
                    case=words,
                )
            )
        small, random = (_last(own, what).set_index("seed") for what in (TO_SMALL, AT_RANDOM))
        if len(small):
            there, here = small["barrier"], retrained["barrier"]
            beside = (
                f"from the pretrained network the barrier to a small one of the same seed is {there.mean():.1f} points"
            )
            beside += f", and that to the retrained one {here.mean():.1f}, a difference of"
            numbers = {"to_small": float(there.mean())}
            stated.append(_held(asking, NEARER, words, there - here, f"{beside} {{}}", numbers))
        if len(random):
            there, here = random["end"], retrained["end"]
            beside = "as far from the pretrained network as the retrained one, in a random direction, training error is"
            beside += f" {there.mean():.1f} %,"
            beside += " {} above that of the retrained network"
            stated.append(_held(asking, DIRECTED, words, there - here, beside, {"at_random": float(there.mean())}))
    return stated


def _held(
    asking: Asking, question: Estimand, case: str, values: pd.Series, words: str, numbers: Mapping[str, float]
) -> Claim:
    """The claim that a difference from another line is above zero; see `above`."""
    return above(asking, question, values, words, numbers=numbers, question=_asked(question, case), case=case)


def _of_symmetry(errors: pd.DataFrame, asking: Asking, case: str) -> list[Claim]:
    """Claims on what matching the channels of networks of unlike seeds leaves of the barrier between them.

    Args:
        errors: of one way of batch norm.
        asking, case: see `_controls`.
    """
    if OF_SEEDS not in set(errors["what"]):
        return []
    pairs = {
        what: errors[errors["what"] == what].set_index(["seed", "seed_to"])["barrier"] for what in (OF_SEEDS, *MATCHED)
    }
    before, stated = pairs[OF_SEEDS], []
    for what, words in MATCHED.items():
        after = pairs[what]
        if not len(after) or len({seed for pair in before.index for seed in pair}) < LEAST_SEEDS:
            continue
        fewer = before / 2 - after
        ends = (fewer.index.get_level_values(level).to_numpy() for level in range(2))
        stated.append(
            _held(
                asking,
                SYMMETRIC,
                _case(words, case),
                pd.Series(pseudo_values(fewer.to_numpy(), *ends)),
                f"the barrier between seeds is {before.mean():.1f} points, and {after.mean():.1f} once channels are"
                f" {words}; half of the one is {{}} above the other",
                {"between_seeds": float(before.mean()), "matched": float(after.mean())},
            )
        )
    return stated


def _of_statistics(errors: pd.DataFrame, asking: Asking, tolerance: float) -> list[Claim]:
    """Claims on what batch norm's statistics do to the barriers, with both ways of them measured."""
    stated = []
    for (pruning, retraining), part in _last(errors, OF_CYCLES).groupby(["pruning", "retraining"], sort=False):
        heights = part.pivot_table(index="seed", columns="recomputed", values="barrier")
        row = asking.row(NORMALISED, "higher", heights[False] - heights[True], smallest=tolerance)
        sure = beyond("higher", row, tolerance)
        stated.append(
            asking.answered(
                NORMALISED,
                f"{ANSWERS[IF_BEYOND[sure]].capitalize()}: the barrier is {heights[False].mean():.1f} points with"
                f" combined statistics and {heights[True].mean():.1f} with recomputed ones, a difference of"
                f" {shown('higher', row)}; up to {tolerance:g} counts as none.",
                judged(
                    "higher",
                    row,
                    tolerance=tolerance,
                    sure=sure,
                    outcomes=IF_BEYOND,
                    would_decide=seeds_to_decide(row, "higher", tolerance),
                ),
                {"combined": float(heights[False].mean()), "recomputed": float(heights[True].mean()), **row},
                question=_asked(NORMALISED, _case(PRUNED[pruning], RETRAINED[retraining])),
                case=_case(PRUNED[pruning], RETRAINED[retraining]),
            )
        )
    return stated


def _of_images(part: pd.DataFrame, sure: str, tolerance: float) -> tuple[str, str]:
    """What a barrier says, where images are enough for it; else that it is open, and what would decide it.

    Args:
        part: the lines of all seeds, with low and high, 95 % intervals over images; these may be missing.
        sure: what the interval over seeds says.
        tolerance: that decides.
    """
    if sure == OPEN or not {"low", "high"} <= {*part}:
        return sure, ""
    error = float((part["high"] - part["low"]).mean()) / (2 * NORMAL)
    if error <= IMAGES * tolerance:
        return sure, ""
    return OPEN, f"more images: their standard error is {error:.1f} points, above {IMAGES * tolerance:g}"


def _of_basin(errors: pd.DataFrame, asking: Asking, tolerance: float, chance: float, case: str) -> list[Claim]:
    """The claims on where retraining ends, each as the paper has it; see `basins` and `_controls`."""
    between = errors[errors["what"] == OF_SEEDS]["barrier"]
    beside = f"; between pretrained seeds it is {between.mean():.1f} points" if len(between) else ""
    numbers = {"between_seeds": float(between.mean()) if len(between) else None}
    stated = []
    for (pruning, retraining), part in _last(errors, OF_CYCLES).groupby(["pruning", "retraining"], sort=False):
        words = {
            "question": f"cycles of {PRUNED[pruning]} and {RETRAINED[retraining]}",
            "case": _case(PRUNED[pruning], RETRAINED[retraining], case),
        }
        numbers |= {"pruning": pruning, "retraining": retraining}
        if pruning == "channels" and retraining == "fine_tuning":
            stated.append(_recovery(part, asking, tolerance, chance, numbers, case, **words))
        else:
            asked = SAME_BASIN if pruning == "weights" else SEPARATE
            stated.append(_basin(part, asking, asked, tolerance, chance, beside, numbers, case, **words))
    return stated


def _recovery(
    part: pd.DataFrame,
    asking: Asking,
    tolerance: float,
    chance: float,
    numbers: Mapping[str, object],
    way: str,
    question: str,
    case: str,
) -> Claim:
    """The claim that fine-tuning does not recover; see `_basin`."""
    row = asking.row(NO_RECOVERY, "excess", part["end"] - part["start"], smallest=tolerance)
    sure = beyond("excess", row, tolerance)
    why = ", it has collapsed" if sure == BEYOND and has_collapsed(part, chance).all() else ""
    return asking.answered(
        NO_RECOVERY,
        f"{ANSWERS[IF_BEYOND[sure]].capitalize()}{why}: its training error, {part['end'].mean():.1f} %, is"
        f" {shown('excess', row)} against the pretrained network's; up to {tolerance:g} counts as recovered. The"
        f" barrier between the two is {part['barrier'].mean():.1f} points.",
        judged(
            "excess",
            row,
            tolerance=tolerance,
            sure=sure,
            outcomes=IF_BEYOND,
            after=DECISIVE["excess"],
            would_decide=seeds_to_decide(row, "excess", tolerance),
        ),
        {**numbers, **row},
        question=f"After {int(part['cycle'].iloc[0])} {question}, is the network left worse than the pretrained one"
        f"{f' (batch norm: {way})' if way else ''}?",
        case=case,
    )


def _basin(
    part: pd.DataFrame,
    asking: Asking,
    asked: Estimand,
    tolerance: float,
    chance: float,
    beside: str,
    numbers: Mapping[str, object],
    way: str,
    question: str,
    case: str,
) -> Claim:
    """The claim that retraining ends in the basin of the pretrained network, or in another one.

    Args:
        part: lines from the pretrained to the retrained networks, one a seed.
        asking, tolerance, chance: see `basins`.
        asked: `SAME_BASIN` or `SEPARATE`.
        beside: words on the barrier between seeds.
        numbers: what else was measured.
        way: of batch norm, in words.
        question: what was done, in words.
        case: see `Question.answered`.
    """
    values = {"barrier": part["barrier"], "excess": part["end"] - part["start"]}
    if "small" in part and part["small"].notna().all():
        values["excess_small"] = part["end"] - part["small"]
    rows = {
        name: asking.row(
            asked,
            name,
            of_each,
            core=asked is SAME_BASIN,
            parts=len(values),
            smallest=tolerance,
            lowest=0.0 if name == "barrier" else None,
        )
        for name, of_each in values.items()
    }
    said = {name: within(name, row, tolerance) for name, row in rows.items()}
    sure = next(answer for answer in (ABOVE, OPEN, EQUAL) if answer in said.values())
    decisive = max((name for name in said if said[name] == sure), key=lambda name: rows[name][name])
    more = ""
    if decisive == "barrier":
        sure, more = _of_images(part, sure, tolerance)
    outcomes, where = IF_EQUAL | {NOT_ABOVE: HOLDS}, "the pretrained one's basin"
    if asked is SEPARATE:
        outcomes, where = IF_ABOVE | {NOT_ABOVE: FAILS}, "another basin than the pretrained one"
    if sure == EQUAL and rows[decisive][f"{decisive}_low"] < -tolerance:  # better than what it is compared with
        sure = NOT_ABOVE
    told = {name: shown(name, row) for name, row in rows.items()}
    small = f" and {told['excess_small']} against a small one's" if "excess_small" in told else ""
    why = _why(said, bool(has_collapsed(part, chance).all())) if sure == ABOVE else ""
    return asking.answered(
        asked,
        f"{ANSWERS[outcomes[sure]].capitalize()}{why}: its training error, {part['end'].mean():.1f} %, is"
        f" {told['excess']} against the pretrained network's{small}, and the barrier between the two is"
        f" {told['barrier']}; up to {tolerance:g} each counts as one basin{beside}.",
        judged(
            decisive,
            rows[decisive],
            tolerance=tolerance,
            sure=sure,
            outcomes=outcomes,
            after=DECISIVE[decisive],
            would_decide=more or seeds_to_decide(rows[decisive], decisive, tolerance),
        ),
        {
            **numbers,
            "decisive": decisive,
            **{name: value for row in (*rows.values(), rows[decisive]) for name, value in row.items()},
        },
        question=f"After {int(part['cycle'].iloc[0])} {question}, is the network in {where}"
        f"{f' (batch norm: {way})' if way else ''}?",
        case=case,
    )


def _why(said: Mapping[str, str], is_ruined: bool) -> str:
    """Why it is another basin, in short, from what the numbers of `basins` say, by name.

    Args:
        said: by name.
        is_ruined: whether the networks of all seeds have lost most of what the pretrained ones had learnt.
    """
    if said.get("excess_small") == ABOVE or (said["excess"] == ABOVE and is_ruined):
        return ", it has collapsed"
    return ", it is not as good a minimum" if said["excess"] == ABOVE else ""
