"""Search for noise and pruning rate with two objectives, and measure what was found on the test images."""

import shutil

from prunescape.config.stochastic import Search
from prunescape.io.files import read_json, sha256, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.searches import run_searches

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    identity = [settings, context.engine.choices(), read_json(files.data), sha256(files.weights)]
    section = Search.model_validate(settings["search"])
    result = run_searches(context, section, snakemake.params.checkpoint, identity, logger.info)
    write_csv(snakemake.output.evaluations, result.evaluations)
    write_csv(snakemake.output.progress, result.progress)
    write_csv(snakemake.output.fronts, result.fronts)
    shutil.rmtree(snakemake.params.checkpoint)
