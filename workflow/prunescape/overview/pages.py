"""The pages that `snakemake plan`, `status`, `watch`, `explain` and `accept` print."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from prunescape.errors import UserError
from prunescape.overview.companion import Companions, companion_cost, companion_status
from prunescape.overview.cost_page import cost_page
from prunescape.overview.stale import accept_page, explain_page
from prunescape.overview.status import status_page
from prunescape.overview.study import Study
from prunescape.overview.tables import show
from prunescape.overview.targets import leading
from prunescape.overview.watch import Watch, watch
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results

OVERVIEWS = ("plan", "status", "watch")
EXPLAIN, ACCEPT = "explain", "accept"
OWN = ("suggest", "confirm", "answer")


def answer(plan: Plan, arguments: Sequence[str], names: Mapping[str, str]) -> str | None:
    """Print the pages that a command line asks for; the studies that have begun, or those that are named beside them.

    Args:
        arguments: of `snakemake`, without the command itself.
        names: of the rules of overviews and studies, by what they are called here; a workflow that takes this one in
            may have renamed them.

    Returns:
        None, or what is wrong with the command line: one line.
    """
    studies = ["hpspace", *plan.companions]
    words = leading(arguments)
    try:
        for name in OWN:
            if names[name] in words:
                from prunescape.overview.own import own_page  # here: pandas and scipy take a second

                show([own_page(name, plan.run.config)])
                return None
        if names[ACCEPT] in words:
            show(accept_page(Results(plan), [word for word in words if word != names[ACCEPT]]))
            return None
        if names[EXPLAIN] in words:
            show(explain_page(Results(plan)))
            return None
    except UserError as error:
        return f"prunescape: {error}"
    for word in words:
        if word not in names.values():  # else the plan of another config would be taken for that of a file so named
            file = f"; a config is given as --configfile {word}" if Path(word).is_file() else ""
            return f"prunescape: {word}: no study of this config, which has {', '.join(studies)}{file}"
    asked = [name for name in OVERVIEWS if names[name] in arguments]
    named = [name for name in studies if names[name] in arguments]
    chosen = [study for name, study in plan.companions.items() if name in named or not named]
    companions = Companions(asked=chosen) if named else Companions(others=chosen)
    try:
        print_pages(asked, Study(plan), plan.run.cores, not named or "hpspace" in named, companions)
    except UserError as error:
        return f"prunescape: {error}"
    return None


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
            show(cost_page(study, cores) if name == "plan" else status_page(study))
        for companion in known.shown():
            plan = name == "plan"
            show(companion_cost(companion, study) if plan else companion_status(companion, study, time.time()))
        show(known.note(name))
