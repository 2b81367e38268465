"""Confirmation: what was chosen by looking is trained again with seeds that had no part in the choice.

For each pruned network, three settings are compared: `prior`, the one in the config, which the user has; `dense`, what
tuning the dense network gave; and `tuned`, what tuning this network gave (`prunescape.hpspace.choice`). A question
asks what `tuned` gains over one of the others, on trainings with the same seeds. It is put in looks, by
`prunescape.statistics.sequential`, until each is answered or `verdict.confirm` seeds have been used.

Rounds make this a plan: round 0 chooses the finalists, round 1 the settings, and each later round is a look. Whenever
the data that settings were chosen on change, or the choice, a new generation begins, with fresh seeds for all settings
and a smaller part of the level: nothing is tested on trainings that were seen before it was chosen.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prunescape.hpspace.choice import (
    METRIC,
    choose_finalists,
    choose_tuned,
    digest,
    landscape_of,
    open_sides,
)
from prunescape.hpspace.explored import explored
from prunescape.hpspace.landscape import mean_over_seeds, region_of_interest
from prunescape.hpspace.lattice import HYPERPARAMETERS, THESIS, Cell, Pair
from prunescape.hpspace.questions import (
    COLLAPSED,
    DENSE,
    DENSE_NEAR_CHANCE,
    FEW_IMAGES,
    FRESH_SEEDS,
    POLICY,
    PRIOR,
    PRIOR_CELL,
    TUNED,
    Rules,
    is_asked,
    open_questions,
    stage_of_finalists,
)
from prunescape.statistics.looks import KEEP, OPEN
from prunescape.statistics.sequential import (
    IMAGES,
    collapsed,
    decide,
    error_of_images,
    interval,
    largest_deviation,
    look,
    seeds_needed,
)

NEAR_CHANCE, GRID_ENDS = "near chance", "grid ends"


def first_round(cells: pd.DataFrame, space: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Round 0: the finalists of each network of a model, by variant.

    Args:
        cells: of the model, as `cells.csv` has them; of few trainings, those that were stopped as well.
        space: see `prunescape.hpspace.explored.explored`; None, all cells of a grid were trained.
    """
    known = None if space is None else explored(cells, space)
    varied = [name for name in HYPERPARAMETERS if name in cells]
    entries = {}
    for variant, of in cells.groupby("variant", sort=False):
        finals = choose_finalists(of) if known is None else known.finalists(known.networks.index(str(variant)))
        values = of.drop_duplicates(["i", "j"]).set_index(["i", "j"])[varied]
        entries[str(variant)] = {
            "finalists": [list(cell) for cell in finals],
            "stage": stage_of_finalists([[*cell, *map(float, values.loc[cell])] for cell in finals]),
            "trainings": len(of),
        }
    return entries


