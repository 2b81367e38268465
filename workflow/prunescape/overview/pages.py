"""The pages that `snakemake plan`, `snakemake status` and `snakemake watch` print."""

import time
from collections.abc import Sequence

from prunescape.overview.bill import bill_page
from prunescape.overview.companion import Companions, companion_bill, companion_status
from prunescape.overview.status import status_page
from prunescape.overview.study import Study
from prunescape.overview.tables import show
from prunescape.overview.watch import Watch, watch


def print_pages(
    names: Sequence[str], study: Study, cores: int | None, main: bool = True, companions: Companions | None = None
) -> None:
    """Print pages to standard output.

    Args:
        names: "plan", "status", "watch", or several of them.
        study: the main job.
        cores: those of this run, where that is known.
        main: whether the main job is shown.
        companions: the companion studies in the config.
    """
    known = companions or Companions()
    for name in names:
        if name == "watch":
            watch(Watch(study, main, known).look)
            continue
        if main:
            show(bill_page(study, cores) if name == "plan" else status_page(study))
        for companion in known.shown():
            plan = name == "plan"
            show(companion_bill(companion, study) if plan else companion_status(companion, study, time.time()))
        show(known.note(name))
