"""Train a network on real or on Gaussian images, or with random labels, and keep its weights at chosen epochs."""

from dataclasses import replace

from prunescape.data.random_labels import with_random_labels
from prunescape.hpspace.tile import history_table
from prunescape.io.files import write_csv
from prunescape.models.weights import load_epochs, save_networks
from prunescape.training.job import training_job
from prunescape.training.train import Lane, check_trained, train

with training_job(snakemake, "start") as job:
    if job:
        task, part = job.task, job.settings.get("label_noise")
        if part is not None:
            task = replace(task, data=with_random_labels(task.data, part, task.seed))
        earlier = load_epochs(job.files.start) if job.files.get("start") else {}
        lane, snapshots = Lane(*job.rates, start=earlier[max(earlier)] if earlier else None), job.snapshots()
        (result,) = train(task, [lane], job.report, job.checkpoint, snapshots)
        check_trained({f"{snakemake.wildcards.model} ({snakemake.wildcards.run})": result})
        write_csv(job.output.history, history_table(result))
        save_networks(job.output.networks, {str(epoch): state for epoch, state in snapshots.lane(0).items()})
