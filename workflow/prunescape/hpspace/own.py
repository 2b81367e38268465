"""Trainings of one's own loop as a table, and the register of choices that confirmation rests upon.

A table has a row a training: `network`, the hyperparameters of the lattice, `seed`, `accuracy` in percent, and
`stage`: `explore`, `finalist` or `confirm`; without that column all rows explore. It may have `diverged`, and any other
columns. Explored settings need not lie on the lattice: each counts for the cell that it is nearest to.

The register is a JSON file. A choice is written to it before its trainings are asked for, with seeds that follow from
the very trainings that it was chosen on. Nobody could have used these seeds before, and no other rows count.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.hpspace.choice import METRIC
from prunescape.hpspace.confirmation import compared
from prunescape.hpspace.exploration import best_cells
from prunescape.hpspace.explored import EXPLORE, Explored
from prunescape.hpspace.lattice import Cell, Lattice
from prunescape.hpspace.questions import DENSE, FRESH_SEEDS, PRIOR, PRIOR_CELL, TUNED
from prunescape.io.files import read_json
from prunescape.statistics.looks import KEEP, MOST_SEEDS, OPEN, level_of, looks
from prunescape.statistics.sequential import interval

FINALIST, CONFIRM = "finalist", "confirm"
STAGES = (EXPLORE, FINALIST, CONFIRM)
ALIKE = 1e-4  # relative difference up to which a setting is the one that was asked for: tables are printed
FAILED = ("fail", "failed", "crashed")  # states of Optuna's trials and of W&B's runs that ended without an accuracy
NOT_ENDED = ("running", "waiting", "pending", "pruned", "killed")  # those that say nothing of the last accuracy
LEAST_SEED = 2**30  # of fresh seeds; all loops take seeds below 2^31
TOLD = ("seeds", "gain", "deviation", "low", "high", "level", "seeds_to_decide")  # of a look
POWER, LEAST_SKILL = 0.8, 0.2  # the workflow's defaults of `verdict.power` and `verdict.least_skill`


def completed(table: pd.DataFrame, network: str, chance: float, names: Sequence[str]) -> pd.DataFrame:
    """A table as a tracker of trainings exports it, with what trackers do not know.

    Rows without a network or a seed get the given network and the row's number. Rows that failed, or have no finite
    accuracy, have diverged, with the accuracy of chance; those whose settings were not written are left out, as are
    those that have not ended or were stopped early.

    Args:
        table: with the project's names of columns, and `state` where the tracker tells it.
        network: of rows that name none.
        chance: accuracy of chance, in percent.
        names: of the hyperparameters.

    Raises:
        UserError: no accuracy is above 1, as if all were fractions.
    """
    table = table.reset_index(drop=True)
    given = {"network": network, "seed": pd.Series(table.index), "stage": EXPLORE, "diverged": False}
    for name, value in given.items():
        column = table[name] if name in table else pd.Series(np.nan, table.index, dtype=object)
        table[name] = column.astype(object).where(column.notna(), value)
    state = next((table[name] for name in table if str(name).lower() == "state"), pd.Series("", table.index))
    state = state.astype(str).str.lower()
    table = table[~state.isin(NOT_ENDED)].copy()
    if "accuracy" not in table or not set(names) <= set(table):
        return table
    numbers = pd.to_numeric(table["accuracy"], errors="coerce")
    text = table["accuracy"].notna() & numbers.isna()  # is no accuracy, and is told as such
    failed = state.loc[table.index].isin(FAILED) | ~(np.isfinite(numbers) | text)
    if (~failed).any() and chance > 1 and numbers[~failed].max() <= 1:
        raise UserError("trainings: no accuracy is above 1; accuracies are in percent: multiply fractions by 100")
    table["diverged"] = table["diverged"].where(~failed, True)
    table["accuracy"] = table["accuracy"].where(~failed, chance)
    return table[~failed | table[list(names)].notna().all(axis=1)]


def checked(trainings: pd.DataFrame, lattice: Lattice) -> pd.DataFrame:
    """A table of trainings with all columns, and the coordinates i and j of the nearest cells.

    Raises:
        UserError: a column is missing, or a row cannot be used; rows are counted from 1.
    """
    names = lattice.pair.names
    wanted = ["network", *names, "seed", "accuracy"]
    missing = [name for name in wanted if name not in trainings]
    if missing:
        raise UserError(f"trainings: column {missing[0]} is missing; a table has {', '.join(wanted)} and stage")
    table = trainings.reset_index(drop=True).assign(network=trainings["network"].astype(str).to_numpy())
    if "stage" not in table:
        table["stage"] = EXPLORE
    if "diverged" not in table:
        table["diverged"] = False
    for name in (*names, "seed", "accuracy"):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    table["seed"] = table["seed"].astype("float64")
    wrong = {
        f"stage must be one of {', '.join(STAGES)}": ~table["stage"].isin(STAGES),
        "seed must be a whole number": table["seed"].isna() | (table["seed"] % 1 != 0),
        "accuracy must lie between 0 and 100; give chance where a training diverged": ~table["accuracy"].between(
            0, 100
        ),
        **{
            f"{axis.name} must be {axis.of.range}{' and above 0' * axis.is_log}": ~table[axis.name].map(
                lambda value, axis=axis: bool(
                    np.isfinite(value) and axis.of.allows(value) and (value > 0 or not axis.is_log)
                )
            )
            for axis in lattice.pair
        },
    }
    for what, rows in wrong.items():
        if len(table) and rows.any():
            raise UserError(f"trainings, row {int(np.flatnonzero(rows)[0]) + 1}: {what}")
    table["seed"] = table["seed"].astype("int64")
    for place, (axis, prior) in enumerate(zip(lattice.pair, lattice.prior, strict=True)):
        values = table[axis.name].to_numpy(dtype=np.float64)
        steps = (np.log10(values / prior) if axis.is_log else values - prior) / axis.step
        table["ij"[place]] = np.round(steps).astype(np.int64)
    explores = table["stage"] == EXPLORE
    again = np.where(
        explores,
        table.duplicated(["network", "stage", "seed", *names]),
        table.duplicated(["network", "stage", "seed", "i", "j"]),
    )
    if again.any():
        raise UserError(f"trainings, row {int(np.flatnonzero(again)[0]) + 1}: this training is there twice; remove one")
    return table


def same(table: pd.DataFrame, lattice: Lattice, cell: Cell) -> np.ndarray:
    """Mask of the rows that were trained at a cell, to what a printed table loses."""
    values = zip(lattice.pair.names, lattice.values(cell), strict=True)
    return np.all([np.isclose(table[name], value, rtol=ALIKE, atol=0) for name, value in values], axis=0)


# Choices.


def read_register(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The register; empty where there is none yet."""
    return dict(read_json(path)) if Path(path).exists() else {}


