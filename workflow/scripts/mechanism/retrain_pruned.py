"""Prune a pretrained network in one shot, retrain it, and train small networks as long from scratch."""

from prunescape.io.files import read_json, sha256, write_csv
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.networks import load_networks, save_networks
from prunescape.mechanism.pruned import retrain_pruned
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.recipe import Recipe
from prunescape.training.task import open_task

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    task = open_task(files.architecture, files.data, settings, snakemake.threads)
    identity = settings, task.identity(), read_json(files.data), sha256(files.sizes)
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, *identity)
    with job_lock(f"{snakemake.params.checkpoint}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            networks, table = retrain_pruned(
                task,
                Recipe.from_config(settings["retraining"]),
                load_networks(files.sizes)[WHOLE],
                settings["pruning_ratios"],
                settings["learning_rate"],
                settings["weight_decay"],
                logger.info,
                checkpoint,
            )
            first = {"model": snakemake.wildcards.model, "seed": task.seed}
            write_csv(snakemake.output.table, first_columns(table.assign(**first), [*first]))
            save_networks(snakemake.output.networks, networks)
            checkpoint.remove()
