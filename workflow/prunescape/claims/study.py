"""The claims of a study in a run, their file claims.json, and the ledger of all studies that the run has by now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.claims.claim import Claim
from prunescape.claims.columns import COLUMNS
from prunescape.errors import UserError
from prunescape.io.files import read_csv, read_json, remedy, write_csv, write_json


@dataclass(frozen=True)
class StudyClaims:
    """The claims of a study in a run.

    Attributes:
        study: its name.
        question: the one that it answers as a whole.
        note: what a reader of its claims must know first.
        models: by network, in order, what is said before its claims; "" where nothing is.
        claims: those of a network together.
        by_source: what the source itself claims or asks, one by one, in words: section, said, seen and decided.
    """

    study: str
    question: str
    note: str
    models: Mapping[str, str]
    claims: Sequence[Claim]
    by_source: Sequence[Mapping[str, str]] = ()

    def __post_init__(self) -> None:
        """Refuse claims of one id.

        Raises:
            ValueError: which they are.
        """
        ids = [claim.id for claim in self.claims]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"{self.study}: several claims have the id {', '.join(twice)}")

    def of(self, model: str) -> list[Claim]:
        """The claims on a network."""
        return [claim for claim in self.claims if claim.model == model]

    def to_json(self) -> dict[str, Any]:
        """The claims as claims.json has them."""
        about = {"study": self.study, "question": self.question, "note": self.note, "models": dict(self.models)}
        by_source = {"by_source": [dict(row) for row in self.by_source]} if self.by_source else {}
        return {**about, **by_source, "claims": [claim.to_json() for claim in self.claims]}

    @classmethod
    def read(cls, path: Path) -> "StudyClaims":
        """The claims in a study's claims.json.

        Raises:
            UserError: the file is missing or damaged, or another version wrote it.
        """
        value = read_json(path)
        try:
            claims = [Claim.from_json(claim) for claim in value["claims"]]
            return cls(**{**value, "claims": claims})
        except (TypeError, KeyError, ValueError) as error:
            raise UserError(f"{path}: not the claims of a study ({error}); {remedy(path)}") from None


def read_results(files: Mapping[str, Any]) -> dict[str, Any]:
    """Tables and JSON files that claims follow from, by name; a list where there are several of a name.

    Raises:
        UserError: one is missing or damaged.
    """

    def read(path: Any) -> Any:
        if not isinstance(path, str):
            return [read(one) for one in path]
        return read_csv(path) if path.endswith(".csv") else read_json(path)

    return {name: read(path) for name, path in files.items()}


def table(claims: Iterable[Claim]) -> pd.DataFrame:
    """Claims as claims.csv has them, one a row; see `prunescape.claims.columns`."""
    return pd.DataFrame([claim.to_row() for claim in claims], columns=list(COLUMNS))


def decided_on(data: str, seeds: Sequence[int]) -> str:
    """The data set and the trainings of a study in words, as `Claim.data` has them."""
    return f"{data}, {'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"


FILE = "claims.json"


def studies_of(run: Path, first: Sequence[str]) -> list[StudyClaims]:
    """The claims of every study that has stated them in a run's folder.

    Args:
        run: the folder.
        first: names of studies in their order; any others come after them.

    Raises:
        UserError: those of one are damaged.
    """
    stated = {path.parent.name: path for path in sorted(run.glob(f"*/{FILE}"))}
    order = [*(name for name in first if name in stated), *(name for name in stated if name not in first)]
    return [StudyClaims.read(stated[name]) for name in order]


def write_ledger(run: Path, studies: Sequence[StudyClaims]) -> None:
    """Write the ledger into a run's folder: `claims.csv`, a row a claim, and `claims.json`, with all numbers."""
    claims = [claim for stated in studies for claim in stated.claims]
    questions = {stated.study: stated.question for stated in studies}
    ledger = {"run": run.name, "questions": questions, "claims": [claim.to_json() for claim in claims]}
    write_csv(run / "claims.csv", table(claims))
    write_json(run / FILE, ledger)
