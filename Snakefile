"""prunescape: what pruning does to a neural network, and what must be done again afterwards.

This file reads and validates the config, includes the rules and names the targets. Try `snakemake -n` for the plan.
"""

import json
import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# The library travels with the workflow: this process and every job, local or on a cluster, import this very copy of it.
LIBRARY = str(Path(workflow.basedir) / "workflow")
sys.path.insert(0, LIBRARY)
os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, [LIBRARY, os.getenv("PYTHONPATH")])))

# A config file given on the command line is the whole config; Snakemake would merge it into this one.
if not workflow.overwrite_configfiles:
    from prunescape.config import ConfigError, read

    try:  # in one line, where Snakemake would end in a traceback or run code that stands in the file
        read(Path(workflow.basedir) / "config.yaml")
    except ConfigError as error:
        sys.exit(str(error))

    configfile: Path(workflow.basedir) / "config.yaml"


include: "workflow/rules/common.smk"


report: "workflow/report/workflow.rst"


include: "workflow/rules/cluster.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/hpspace.smk"
include: "workflow/rules/hpspace_statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/pages.smk"
include: "workflow/rules/companions.smk"


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


include: "workflow/rules/overview.smk"


rule all:
    default_target: True
    input:
        rules.hpspace.input,
