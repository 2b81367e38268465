"""`snakemake suggest`, `confirm` and `answer`: what to train next in a loop of one's own, and the answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape import api
from prunescape.config.config import Config
from prunescape.errors import UserError
from prunescape.hpspace.lattice import HYPERPARAMETERS, THESIS, Lattice
from prunescape.statistics.looks import OPEN

SUGGEST, CONFIRM, ANSWER = "suggest", "confirm", "answer"
DONE = "Nothing is left to train; `snakemake answer` gives the answers."


def own_page(name: str, config: Config) -> str:
    """The text that a command prints: trainings to be made as CSV, or the answers.

    Args:
        name: SUGGEST, CONFIRM or ANSWER.
        config: with its section `own`.

    Raises:
        UserError: a key of the section or the table is missing, or one of its rows cannot be used.
    """
    own = config.own
    given = {of: getattr(own, of) for of in ("trainings", "learning_rate", "weight_decay", "chance")}
    if own.trainings is None or own.chance is None or None in given.values():
        missing = next(of for of, value in given.items() if value is None)
        raise UserError(
            f"{name}: own.{missing} is missing; give a section own with trainings, learning_rate, weight_decay and"
            " chance in a second config file (docs/own-trainings.md)"
        )
    prior = {of: getattr(own if of in THESIS.names else config.recipe, of) for of in HYPERPARAMETERS}
    space, register = Lattice.around(config.grid, prior), own.choices or f"{own.trainings}.choices.json"
    table, verdict = _table(Path(own.trainings), own.columns, space, name == SUGGEST), config.verdict
    table = api.exported(table, space, own.network, own.chance)
    if name == SUGGEST:
        return api.suggest(table, space, own.network, own.count).to_csv(index=False).rstrip()
    if name == CONFIRM:
        if verdict.confirm is None:
            raise UserError("verdict.confirm is null, so nothing is confirmed; write a number of seeds")
        rules = (verdict.margin, verdict.level, verdict.confirm)
        wanted = api.confirm(table, space, register, own.chance, *rules, own.anew)
        return wanted.to_csv(index=False).rstrip() if len(wanted) else DONE
    return "\n".join(_told(row, space) for row in api.verdict(table, space, register).to_dict("records"))


def _table(path: Path, columns: Mapping[str, Any], space: Lattice, may_lack: bool) -> pd.DataFrame:
    """The trainings, with the columns' own names."""
    if not path.is_file():
        if not may_lack:
            raise UserError(f"{path}: no such file; give own.trainings the table of your trainings")
        return pd.DataFrame(columns=["network", *space.pair.names, "seed", "accuracy"])
    try:
        return pd.read_csv(path).rename(columns={str(theirs): ours for ours, theirs in columns.items()})
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: no CSV file ({error}); mend it") from None


def _told(row: dict[str, Any], space: Lattice) -> str:
    """An answer in a line."""
    known = {name: value for name, value in row.items() if not pd.isna(value) and value != ""}
    parts = [f"{row['network']}, over {row['question']}: {row['answer']}"]
    parts += [known["reason"]] if "reason" in known else []
    if "gain" in known:
        between = f"[{row['low']:.2f}, {row['high']:.2f}] points"
        parts.append(f"tuning gains {row['gain']:.2f} {between}, by {row['seeds']:.0f} seeds")
    if space.pair.names[0] in known:
        parts.append(f"tuned: {space.pair.told(row)}")
    if row["answer"] == OPEN and "seeds_to_decide" in known:
        parts.append(f"{row['seeds_to_decide']:.0f} seeds should decide")
    return "; ".join(parts)
