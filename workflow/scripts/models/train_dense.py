"""Train a network at the prior, whose weights pruning ranks: a dense one, unless it is given, or one pruned further."""

from prunescape.hpspace.tile import history_table, lane_of
from prunescape.io.files import write_csv
from prunescape.models.weights import save_weights
from prunescape.training.given import taken
from prunescape.training.job import training_job
from prunescape.training.train import train

with training_job(snakemake, "start") as job:
    if job:
        lane = lane_of(job.settings, job.start, job.settings.get("rate_factor", 1.0))
        given = job.settings.get("weights")
        result = taken(job.task, lane, given) if given else train(job.task, [lane], job.report, job.checkpoint)[0]
        save_weights(job.output.weights, result.weights)
        write_csv(job.output.history, history_table(result))
