"""Train a network at the prior, whose weights pruning ranks: a dense one, or one that is pruned further."""

from prunescape.hpspace.tile import history_table, lane_of
from prunescape.io.files import read_json, write_csv
from prunescape.models.weights import save_weights
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.task import open_start, open_task
from prunescape.training.train import train

with logged(snakemake) as logger:
    settings = snakemake.params.settings
    task = open_task(snakemake.input.architecture, snakemake.input.data, settings, snakemake.threads)
    start, identity = open_start(task, snakemake.input.get("start"))  # where it has been pruned
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, settings, identity, read_json(snakemake.input.data))
    lane = lane_of(settings, start, settings.get("rate_factor", 1.0))
    with job_lock(f"{snakemake.params.checkpoint}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            (result,) = train(task, [lane], logger.info, checkpoint)
            save_weights(snakemake.output.weights, result.weights)
            write_csv(snakemake.output.history, history_table(result))
            checkpoint.remove()
