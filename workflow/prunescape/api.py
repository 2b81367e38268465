"""The statistics of prunescape for trainings of your own: what to train next, and whether tuning again is worth it.

    from prunescape import api

    space = api.space(learning_rate=0.1, weight_decay=5e-4)
    to_train = api.suggest(trainings, space, "pruned")          # explore, as often as you like
    to_train = api.confirm(trainings, space, "choices.json", chance=10.0)  # until it asks for nothing
    api.verdict(trainings, space, "choices.json")

`trainings` is a pandas table with a row for each training that you have made (`prunescape.hpspace.own`): network,
learning_rate, weight_decay, seed, accuracy, and stage, as `suggest` and `confirm` ask for. A network named `dense` is
the one that the others were pruned from. docs/own-trainings.md has an example from beginning to end.

The answer rests on trainings with fresh seeds alone, by the rules of `docs/statistics.md`. A choice is registered in a
file before these are made, and their seeds follow from the trainings that it was chosen on. The table has no images, so
that the error over images, which the workflow looks at, is not known here.
"""

import math
import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from prunescape.errors import UserError
from prunescape.hpspace.exploration import next_batch
from prunescape.hpspace.explored import EXPLORE, Explored
from prunescape.hpspace.lattice import THESIS, Axis, Lattice, Pair, fill_space
from prunescape.hpspace.own import Own, checked, completed, finalists, read_register
from prunescape.hpspace.questions import DENSE, PRIOR_CELL
from prunescape.io.files import write_json

File = str | os.PathLike[str]


def space(learning_rate: float, weight_decay: float, step: float = 0.2, size: tuple[int, int] = (11, 11)) -> Lattice:
    """The lattice of learning rates and weight decays around the setting that you have, the prior.

    Args:
        learning_rate, weight_decay: the prior.
        step: between neighbouring cells, in log10.
        size: cells along (learning rate, weight decay) to begin with, odd; it grows where the best cells lie at its
            border.

    Raises:
        UserError: a value is not above 0, or a size is not odd.
    """
    if not min(learning_rate, weight_decay, step) > 0:
        raise UserError("space: learning rate, weight decay and step must be above 0")
    if any(of % 2 == 0 or of < 3 for of in size):
        raise UserError(f"space: size {size} must be two odd numbers from 3 on; the prior is the central cell")
    pair = Pair(*(Axis(axis.name, step) for axis in THESIS))
    return Lattice(pair, (learning_rate, weight_decay), (size[0], size[1]), (1, 1))


def exported(table: pd.DataFrame, space: Lattice, network: str, chance: float) -> pd.DataFrame:
    """Trainings from a table that Optuna or Weights & Biases exported, once its columns have the names used here.

    Args:
        table: learning_rate, weight_decay, accuracy in percent, and what else it has. A column `state` or `State` tells
            which trials or runs failed, which counts as diverged, and which have not ended or were stopped early,
            which are left out. A missing accuracy counts as diverged.
        space: see `space`.
        network: whose trainings they are, where no column says so.
        chance: accuracy of chance, in percent, which diverged trainings get.

    Returns:
        The table with network, seed, stage and diverged.

    Raises:
        UserError: no accuracy is above 1, as if they were fractions.
    """
    return completed(table, network, chance, space.pair.names)


def landscape(trainings: pd.DataFrame, space: Lattice) -> pd.DataFrame:
    """The landscape of each network, estimated from trainings: for exploring, it decides nothing.

    Args:
        trainings: a row a training; those of stage `explore` count.
        space: see `space`.

    Returns:
        A row a network and cell: network, i, j, learning_rate, weight_decay, trainings, `below_best`, points that the
        cell is estimated to lie below the best one, and `error`, the standard deviation of its height. Far below,
        where accuracies are compressed, both are too small.

    Raises:
        UserError: a row of the table cannot be used.
    """
    known = Explored(checked(trainings, space), space)
    rows = []
    for network, name in enumerate(known.networks):
        assert known.surrogate is not None
        mean, spread = known.surrogate.mean[network], np.diag(known.surrogate.covariance[network])
        counts = np.bincount(known.trained.cell[known.trained.network == network], minlength=len(mean))
        for number, count in enumerate(counts):
            cell = known.cell(number)
            place = {"network": name, **cell._asdict(), **space.named(cell), "trainings": int(count)}
            height = {"below_best": mean.max() - mean[number], "error": math.sqrt(max(spread[number], 0.0))}
            rows.append({**place, **height})
    columns = ["network", "i", "j", *space.pair.names, "trainings", "below_best", "error"]
    return pd.DataFrame(rows, columns=columns)


