"""Results of a plan that nothing has computed: files with the seals that their jobs would give them."""

import json
from collections.abc import Iterable
from pathlib import Path

from prunescape.io.files import sha256, write_text
from prunescape.io.seals import Identity, seal, seal_text
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results
from prunescape.plan.step import Job


def round_without_questions(variants: Iterable[str]) -> str:
    """The content of a round of confirmation in which each network has one finalist, and nothing is asked."""
    entry = {"finalists": [[0, 0]], "stage": "finalists-00000000", "settings": {}}
    return json.dumps(dict.fromkeys(variants, entry))


def write_rounds(plan: Plan) -> None:
    """Write all rounds of confirmation of a plan; what is trained is known only from them."""
    confirmation = plan.hpspace.confirmation
    for model in plan.run.models:
        names = [variant.name for variant in plan.networks.variants(model)]
        for path in confirmation.rounds(model, confirmation.last) if confirmation.last else ():
            write_text(path, round_without_questions(names))


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
        seal_job(results, job)

    for path in paths:
        visit(str(path))


def seal_job(results: Results, job: Job) -> None:
    """Seal the results of a job; what is missing is made, empty."""
    wanted = results.wanted(job)
    for made in job.outputs.values():
        file = Path(made)
        if not file.is_file():
            write_text(file, "{}" if file.suffix == ".json" else "")
        identity = Identity(results.plan.run.place(made), wanted.settings, wanted.inputs)
        write_text(seal(file), seal_text(file.name, sha256(file), identity))
        results._looks.forget(made)
