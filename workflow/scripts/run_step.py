"""Run the script of a step of the plan, whose name is among the settings; the rules of steps.smk share this one."""

import runpy

from prunescape.runtime.fingerprint import SCRIPTS

runpy.run_path(str(SCRIPTS / snakemake.params.settings["script"]), {"snakemake": snakemake})