def suggest(trainings: pd.DataFrame, space: Lattice, network: str, count: int = 8) -> pd.DataFrame:
    """The next trainings of a network that exploring should make.

    A network that has none yet begins with the prior, the best setting of the others, and settings that fill the space.

    Args:
        trainings: a row a training, of all networks, also of none.
        space: see `space`.
        network: its name.
        count: of trainings.

    Returns:
        network, learning_rate, weight_decay, seed, stage, and `gain`, what all of them together are expected to raise
        the best estimate by, in points: stop where that is worth less than the trainings. NaN for a network's first.

    Raises:
        UserError: a row of the table cannot be used, or the count is below 1.
    """
    if count < 1:
        raise UserError("suggest: count must be 1 or more")
    table = checked(trainings, space)
    known = Explored(table, space, [network])
    number, first = known.networks.index(network), [int(known.number(np.array([PRIOR_CELL]))[0])]
    if known.surrogate is not None and (known.trained.network == number).any():
        numbers, gain = next_batch(known.surrogate, number, count, seed=len(known.trained))
    else:
        borrowed = [] if known.surrogate is None else [int(known.surrogate.mean[number].argmax())]
        numbers, gain = fill_space(known.cells.tolist(), count, first + borrowed), math.nan
    mine = table.loc[table["network"] == network, ["i", "j", "seed"]]
    used = set(mine.itertuples(index=False, name=None))
    rows = []
    for number in numbers:
        cell = known.cell(number)
        seed = next(seed for seed in range(len(used) + 1) if (*cell, seed) not in used)
        used.add((*cell, seed))
        rows.append({"network": network, **space.named(cell), "seed": seed, "stage": EXPLORE, "gain": round(gain, 4)})
    return pd.DataFrame(rows)


def confirm(
    trainings: pd.DataFrame,
    space: Lattice,
    register: File,
    chance: float,
    margin: float = 0.5,
    level: float = 0.05,
    most: int = 20,
    anew: Sequence[str] = (),
) -> pd.DataFrame:
    """The trainings that confirmation needs next; choices are registered first.

    Of each network the four best cells are trained with five fresh seeds, and the best of them is the tuned setting.
    It, the prior, and what tuning the dense network gave are then trained with 5, 10, 20, ... fresh seeds, until the
    questions are answered. Call it again whenever the table has grown, until it asks for nothing.

    Args:
        trainings: a row a training, with all networks of the study; those of stage `explore` have been made.
        space: see `space`.
        register: the JSON file of the choices; a study has one.
        chance: accuracy of chance, in percent.
        margin: the gain that makes tuning worth it, in points.
        level: how often any answer may be wrong, in each direction.
        most: seeds; it may be raised later.
        anew: networks whose setting is to be chosen again, after more exploring; their answers begin anew, at a smaller
            part of the level.

    Returns:
        network, learning_rate, weight_decay, seed, stage, setting; no rows where nothing is left to do.

    Raises:
        UserError: a row of the table cannot be used, the networks, the prior or the rules are not the registered ones,
            or a network has no trainings.
    """
    table, found = checked(trainings, space), read_register(register)
    names = list(dict.fromkeys(table.loc[table["stage"] == EXPLORE, "network"]))
    pruned = sorted(name for name in names if name != DENSE)
    if not pruned:
        raise UserError(f"confirm: no trainings of stage {EXPLORE} of a network beside {DENSE}; see suggest")
    study = {"margin": margin, "level": level, "chance": chance, "dense": DENSE in names, "pruned": pruned}
    study |= {"prior": list(space.prior), "axes": space.pair.to_json()}
    if found and found["study"] != study:
        other = ", ".join(name for name in study if found["study"].get(name) != study[name])
        raise UserError(f"{register}: registered with another value of {other}; give the same, or another file")
    for name in anew:
        if name not in names:
            raise UserError(f"confirm: anew: {name}: no such network, which are {', '.join(names)}")
    choices = {name: dict(entry) for name, entry in found.get("choices", {}).items()}
    for name in [name for name in names if name not in choices or name in anew]:
        choices[name] = finalists(table, space, name, choices.get(name, {}).get("generation", 0) + 1)
        if name == DENSE:  # what the others are compared with changes
            for other in set(choices) & set(pruned) - set(anew):
                settled = choices[other].pop("settings", None)
                choices[other]["generation"] += settled is not None
    own = Own(table, space, study, choices)
    own.settle()
    write_json(register, {"study": study, "choices": choices})
    rows = [row for name in names for row in own.to_train(name, most)]
    return pd.DataFrame(rows, columns=["network", *space.pair.names, "seed", "stage", "setting"])


def verdict(trainings: pd.DataFrame, space: Lattice, register: File) -> pd.DataFrame:
    """The answers that a table of trainings gives by now.

    Args:
        trainings, space, register: as `confirm` has them.

    Returns:
        A row a pruned network and question: network; question, the setting over which tuning may gain, `prior` or
        `dense`; answer, `keep` that setting, `tune`, or `open`; why it is open, or what it rests on; gain, low, high in
        points, and the level of each bound; seeds, and `seeds_to_decide`; the tuned setting, and the other one,
        `other_learning_rate` and so on; generation, and `ignored`, the rows of stage `confirm` that were not asked for.

    Raises:
        UserError: a row of the table cannot be used, or nothing has been registered.
    """
    found = read_register(register)
    if not found:
        raise UserError(f"{register}: nothing has been registered; call confirm first")
    own = Own(checked(trainings, space), space, found["study"], found["choices"])
    return pd.DataFrame([row for name in found["study"]["pruned"] for row in own.answers(name)])
