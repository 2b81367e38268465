"""Work before a run's first job and after its last one, where Snakemake runs."""

import sys
from pathlib import Path
from typing import Any

from prunescape.errors import UserError, check_spelling, check_writable, user_message
from prunescape.plan.codes import Codes
from prunescape.plan.plan import Plan
from prunescape.runtime.slurm_orphans import cancel_orphans


def before_run(plan: Plan, workflow: Any) -> None:
    """Make sure that results can be written, and cancel the Slurm jobs that an earlier snakemake has left behind.

    Args:
        workflow: Snakemake's.
    """
    run = plan.run
    try:  # before Snakemake itself trips over it, with a traceback
        for folder in (run.results, run.data, run.logs):
            check_writable(folder)
        for folder in (run.results, *(f"{run.results}/models/{model}" for model in run.config.models)):
            check_spelling(folder)
    except UserError as error:
        sys.exit(f"prunescape: {error}")
    Codes(run.results).remember()
    waiting = workflow.dag.needrun_jobs()
    registered = [number for job in waiting for number in workflow.persistence.external_jobids(job)]
    left = cancel_orphans(registered, f"{run.results}/checkpoints")
    if left:
        print(
            f"prunescape: cancelled {len(left)} Slurm jobs that an earlier snakemake left behind ({', '.join(left)});"
            " what they have trained is kept in their checkpoints",
            file=sys.stderr,
        )


def after_run(results: str, failed: bool = False) -> None:
    """Write overview and ledger of the studies that a run has by now; it is no job, and asks for no study.

    Args:
        results: the folder of a run.
        failed: whether the run failed; what has finished is written all the same, and nothing is said of it.
    """
    if failed and not any(Path(results).glob("*/claims.json")):
        return
    from prunescape.pages.index import write_index

    try:
        if write_index(Path(results)) and not failed:
            print(f"prunescape: the answers are in {results}/index.html", file=sys.stderr)
    except (UserError, OSError) as error:
        print(f"prunescape: no {results}/index.html: {user_message(error) or error}", file=sys.stderr)
