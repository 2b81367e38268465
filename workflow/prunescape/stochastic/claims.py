"""Claims of the study `stochastic`: gains of networks that had no part in choosing, and sentences that follow."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from prunescape.claims.asking import Asking, asked_at
from prunescape.claims.claim import About, Claim
from prunescape.claims.published import published
from prunescape.claims.study import StudyClaims, decided_on
from prunescape.statistics.looks import GENERATIONS, part
from prunescape.stochastic.artefact_claims import ALL, artefact
from prunescape.stochastic.cause_claims import drowned, one_basin, swapped, variance
from prunescape.stochastic.confirming import Confirming, blocked_by
from prunescape.stochastic.control_claims import controlled
from prunescape.stochastic.deployment import in_deployment
from prunescape.stochastic.gain_claims import normalised, one_shot, structured, transferred
from prunescape.stochastic.names import F2
from prunescape.stochastic.search_claims import algorithms, on_front, searched
from prunescape.stochastic.statistics import CONFIG, GRID, guessing_accuracy, near_chance
from prunescape.stochastic.tables import SOURCE
from prunescape.stochastic.tuning_claims import tuned

STUDY = "stochastic"
NOTE = """"Deterministic" is pruning of the pretrained weights, "stochastic" pruning of the weights with noise of
standard deviation sigma added; gamma is the part of the weights that is removed. Networks explore on held-out images:
they choose pruning rates and noises. What was chosen is then measured on {fresh} fresh networks, with draws of noise of
their own, on the test images; the searches' candidates, which fit one network each, on that network, with fresh draws.
A gain is the median over draws in each network, and a mean over networks. The answer is yes where its interval lies
above {tolerance:g} points, and no where it lies below them, so that a gain of {tolerance:g} points is ruled out; else
nothing is decided. The level of {level:g} in each direction is split over all answers, four fifths over the {core} to
the core questions (one shot, one shot recalibrated, fine-tuned), the rest over the {others} others: intervals are at
{confidence_core:.4g} % and {confidence_other:.4g} %."""


def claims(
    given: Mapping[str, Any],
    question: str,
    models: Sequence[str],
    tolerance: float,
    held_out: int,
    level: float,
    generation: int,
    data: str,
    seeds: Sequence[int],
) -> StudyClaims:
    """The claims of the study on the networks of a run.

    Args:
        given: by name, the study's tables: sweep, confirmed, transfer, swaps, basins, weight_cdf, variances,
            fine_tuning, fronts, search_progress, confirmed_structured, controls, deployed; cells, what was chosen for
            each model; and data, what meta.json says of the images.
        question: the study's.
        models: names, in order.
        tolerance: the margin of gains, in points.
        held_out: the number of images on which searches choose.
        level: how often any answer may be wrong in one direction.
        generation: of the confirmation.
        data: the data set's name.
        seeds: of the networks that explore.
    """
    of_generation = level * part(GENERATIONS, generation - 1)
    stated, split = asked_at(of_generation, partial(claims_at, given, models, tolerance, held_out, data, seeds))
    fresh = given["confirmed"]["seed"].nunique() // len(models)
    note = NOTE.format(fresh=fresh, tolerance=tolerance, **split)
    chosen = dict(zip(models, map(_chosen, given["cells"]), strict=True))
    if any(claim.model == ALL for claim in stated):
        chosen[ALL] = ""
    return StudyClaims(STUDY, question, note, chosen, stated)


def _chosen(cell: Mapping[str, Any]) -> str:
    by = "given in the config" if cell["source"] == CONFIG else "the grid's largest gain on held-out images"
    return f"Chosen setting: gamma {cell['gamma']:g}, sigma {cell['sigma']:g} ({by})."


def claims_at(
    given: Mapping[str, Any],
    models: Sequence[str],
    tolerance: float,
    held_out: int,
    data: str,
    seeds: Sequence[int],
    asking: Callable[[About], Asking],
) -> list[Claim]:
    """The claims at given levels.

    Args:
        given, models, tolerance, held_out, data, seeds: see `claims`.
        asking: the asking of a network.
    """
    classes = len(given["data"]["classes"])
    guessing = guessing_accuracy(classes, held_out)
    chance = near_chance(classes, held_out)
    theirs = published(f"{SOURCE}1", data)
    tables = {name: table for name, table in given.items() if name not in ("cells", "data")}
    stated: list[Claim] = []
    for model, best in zip(models, given["cells"], strict=True):
        own = {name: table[table["model"] == model] for name, table in tables.items()}
        mine = theirs[theirs["model"] == model].set_index("search")
        on_grid = mine[mine.index == GRID].set_index(["gamma", "sigma"])["delta"].to_dict()
        confirmed = own["confirmed"]
        explored = About(STUDY, model, decided_on(data, seeds))
        fresh = explored._replace(data=f"{explored.data}; {confirmed['seed'].nunique()} fresh networks")
        confirming = Confirming(asking(fresh), tolerance, blocked_by(confirmed, 100 / classes), chance)
        searching = Confirming(asking(explored), tolerance, blocked_by(own["sweep"], 100 / classes), chance)
        stated += [
            *one_shot(confirmed, best, confirming, on_grid),
            *transferred(own["transfer"], confirming),
            *drowned(own["weight_cdf"], best, confirming),
            *swapped(own["swaps"], best["sigma"], confirming),
            *variance(own["variances"], best, confirming),
            *tuned(own["fine_tuning"], best, confirming, data, normalised(confirmed), 100 / classes),
            *one_basin(own["basins"], confirming),
            *(structured(own["confirmed_structured"], confirming) if len(own.get("confirmed_structured", ())) else ()),
            *controlled(own["controls"], best, confirming),
            *in_deployment(own["deployed"], best["deployed"], confirming),
            *searched(own["fronts"], searching, guessing, mine["delta"].get(F2)),
            *on_front(own["fronts"], searching),
            *algorithms(own["search_progress"], searching),
        ]
    cells = dict(zip(models, given["cells"], strict=True))
    everything = About(STUDY, ALL, decided_on(data, seeds))
    confirmed = given["confirmed"]
    found = [blocked_by(confirmed[confirmed["model"] == model], 100 / classes) for model in cells]
    all_networks = Confirming(asking(everything), tolerance, "; ".join(filter(None, found)), chance)
    return stated + artefact(confirmed, cells, all_networks)
