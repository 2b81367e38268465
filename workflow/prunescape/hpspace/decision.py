"""The answers of confirmation as a table: for each pruned network, what tuning again gains, and what follows."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.hpspace.cells import GRID, of_grid, with_variants
from prunescape.hpspace.choice import METRIC
from prunescape.hpspace.landscape import hyperparameters_of
from prunescape.hpspace.questions import COLLAPSED, DENSE_NEAR_CHANCE, POLICY, SHOWN, TUNED
from prunescape.io.files import read_json, read_tables
from prunescape.statistics.looks import KEEP, OPEN, TUNE

NOT_ASKED = "not asked"
ANSWERS = (KEEP, TUNE, OPEN, NOT_ASKED)
SAME, EXPLORED = "same setting", "explored only"
PREFIXES = ("tuned_", "")  # of the columns of both settings
LEARNT = ("chance", "accuracy_low", "needed")
File = str | os.PathLike[str]


def tabulate(cells: pd.DataFrame, answers: Sequence[File], margin: float) -> pd.DataFrame:
    """`decisions.csv`: a row a pruned network and question, with both settings and what was measured.

    Args:
        cells: `cells.csv`.
        answers: the last round of confirmation of each model, in a folder of its name.
        margin: the gain that is worth it, in points.
    """
    rounds = {Path(path).parent.name: read_json(path) for path in answers}
    return with_variants(decisions(cells, rounds, margin), cells)


def decisions(cells: pd.DataFrame, rounds: Mapping[str, Mapping[str, Any]], margin: float) -> pd.DataFrame:
    """`decisions.csv` without what the variants are.

    Args:
        cells, margin: see `tabulate`.
        rounds: the last round of each model, by variant.
    """
    rows = []
    for model, entries in rounds.items():
        for variant, entry in entries.items():
            if "questions" not in entry:
                rows += _explored(model, variant, entry, margin)
                continue
            for question, of in entry["questions"].items():
                rows.append({**_row(model, variant, question, margin), **_answer(entry, of), **_cells(entry, question)})
    columns = [*_row("", "", "", 0.0), "answer", "reason", *SHOWN, "collapsed", "seeds_to_decide", "trainings"]
    names = [*hyperparameters_of(cells), *(name for name in cells.columns if name.startswith(GRID))]
    columns += [f"{prefix}{name}" for prefix in PREFIXES for name in ("i", "j", *names)]
    return with_settings(pd.DataFrame(rows), cells).reindex(columns=[*columns, *LEARNT, "ends"])


def with_settings(table: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Decisions with the hyperparameters of both settings.

    Args:
        table: model, variant, and both settings' places i and j.
        cells: `cells.csv`.
    """
    settings, wider = _settings(cells), table.copy()
    for prefix in PREFIXES:
        places = zip(table["model"], table["variant"], table[f"{prefix}i"], table[f"{prefix}j"], strict=True)
        found = pd.DataFrame([{} if math.isnan(place[2]) else settings(*place) for place in places], table.index)
        for name in found:
            wider[f"{prefix}{name}"] = found[name]
    return wider


def _settings(cells: pd.DataFrame) -> Callable[[str, str, float, float], dict[str, float]]:
    """Hyperparameters by model, variant and cell, as they are used, and beside them those of the grid.

    A network need not have been trained at a cell when it was explored, but the part of the grid's values that it is
    trained with is the same everywhere.
    """
    place, network = ["model", "i", "j"], ["model", "variant"]
    grid = of_grid(cells).drop_duplicates(place).set_index(place)[hyperparameters_of(cells)]
    first = cells.drop_duplicates(network).set_index(network)
    names = [name.removeprefix(GRID) for name in cells.columns if name.startswith(GRID)]
    parts = {name: first[name] / first[f"{GRID}{name}"] for name in names}

    def settings(model: str, variant: str, i: float, j: float) -> dict[str, float]:
        of = grid.loc[(model, i, j)].to_dict()
        # To the 12 digits of the grid, so that a quotient leaves no trace.
        used = {name: float(f"{of[name] * parts[name][model, variant]:.12g}") for name in names}
        return {**of, **used, **{f"{GRID}{name}": of[name] for name in names}}

    return settings


def _row(model: str, variant: str, question: str, margin: float) -> dict[str, Any]:
    return {"model": model, "variant": variant, "metric": METRIC, "question": question, "margin": margin}


def _explored(model: str, variant: str, entry: Mapping[str, Any], margin: float) -> list[dict[str, Any]]:
    """The row of a network that was explored only: the setting that looks best is told, and nothing is decided."""
    if variant == "dense":
        return []
    i, j = entry["finalists"][0]
    told = {"answer": NOT_ASKED, "reason": EXPLORED, "tuned_i": i, "tuned_j": j, "i": 0, "j": 0}
    return [{**_row(model, variant, "prior", margin), **told, "trainings": entry["trainings"], "seeds": 0}]


def _answer(entry: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: of.get(name, math.nan) for name in (*SHOWN, "collapsed", "seeds_to_decide")}
    shown |= {"trainings": entry["trainings"], "seeds": of["seeds"]}
    shown["generation"] = entry["generation"] if of["seeds"] else math.nan
    shown |= {name: entry[name] for name in LEARNT}
    shown["ends"] = "; ".join(f"{side} ({name})" for name, sides in entry["sides"].items() for side in sides)
    if entry["why_not"]:
        return shown | {"answer": NOT_ASKED, "reason": entry["why_not"]}
    if of["blocked"] == DENSE_NEAR_CHANCE:
        return shown | {"answer": NOT_ASKED, "reason": DENSE_NEAR_CHANCE}
    if of["same"]:
        return shown | {
            "answer": KEEP,
            "reason": SAME,
            "gain": 0.0,
            "low": 0.0,
            "high": 0.0,
            "seeds_to_decide": math.nan,
        }
    fallen = f": seed {', '.join(map(str, of['fallen']))}" if of["blocked"] == COLLAPSED else ""
    return shown | {"answer": of["answer"], "reason": f"{of['blocked']}{fallen}"}


def _cells(entry: Mapping[str, Any], question: str) -> dict[str, Any]:
    tuned, other = entry["settings"][TUNED], entry["settings"][question]
    other = [math.nan, math.nan] if question == POLICY else other  # another cell for each seed
    return {"tuned_i": tuned[0], "tuned_j": tuned[1], "i": other[0], "j": other[1]}


def collected(again: Sequence[File], again_timing: Sequence[File]) -> dict[str, pd.DataFrame]:
    """`confirmation.csv` and `confirmation_timing.csv` by name, of the tables of all trainings with fresh seeds."""
    return {
        name: read_tables(files) if len(files) else pd.DataFrame(columns=["model", "variant"])
        for name, files in (("confirmation", again), ("confirmation_timing", again_timing))
    }
