"""The jobs of a plan as Snakemake has them: rules, files, and of what code a rule's digest is made."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from project_copy import completed

# `digest` gives the files themselves, so that a test sees which of them a rule depends on.
PROGRAM = """
import json, sys
from pathlib import Path
sys.path.insert(0, str(Path("workflow").resolve()))
from prunescape.runtime import fingerprint

fingerprint.digest = lambda *sources: tuple(fingerprint.definitions(*sources))
from snakemake.api import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings, SnakemakeApi
from snakemake.settings.enums import Quietness

output, configs = OutputSettings(quiet={Quietness.ALL}), [Path(name).resolve() for name in sys.argv[2:3]]
with SnakemakeApi(output) as api:
    workflow = api.workflow(ResourceSettings(cores=1), ConfigSettings(configfiles=configs), snakefile=Path("Snakefile"))
    workflow.dag(DAGSettings(targets=set(sys.argv[3:]), forceall=True)).execute_workflow(executor="dryrun")
    jobs = [
        [job.rule.name, job.rule.script, dict(job.wildcards_dict), list(job.input), list(job.output),
         (job.params.get("settings") or {}).get("code", [])]
        for job in workflow._workflow.dag.jobs
    ]
Path(sys.argv[1]).write_text(json.dumps(jobs))
"""


class Job(NamedTuple):
    """A job of a plan.

    Attributes:
        rule: its name.
        script: that it runs; None of a target.
        wildcards: by name.
        input, output: paths.
        code: the files, in the folder `workflow`, of whose meaning the rule's digest is made.
    """

    rule: str
    script: str | None
    wildcards: dict[str, Any]
    input: list[str]
    output: list[str]
    code: list[str]


def jobs_of(folder: Path, *targets: str, config: str = "config.yaml") -> list[Job]:
    """All jobs behind `targets`, finished or not."""
    result = folder / "jobs.json"
    run = completed([sys.executable, "-c", PROGRAM, str(result), config, *targets], folder)
    assert run.returncode == 0, run.stdout[-6000:]
    return [Job(*job) for job in json.loads(result.read_text())]
