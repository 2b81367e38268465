"""prunescape: what pruning does to a neural network, and what must be done again afterwards.

This file reads and validates the config, includes the rules and names the targets. Try `snakemake -n` for the plan.
"""

import itertools
import json
import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# Not `workflow.basedir`: that is the folder of the workflow that imports this one as a module, if one does.
PROJECT = Path(str(workflow.current_basedir.get_path_or_uri(secret_free=True)))
if not PROJECT.is_dir():
    sys.exit(f"prunescape: {PROJECT} is no folder of this machine; clone the project and give the module its path")

# The library travels with the workflow: this process and every job, local or on a cluster, import this very copy of it.
LIBRARY = str(PROJECT / "workflow")
sys.path.insert(0, LIBRARY)
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [LIBRARY, os.getenv("PYTHONPATH")])))

if not workflow.modifier.skip_configfile:  # else this is a module, and its config the importing workflow's business
    from prunescape.config import ConfigError, read

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
include: "workflow/rules/pruning_common.smk"


report: "workflow/report/workflow.rst"


include: "workflow/rules/cluster.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/hpspace.smk"
include: "workflow/rules/hpspace_statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/pages.smk"
include: "workflow/rules/companions.smk"


if PAIR.is_thesis:

    include: "workflow/rules/hpspace_thesis.smk"


if config["stochastic"] is not None:

    include: "workflow/rules/stochastic_common.smk"
    include: "workflow/rules/stochastic.smk"
    include: "workflow/rules/stochastic_answers.smk"
    include: "workflow/rules/stochastic_figures.smk"


if config["mechanism"] is not None:

    include: "workflow/rules/mechanism_setting.smk"
    include: "workflow/rules/mechanism_common.smk"
    include: "workflow/rules/mechanism.smk"
    include: "workflow/rules/mechanism_cycles.smk"
    include: "workflow/rules/mechanism_answers.smk"
    include: "workflow/rules/mechanism_figures.smk"


if config["coherence"] is not None:

    include: "workflow/rules/coherence_setting.smk"
    include: "workflow/rules/coherence_common.smk"
    include: "workflow/rules/coherence_answers_common.smk"
    include: "workflow/rules/coherence.smk"
    include: "workflow/rules/coherence_answers.smk"
    include: "workflow/rules/coherence_figures.smk"


include: "workflow/rules/companion_pages.smk"
include: "workflow/rules/overview.smk"


remember()  # what the code behind the rules says, for the next run to start faster


rule all:
    default_target: True
    input:
        rules.hpspace.input,
