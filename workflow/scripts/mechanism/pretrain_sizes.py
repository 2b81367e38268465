"""Train a network and smaller ones from scratch, and keep the whole one's weights at chosen epochs."""

import pandas as pd

from prunescape.hpspace.tile import history_table
from prunescape.io.files import write_csv
from prunescape.mechanism.sparse_starts import sized_lane
from prunescape.models.weights import save_networks
from prunescape.training.job import training_job
from prunescape.training.train import check_trained, train

with training_job(snakemake) as job:
    if job:
        task, snapshots, sizes = job.task, job.snapshots(), job.settings["sizes"]
        lanes = [sized_lane(task.architecture, size, task.seed, *job.rates) for size in sizes]
        results = train(task.fitting(len(lanes)), lanes, job.report, job.checkpoint, snapshots)
        named = {f"{size:g}": result for size, result in zip(sizes, results, strict=True)}
        check_trained({f"network of size {name}": result for name, result in named.items()})
        save_networks(job.output.epochs, {str(epoch): state for epoch, state in snapshots.lane(0).items()})
        histories = [history_table(result).assign(size=float(name)) for name, result in named.items()]
        write_csv(job.output.history, pd.concat(histories, ignore_index=True))
        save_networks(job.output.sizes, {name: result.weights for name, result in named.items()})
