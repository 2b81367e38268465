"""slurmdbd is away for the whole of a run."""

from collections.abc import Callable

import pytest
from conftest import CELLS, Study, cluster
from slurm_jobs import jobs, slurm, training, until

pytestmark = [pytest.mark.slurm, pytest.mark.full]


def test_a_run_needs_no_accounting(study: Callable[..., Study], reference: Callable) -> None:
    """Jobs are submitted, and noticed when they end or are cancelled; later, the accounting learns of all of them."""
    made = study({"seeds": [0]})
    assert cluster("stop", "slurmdbd").returncode == 0
    try:
        snakemake = made.submit(CELLS)
        victim = until("a tile is trained", lambda: training(made.folder, "dense_0"))["slurm_job"]
        slurm("scancel", victim)
        made.finish(snakemake)
    finally:
        result = cluster("up")
    assert result.returncode == 0, result.stderr
    own = made.tables()["cells.csv"].splitlines()
    assert len(own) == 1 + 2 * 9
    assert {*own} < {*reference()["cells.csv"].splitlines()}  # which has more seeds
    (last,) = until("the accounting has heard of the jobs", lambda: jobs(made.folder, "table_hpspace_cells"))
    assert last.state == "COMPLETED"
    assert next(job for job in jobs(made.folder) if job.number == victim).state.startswith("CANCELLED")
