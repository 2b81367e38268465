"""The pages that `snakemake plan` and `snakemake status` print."""

from collections.abc import Sequence

from prunescape.overview.bill import bill_page
from prunescape.overview.status import status_page
from prunescape.overview.study import Study
from prunescape.overview.tables import show


def print_pages(names: Sequence[str], study: Study, cores: int | None) -> None:
    """Print pages called "plan" or "status" to standard output; `cores` are those of this run, where that is known."""
    for name in names:
        show(bill_page(study, cores) if name == "plan" else status_page(study))
