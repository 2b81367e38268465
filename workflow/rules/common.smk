"""What all rules share: the plan, and how a step of it becomes a rule."""

from prunescape.runtime.fingerprint import remember
from prunescape.config.reading import ConfigError
from prunescape.errors import UserError, check_paths
from prunescape.plan.metadata import ask_seals
from prunescape.plan.plan import COMPANIONS, Plan
from prunescape.runtime.versions import use_pins

OVERVIEWS = ["plan", "status", "watch", "explain", "accept"]
ENVIRONMENT = f"{PROJECT}/envs/prunescape.yaml"

ask_seals(workflow)
if "CONDA" in {str(of.name) for of in workflow.deployment_settings.deployment_method}:
    use_pins(Path(ENVIRONMENT))

try:
    check_paths(sys.executable, str(PROJECT))
    PLAN = Plan(config, workflow.cores)
except ConfigError as error:
    sys.exit(str(error))
except UserError as error:
    sys.exit(f"prunescape: {error}")
RUN = PLAN.run
if workflow.is_main_process:
    for line in PLAN.not_seen:
        print(f"prunescape: {line}", file=sys.stderr)
config = RUN.config.plain() | {"questions": PLAN.questions}  # for the report's first page

# Else Snakemake would only say that there is no such rule. It learns its targets after this file, hence the command line.
for study in COMPANIONS:
    if study in sys.argv[1:] and study not in PLAN.companions:
        sys.exit(f"config: {study}: is missing; write '{study}: {{}}' for its defaults, or more (docs/config.md)")


def inputs(step):
    """What the jobs of a step read."""

    def files(wildcards):
        read = grown(step.reads, wildcards) if step.grows else step.reads(wildcards)
        return {name: ancient(path) if step.is_ancient(name) else path for name, path in read.items()}

    return unpack(files)


def grown(read, wildcards):
    """What a job reads once the grid has grown; Snakemake plans it again then."""
    for job in PLAN.hpspace.rounds_before(wildcards):
        checkpoints.extend_grid.get(**job)
    try:
        return read(wildcards)
    except UserError as error:  # in one line, where Snakemake would say that an input function failed
        sys.exit(f"prunescape: {error}")


def outputs(step):
    """The outputs of a step; the report has those that have a caption."""
    text = f"{PROJECT}/workflow/report/caption.rst"
    said = {
        name: report(step.outputs[name], caption=text, category=of.category, labels=of.labels)
        for name, of in step.captions.items()
    }
    return {**step.outputs, **said}


def caption(step):
    """What the report says of a job's file. It takes `output`, so that Snakemake does not track it."""
    return lambda wildcards, output: step.caption(wildcards, config)


def tables(wildcards, output):
    """What tables must have when a job reads them. It takes `output`, so that Snakemake does not track it."""
    return PLAN.schemas


wildcard_constraints:
    **PLAN.constraints,