def second_round(
    cells: pd.DataFrame,
    before: Mapping[str, Any],
    trainings: pd.DataFrame,
    chance: float,
    rules: Rules,
    folder: Path,
    pair: Pair = THESIS,
    space: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Round 1: the settings that are compared for each pruned network of a model, or why nothing can be asked.

    Args:
        cells: of the model.
        before: round 0.
        trainings: those of the finalists.
        chance: accuracy of chance, in percent.
        folder: the model's; trainings of generations that were begun are below it.
        space: see `first_round`.
    """
    tuned, sides = {}, {}
    known = None if space is None else explored(cells, space)
    for variant, of in before.items():
        finals = [Cell(*cell) for cell in of["finalists"]]
        mine = trainings[trainings["variant"] == variant]
        cell, accuracy = choose_tuned(finals, mine)
        best = mine[(mine["i"] == cell.i) & (mine["j"] == cell.j)][METRIC].to_numpy(dtype=np.float64)
        tuned[variant] = {"cell": list(cell), "accuracy": accuracy, **_learnt(best, len(finals), chance, rules)}
        if known is None:
            ends = open_sides(*landscape_of(cells[cells["variant"] == variant]), rules.margin)
            sides[variant] = [pair[axis].sides[direction > 0] for axis, direction in ends]
        else:
            sides[variant] = known.sides(known.networks.index(variant), rules.margin)
    # Of few trainings it is not known, and no policy asked for.
    region = region_of_interest(mean_over_seeds(cells[cells["variant"] == DENSE], METRIC), rules.risk_roi)
    entries: dict[str, Any] = {}
    for variant, of in before.items():
        mine = tuned[variant]
        # Given weights may be fine-tuned in fewer epochs than training from scratch takes: then this one alone counts.
        both = [DENSE, variant] if tuned[DENSE]["learnt"] else [variant]
        entry = {**of, **mine, "trainings": of["trainings"] + FRESH_SEEDS * len(of["finalists"])}
        entry |= {"chance": chance, "sides": {name: sides[name] for name in dict.fromkeys(both) if sides[name]}}
        if variant != DENSE:
            chosen = {TUNED: mine["cell"], PRIOR: list(PRIOR_CELL), DENSE: tuned[DENSE]["cell"]}
            if rules.policy:
                chosen[POLICY] = [[int(i), int(j)] for i, j in zip(region["i"], region["j"], strict=True)]
            of_both = [DENSE, variant]
            seen, finals = cells[cells["variant"].isin(of_both)], trainings[trainings["variant"].isin(of_both)]
            entry |= {"settings": chosen} | _generation(folder / variant, digest(seen, finals, chosen))
            entry["why_not"] = NEAR_CHANCE if not mine["learnt"] else GRID_ENDS if entry["sides"] else ""
            asked = tuned[DENSE]["learnt"]
            entry["questions"] = {name: _unasked(chosen, name, asked or name == PRIOR) for name in rules.questions}
        entries[variant] = entry
    return entries


def _learnt(accuracies: np.ndarray, finalists: int, chance: float, rules: Rules) -> dict[str, Any]:
    """Whether a network has learnt at its tuned setting: the lower bound of its accuracy lies well above chance.

    These accuracies have chosen it among the finalists, so the bound holds for all of them together.
    """
    low, needed = interval(accuracies, rules.level / finalists).low, chance + rules.least_skill * (100 - chance)
    return {"accuracy_low": low, "needed": needed, "learnt": low > needed}


def _generation(folder: Path, digest: str) -> dict[str, Any]:
    """The generation that a choice belongs to: one that was begun with the very same data, or the next one."""
    begun = {path.name.split("-")[2]: int(path.name.split("-")[1]) for path in folder.glob("generation-*-*")}
    number = begun.get(digest, 1 + max(begun.values(), default=0))
    return {"generation": number, "stage": f"generation-{number}-{digest}"}


def _unasked(chosen: Mapping[str, Any], question: str, asked: bool) -> dict[str, Any]:
    """A question before its first look. Where both settings are the same cell the gain is 0 and nothing is tested.

    What a dense network that has hardly learnt was tuned to is compared with nothing.
    """
    if not asked:
        return {"answer": OPEN, "same": False, "blocked": DENSE_NEAR_CHANCE, "seeds": 0}
    same = chosen[question] == chosen[TUNED] or chosen[question] == [chosen[TUNED]]
    return {"answer": KEEP if same else OPEN, "same": same, "blocked": "", "seeds": 0}


def later_round(
    before: Mapping[str, Any], trainings: pd.DataFrame, images: Mapping[str, Mapping[str, np.ndarray]], rules: Rules
) -> dict[str, Any]:
    """A look at each network of a model that has open questions; the others stay as they are.

    Args:
        before: the round before it.
        trainings: of all networks that are looked at: variant, seed, setting, accuracy, diverged.
        images: by variant and setting, how many of these trainings classify each image rightly, (N,).
    """
    entries = {}
    for variant, entry in before.items():
        if not is_asked(entry):
            entries[variant] = entry
            continue
        mine, asked = trainings[trainings["variant"] == variant], open_questions(entry)
        level, answers = rules.level_of(entry["generation"]), dict(entry["questions"])
        for name in asked:
            answers[name] = question(mine, images[variant], name, level, entry["chance"], rules)
        entries[variant] = {**entry, "questions": answers}
    return entries


def question(
    trainings: pd.DataFrame,
    images: Mapping[str, np.ndarray],
    name: str,
    level: float,
    chance: float,
    rules: Rules,
) -> dict[str, Any]:
    """The answer to a question at a look, with what it rests upon.

    Args:
        trainings, images: of one network, see `later_round`.
        name: the setting over which `tuned` may gain.
        level: of the question.
        chance: accuracy of chance, in percent.
    """
    by_setting = {setting: of.set_index("seed") for setting, of in trainings.groupby("setting")}
    other, tuned = by_setting[name], by_setting[TUNED].loc[by_setting[name].index]
    found = compared(tuned, other, level, chance, rules.margin, rules.power, rules.count_collapsed)
    error = error_of_images(images[TUNED], images[name], found["seeds"])
    if found["answer"] != OPEN and error > IMAGES * rules.margin:
        found |= {"answer": OPEN, "blocked": FEW_IMAGES}
    return {**found, "same": False, "image_error": error}


def compared(
    tuned: pd.DataFrame,
    other: pd.DataFrame,
    level: float,
    chance: float,
    margin: float,
    power: float,
    count_collapsed: bool = False,
) -> dict[str, Any]:
    """The answer that trainings at two settings give at a look, without regard to images.

    Args:
        tuned, other: top1 and diverged of the trainings at both settings, by the same seeds in the same order.
        level, chance: see `question`.
        margin, power, count_collapsed: see `Rules`.
    """
    fallen = [
        int(seed)
        for of in (tuned, other)
        for seed in of.index[collapsed(of[METRIC].to_numpy(), of["diverged"].to_numpy(dtype=bool), chance)]
    ]
    shown = look((tuned[METRIC] - other[METRIC]).to_numpy(dtype=np.float64), level)
    blocked = COLLAPSED if fallen and not count_collapsed else ""
    answer = OPEN if blocked else decide((shown.low, shown.high), margin)
    after = shown.seeds if answer == OPEN and not blocked else 0
    wider = largest_deviation(shown.deviation, shown.seeds, power)
    return {
        "answer": answer,
        "blocked": blocked,
        "seeds": shown.seeds,
        "gain": shown.gain,
        "low": shown.low,
        "high": shown.high,
        "deviation": shown.deviation,
        "level": shown.level,
        "accuracy_tuned": float(tuned[METRIC].mean()),
        "accuracy": float(other[METRIC].mean()),
        "collapsed": len(fallen),
        "fallen": list(dict.fromkeys(fallen)),
        "seeds_to_decide": seeds_needed(wider, margin, level, power, after) or math.nan,
    }


def plan_round(
    number: int,
    cells: pd.DataFrame,
    before: Mapping[str, Any],
    trainings: pd.DataFrame | None,
    images: pd.DataFrame | None,
    chance: float,
    rules: Rules,
    folder: Path,
    pair: Pair = THESIS,
    space: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A round for the networks of a model, by variant.

    Args:
        number: of the round.
        cells: of the model.
        before: the round before; empty for round 0.
        trainings, images: that the round looks at, see `prunescape.hpspace.again`; None where there are none.
        chance: accuracy of chance, in percent.
        folder: the model's.
        space: see `first_round`.
    """
    if number == 0:
        return first_round(cells, space)
    if number == 1:
        if trainings is None:
            raise ValueError("round 1 needs the trainings of the finalists")
        return second_round(cells, before, trainings, chance, rules, folder, pair, space)
    if trainings is None or images is None:
        return dict(before)
    sums = images.groupby(["variant", "setting", "image"])["right"].sum()
    counts = {
        variant: {setting: sums[variant, setting].to_numpy() for setting in of.unique()}
        for variant, of in images.groupby("variant")["setting"]
    }
    return later_round(before, trainings, counts, rules)
