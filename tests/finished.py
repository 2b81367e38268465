"""Results of a plan that nothing has computed: files with the seals that their jobs would give them."""

from pathlib import Path

from prunescape.io.files import sha256, write_text
from prunescape.io.seals import Identity, seal, seal_text
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results


def seal_results(plan: Plan, *paths: str | Path) -> None:
    """Seal the results of the jobs that write files, and of those before them; what is missing is made, empty."""
    results = Results(plan)
    done: set[str] = set()

    def visit(path: str) -> None:
        job = results._jobs.get(path)
        if job is None or job.result in done:
            return
        done.add(job.result)
        for read in results._read(job):
            visit(read)
        wanted = results.wanted(job)
        for made in job.outputs.values():
            file = Path(made)
            if not file.is_file():
                write_text(file, "")
            identity = Identity(plan.run.place(made), wanted.settings, wanted.inputs)
            write_text(seal(file), seal_text(file.name, sha256(file), identity))

    for path in paths:
        visit(str(path))