def digest(table: pd.DataFrame, lattice: Lattice, more: Any) -> str:
    """A digest of the trainings that something was chosen on, and of the choice."""
    columns = ["network", *lattice.pair.names, "seed", "accuracy", "stage"]
    rows = sorted(map(list, table[columns].itertuples(index=False, name=None)))
    text = json.dumps([rows, more], default=lambda number: number.item())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fresh_seeds(network: str, stage: str, count: int) -> list[int]:
    """Seeds that are used for nothing else, below 2^31.

    Args:
        network: its name.
        stage: what they are for, with the digest of what it was chosen on.
        count: how many, from the first one on.
    """
    return [LEAST_SEED + derive_seed(number, f"{network}/{stage}") % LEAST_SEED for number in range(count)]


def finalists(table: pd.DataFrame, lattice: Lattice, network: str, generation: int) -> dict[str, Any]:
    """The choice of a network's finalists, as the register has it.

    Args:
        table: see `checked`.
        lattice: where cells lie.
        network: its name, with trainings.
        generation: of the choice, from 1 on.
    """
    known = Explored(table, lattice)
    number = known.networks.index(network)
    assert known.surrogate is not None
    cells = [list(known.cell(at)) for at in best_cells(known.surrogate, number, known.cells)]
    stage = f"{FINALIST}-{digest(table[table['stage'] == EXPLORE], lattice, [generation, cells])}"
    return {"generation": generation, "finalists": cells, "stage": stage}


