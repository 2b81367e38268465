"""Train a network on real or on Gaussian images, and keep its weights at chosen epochs."""

from prunescape.hpspace.tile import history_table
from prunescape.io.files import read_json, sha256, write_csv
from prunescape.mechanism.networks import load_networks, save_networks
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.lane import Lane, check_trained
from prunescape.training.snapshots import Snapshots
from prunescape.training.task import open_task
from prunescape.training.train import train

with logged(snakemake) as logger:
    settings, folder, files = snakemake.params.settings, snakemake.params.checkpoint, snakemake.input
    task = open_task(files.architecture, files.data, settings, snakemake.threads)
    start = None
    if files.get("start"):
        earlier = load_networks(files.start)
        start = earlier[max(earlier, key=int)]
    identity = settings, task.identity(), read_json(files.data), sha256(files.start) if start else None
    checkpoint = Checkpoint.of(folder, *identity)
    snapshots = Snapshots.of(folder, settings["measured_epochs"], *identity)
    with job_lock(f"{folder}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            lane = Lane(settings["learning_rate"], settings["weight_decay"], start=start)
            (result,) = train(task, [lane], logger.info, checkpoint, snapshots)
            check_trained({f"{snakemake.wildcards.model} ({snakemake.wildcards.run})": result})
            write_csv(snakemake.output.history, history_table(result))
            states = {str(epoch): state for epoch, state in snapshots.lane(0).items()}
            save_networks(snakemake.output.networks, states)
            checkpoint.remove()
