"""Prune and retrain a pretrained network again and again, with small networks of equal size beside."""

from prunescape.io.files import read_json, sha256, write_csv
from prunescape.mechanism.basins import run_cycles
from prunescape.mechanism.cycles import Trajectory
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.networks import load_networks, save_networks
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.recipe import Recipe
from prunescape.training.task import open_task

with logged(snakemake) as logger:
    settings, files, retraining = snakemake.params.settings, snakemake.input, snakemake.wildcards.retraining
    task = open_task(files.architecture, files.data, settings, snakemake.threads)
    start = load_networks(files.sizes)[WHOLE]
    identity = settings, retraining, task.identity(), read_json(files.data), sha256(files.sizes)
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, *identity)
    with job_lock(f"{snakemake.params.checkpoint}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            networks, table = run_cycles(
                task,
                Recipe.from_config(settings["retraining"]),
                retraining,
                {name: Trajectory(start, name, fraction) for name, fraction in settings["fractions"].items()},
                settings["cycles"],
                settings["small"],
                settings["learning_rate"],
                settings["weight_decay"],
                logger.info,
                checkpoint,
            )
            first = {"model": snakemake.wildcards.model, "seed": task.seed, "retraining": retraining}
            columns = ["model", "seed", "pruning", "retraining", "cycle"]
            write_csv(snakemake.output.table, first_columns(table.assign(**first), columns))
            save_networks(snakemake.output.networks, networks)
            checkpoint.remove()
