"""The ledger of a run: the claims of all studies that it has by now, in claims.csv and claims.json."""

from collections.abc import Sequence
from pathlib import Path

from prunescape.claims.study import StudyClaims, table
from prunescape.io.files import write_csv, write_json

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
