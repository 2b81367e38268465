"""Train a network and smaller ones from scratch, and keep the whole one's weights at chosen epochs."""

import pandas as pd

from prunescape.hpspace.tile import history_table
from prunescape.io.files import read_json, write_csv
from prunescape.mechanism.networks import save_networks
from prunescape.mechanism.sparse_starts import sized_lane
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.lane import check_trained
from prunescape.training.snapshots import Snapshots
from prunescape.training.task import open_task
from prunescape.training.train import train

with logged(snakemake) as logger:
    settings, folder = snakemake.params.settings, snakemake.params.checkpoint
    task = open_task(snakemake.input.architecture, snakemake.input.data, settings, snakemake.threads)
    identity = settings, task.identity(), read_json(snakemake.input.data)
    checkpoint = Checkpoint.of(folder, *identity)
    snapshots = Snapshots.of(folder, settings["measured_epochs"], *identity)
    rates = settings["learning_rate"], settings["weight_decay"]
    lanes = [sized_lane(task.architecture, size, task.seed, *rates) for size in settings["sizes"]]
    with job_lock(f"{folder}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            results = train(task, lanes, logger.info, checkpoint, snapshots)
            named = {f"{size:g}": result for size, result in zip(settings["sizes"], results, strict=True)}
            check_trained({f"network of size {name}": result for name, result in named.items()})
            save_networks(snakemake.output.epochs, {str(epoch): state for epoch, state in snapshots.lane(0).items()})
            histories = [history_table(result).assign(size=float(name)) for name, result in named.items()]
            write_csv(snakemake.output.history, pd.concat(histories, ignore_index=True))
            save_networks(snakemake.output.sizes, {name: result.weights for name, result in named.items()})
            checkpoint.remove()
