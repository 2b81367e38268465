"""prunescape: what pruning does to a neural network, and what must be done again afterwards.

This file reads the config, makes the plan (`workflow/prunescape/plan`), includes the rules and names the targets. Try
`snakemake -n` to see what would be done.
"""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

# Not `workflow.basedir`: that is the folder of the workflow that imports this one as a module, if one does.
PROJECT = Path(str(workflow.current_basedir.get_path_or_uri(secret_free=True)))
if not PROJECT.is_dir():
    sys.exit(f"prunescape: {PROJECT} is no folder of this machine; clone the project and give the module its path")

# The library travels with the workflow: this process and every job, local or on a cluster, import this very copy of it.
LIBRARY = str(PROJECT / "workflow")
sys.path.insert(0, LIBRARY)
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [LIBRARY, os.getenv("PYTHONPATH")])))

if not workflow.modifier.skip_configfile:  # else this is a module, and its config the importing workflow's business
    from prunescape.config.reading import ConfigError, read

    # Also what was given with --configfile: Snakemake has read it, and lets pass what is refused here. A pipe is empty now.
    try:  # in one line, where Snakemake would end in a traceback or run code that stands in the file
        for config_file in workflow.overwrite_configfiles or [PROJECT / "config.yaml"]:
            if not config_file.is_fifo():
                read(config_file)
    except ConfigError as error:
        sys.exit(str(error))

# A config file given on the command line is the whole config; Snakemake would merge it into this one.
if not workflow.overwrite_configfiles:

    configfile: PROJECT / "config.yaml"


include: "workflow/rules/common.smk"


report: "workflow/report/workflow.rst"


include: "workflow/rules/steps.smk"


remember_at_the_end()  # what the code behind the rules says, for the next run to start faster


# Targets. The first one is what a plain `snakemake` makes.
rule all:
    default_target: True
    input:
        PLAN.main,
        lambda wildcards: grown(PLAN.hpspace.tiles_trained, PLAN.hpspace.rounds_before, wildcards),
        lambda wildcards: grown(PLAN.hpspace.trained_again, PLAN.hpspace.awaits_all, wildcards),
    localrule: True


# The whole main job.
rule hpspace:
    input:
        rules.all.input,
    localrule: True


# Whether the networks can be trained and pruned, before anything is spent.
rule check:
    input:
        PLAN.networks.check.files(),
    localrule: True


# Each network at its best cell, in open formats, with a model card.
rule export:
    input:
        PLAN.export.files,
    localrule: True


# What the main job's results were made with.
rule provenance:
    input:
        PLAN.export.provenance.files(),
    localrule: True


# All trainings of the main job, for TensorBoard, Weights & Biases and MLflow.
rule trackers:
    input:
        PLAN.export.trackers.files(),
    localrule: True


# The companion studies, those that the config has: `snakemake stochastic` and so on.
for study in PLAN.companions.values():

    rule:
        name:
            study.name
        input:
            study.targets,
            PLAN.index,
        localrule: True


# What a study will cost; what is finished, running, failed and missing; the same live; why a job runs again, and to take
# its result as it is; which trainings of one's own loop come next, which confirm, and what they answer.
OVERVIEWS = ["plan", "status", "watch", "explain", "accept", "suggest", "confirm", "answer"]
for overview in OVERVIEWS:

    rule:
        name:
            overview
        localrule: True


include: "workflow/rules/overview.smk"
