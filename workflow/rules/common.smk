"""What all rules share: the plan, and how a step of it becomes a rule."""

from inspect import Parameter, Signature

from prunescape.runtime.fingerprint import remember_at_the_end
from prunescape.config.reading import ConfigError
from prunescape.errors import UserError, check_paths
from prunescape.plan.metadata import CHECKPOINTS, ask_seals
from prunescape.plan.plan import COMPANIONS, Plan
from prunescape.runtime.versions import use_pins

ENVIRONMENT = f"{PROJECT}/envs/prunescape.yaml"
IMAGE = f"{PROJECT}/envs/prunescape.sif"

ask_seals(workflow)
# Jobs run in that environment, or in the image with the same packages.
deployment = {str(of.name) for of in workflow.deployment_settings.deployment_method}
if not deployment.isdisjoint({"CONDA", "APPTAINER"}):
    use_pins(Path(ENVIRONMENT))
if "APPTAINER" in deployment:
    if not Path(IMAGE).exists():
        sys.exit(f"prunescape: {IMAGE} is missing; make it by: apptainer build {IMAGE} {PROJECT}/envs/prunescape.def")

    container: IMAGE


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


def asked(function, *names):
    """A function of wildcards and of what these names say, as Snakemake looks them up: a dozen times for each job."""
    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("wildcards", *names)]
    function.__signature__ = Signature(parameters)
    return function


def inputs(step):
    """What the jobs of a step read."""

    def files(wildcards):
        read = grown(step.reads, step.awaits or (lambda _: []), wildcards)
        return {name: ancient(path) if step.is_ancient(name) else path for name, path in read.items()}

    return unpack(asked(files))


def grown(read, awaits, wildcards):
    """What a job reads once that is known; Snakemake plans it again then."""
    awaited = [(CHECKPOINTS[name], job) for name, job in awaits(wildcards)]
    force(awaited)
    for made, job in awaited:
        made.get(**job)
    try:
        return read(wildcards)
    except UserError as error:  # in one line, where Snakemake would say that an input function failed
        sys.exit(f"prunescape: {error}")


def force(awaited):
    """Ask for plans that are missing: else Snakemake takes a result that is there for right, before it knows of what."""
    plans = [path for made, job in awaited for path in made.rule.expand_output(job)[0]]
    if not workflow.touch:
        workflow.dag.forcefiles.update(path for path in plans if not os.path.exists(path))


def outputs(step):
    """The outputs of a step; the report has those that have a caption."""
    text = f"{PROJECT}/workflow/report/caption.rst"
    said = {
        name: report(step.outputs[name], caption=text, category=of.category, labels=of.labels)
        for name, of in step.captions.items()
    }
    return {**step.outputs, **said}


def settings(step):
    """What the results of a step's jobs depend on: a dict, which other workflows may change, where all jobs share it."""
    return asked(lambda wildcards: step.settings(wildcards)) if callable(step.param) else step.param


def untracked(function):
    """A function of wildcards, if there is one, that takes `output` as well, so that Snakemake does not track it."""
    return asked(lambda wildcards, output: function(wildcards), "output") if function else None


tables = untracked(lambda wildcards: PLAN.schemas)  # what tables must have when a job reads them


def caption(step):
    """What the report says of a job's file."""
    return untracked(step.captions and (lambda wildcards: step.caption(wildcards, config)))


def told(step):
    """Facts on the run for a page, on which no result depends."""
    return untracked(step.told and (lambda wildcards: step.told()))


wildcard_constraints:
    **PLAN.constraints,
