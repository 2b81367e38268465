"""Train one network at every cell of a tile: from scratch, or from the weights that pruning left."""

from prunescape.hpspace.tile import train_tile
from prunescape.io.files import read_json, write_csv
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.task import open_start, open_task

with logged(snakemake) as logger:
    settings = snakemake.params.settings
    strategy = snakemake.input.get("strategy")  # made only where the config leaves it to be measured
    chosen = strategy and read_json(strategy)
    task = open_task(snakemake.input.architecture, snakemake.input.data, settings, snakemake.threads, chosen)
    start, identity = open_start(task, snakemake.input.get("start"))  # where a pipeline goes on from pruned weights
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, settings, identity, read_json(snakemake.input.data))
    labels = {"model": snakemake.wildcards.model, **settings["variant"]}
    with job_lock(f"{snakemake.params.checkpoint}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            factor, fixed = settings.get("rate_factor", 1.0), settings.get("fixed")
            tables = train_tile(task, settings["cells"], labels, logger.info, checkpoint, start, factor, fixed)
            write_csv(snakemake.output.timing, tables.timing)
            write_csv(snakemake.output.history, tables.history)
            write_csv(snakemake.output.table, tables.cells)
            checkpoint.remove()