def sides(table: pd.DataFrame, lattice: Lattice, network: str, margin: float) -> list[str]:
    """The sides of what has been explored beyond which a network's accuracy seems to rise on, in words."""
    known = Explored(table, lattice)
    return known.sides(known.networks.index(network), margin)


@dataclass(frozen=True)
class Own:
    """Trainings of one's own, and the choices that were registered.

    Attributes:
        table: see `checked`.
        lattice: where cells lie.
        study: margin, level, chance, whether there is a dense network, and the names of the pruned ones.
        choices: by network: generation, finalists and their stage; tuned, once these are trained; and of pruned
            networks settings by name and their stage, once these are known, and why nothing is asked, if so.
    """

    table: pd.DataFrame
    lattice: Lattice
    study: Mapping[str, Any]
    choices: dict[str, dict[str, Any]]

    def settle(self) -> None:
        """Register what follows from finalists that have been trained: tuned settings, then those that are compared."""
        for name, entry in self.choices.items():
            if "tuned" in entry:
                continue
            results = [self._results(name, FINALIST, entry["stage"], FRESH_SEEDS, cell) for cell in entry["finalists"]]
            if all(len(of) == FRESH_SEEDS for of in results):
                best = max(range(len(results)), key=lambda at: float(results[at]["accuracy"].mean()))
                low = interval(results[best]["accuracy"].to_numpy(), self.study["level"] / len(results)).low
                needed = self.study["chance"] + LEAST_SKILL * (100 - self.study["chance"])
                entry |= {"tuned": entry["finalists"][best], "learnt": bool(low > needed)}
        dense = self.choices.get(DENSE, {}) if self.study["dense"] else {"tuned": None, "learnt": True}
        for name in self.study["pruned"]:
            entry = self.choices[name]
            if "settings" in entry or "tuned" not in entry or "tuned" not in dense:
                continue
            settings = {TUNED: entry["tuned"], PRIOR: list(PRIOR_CELL)}
            settings |= {DENSE: dense["tuned"]} if self.study["dense"] else {}
            chosen_on = self.table[self.table["stage"].isin([EXPLORE, FINALIST])]
            key = digest(chosen_on, self.lattice, [entry["generation"], settings])
            entry |= {"settings": settings, "stage_of_settings": f"{CONFIRM}-{key}"}
            ends = sides(self.table, self.lattice, name, self.study["margin"])
            learnt = entry["learnt"] and dense["learnt"]
            further = f"accuracy rises on towards {', '.join(ends)}: explore there" if ends else ""
            entry["why_not"] = further if learnt else "near chance: train longer"

    def _results(self, network: str, stage: str, key: str, seeds: int, cell: Sequence[int]) -> pd.DataFrame:
        """The trainings at a cell with the first so many seeds that were asked for, in the order of the seeds."""
        rows = self.table[(self.table["network"] == network) & (self.table["stage"] == stage)]
        rows = rows[same(rows, self.lattice, Cell(*cell))].set_index("seed")
        return rows.reindex([seed for seed in fresh_seeds(network, key, seeds) if seed in rows.index])

    def _both(self, name: str, question: str, seeds: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The trainings of the tuned setting, and of the other one."""
        entry = self.choices[name]
        cells = (entry["settings"][of] for of in (TUNED, question))
        tuned, other = (self._results(name, CONFIRM, entry["stage_of_settings"], seeds, cell) for cell in cells)
        return tuned, other

    def question(self, name: str, question: str) -> dict[str, Any]:
        """The answer to a question by the looks whose trainings are all there."""
        entry, study = self.choices[name], self.study
        found: dict[str, Any] = {"answer": OPEN, "reason": "", "seeds": 0}
        if entry["settings"][question] == entry["settings"][TUNED]:
            return {**found, "answer": KEEP, "reason": "same setting", "gain": 0.0, "low": 0.0, "high": 0.0}
        questions = len(study["pruned"]) * (len(entry["settings"]) - 1)
        level = level_of(study["level"], questions, entry["generation"])
        for seeds in looks(MOST_SEEDS):
            tuned, other = self._both(name, question, seeds)
            if len(tuned) < seeds or len(other) < seeds:
                break
            tuned, other = (of.rename(columns={"accuracy": METRIC}) for of in (tuned, other))
            shown = compared(tuned, other, level, study["chance"], study["margin"], POWER)
            fallen = f"collapsed: seed {', '.join(map(str, shown['fallen']))}" if shown["blocked"] else ""
            found = {"answer": shown["answer"], "reason": fallen, **{name: shown[name] for name in TOLD}}
            if fallen or found["answer"] != OPEN:
                break
        return found

    def answers(self, name: str) -> list[dict[str, Any]]:
        """The answers on a network, one a question, with the settings."""
        entry, names = self.choices[name], self.lattice.pair.names
        asked = [PRIOR, *([DENSE] if self.study["dense"] else [])]
        told = {"generation": entry["generation"], "ignored": self._ignored(name)}
        if "settings" not in entry:
            waits = {"answer": OPEN, "reason": "finalists are to be trained: call confirm"}
            return [{"network": name, "question": question, **waits, **told} for question in asked]
        rows = []
        for question in asked:
            answer = self.question(name, question)
            if entry["why_not"]:
                answer = {"answer": OPEN, "reason": entry["why_not"], "seeds": 0}
            tuned, other = (self.lattice.values(Cell(*entry["settings"][of])) for of in (TUNED, question))
            settings = {
                **dict(zip(names, tuned, strict=True)),
                **{f"other_{of}": at for of, at in zip(names, other, strict=True)},
            }
            rows.append({"network": name, "question": question, **answer, **settings, **told})
        return rows

    def _ignored(self, name: str) -> int:
        """Number of a network's rows of stage `confirm` that were not asked for in this generation."""
        rows = self.table[(self.table["network"] == name) & (self.table["stage"] == CONFIRM)]
        entry = self.choices[name]
        if "settings" not in entry:
            return len(rows)
        known = rows["seed"].isin(fresh_seeds(name, entry["stage_of_settings"], len(rows) + MOST_SEEDS))
        cells = np.any([same(rows, self.lattice, Cell(*cell)) for cell in entry["settings"].values()], axis=0)
        return int((~(known & cells)).sum())

    def to_train(self, name: str, most: int) -> list[dict[str, Any]]:
        """The trainings that a network needs next, as rows of a table."""
        entry = self.choices[name]
        if "tuned" not in entry:
            cells = {f"finalist {place}": cell for place, cell in enumerate(entry["finalists"], 1)}
            return self._missing(name, FINALIST, entry["stage"], FRESH_SEEDS, cells)
        if entry.get("why_not", "") or "settings" not in entry:
            return []
        wanted: dict[str, int] = {}
        for question in [of for of in entry["settings"] if of != TUNED]:
            answer = self.question(name, question)
            more = [seeds for seeds in looks(most) if seeds > answer["seeds"]]
            if answer["answer"] == OPEN and not answer["reason"] and more:
                for setting in (TUNED, question):
                    wanted[setting] = max(more[0], wanted.get(setting, 0))
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        for setting, seeds in wanted.items():
            cell = entry["settings"][setting]
            for row in self._missing(name, CONFIRM, entry["stage_of_settings"], seeds, {setting: cell}):
                known = rows.setdefault((*cell, row["seed"]), row)  # settings that are the same cell share a training
                known["setting"] = setting if known is row else f"{known['setting']} = {setting}"
        return list(rows.values())

    def _missing(
        self, name: str, stage: str, key: str, seeds: int, cells: Mapping[str, Sequence[int]]
    ) -> list[dict[str, Any]]:
        """The trainings at some settings that the table does not have."""
        rows = []
        for setting, cell in cells.items():
            there = self._results(name, stage, key, seeds, cell).index
            place = {"network": name, **self.lattice.named(Cell(*cell))}
            todo = [seed for seed in fresh_seeds(name, key, seeds) if seed not in there]
            rows += [{**place, "seed": seed, "stage": stage, "setting": setting} for seed in todo]
        return rows
