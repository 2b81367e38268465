"""Train one network with fresh seeds at the settings that were chosen for it, or among which is chosen."""

from prunescape.hpspace.again import train_again
from prunescape.io.files import write_csv
from prunescape.training.job import training_job

with training_job(snakemake, "start") as job:
    if job:
        settings = snakemake.params.settings
        labels = {"model": snakemake.wildcards.model, **settings["variant"], "stage": snakemake.wildcards.stage}
        factor, fixed = settings.get("rate_factor", 1.0), settings.get("fixed")
        made = train_again(job.task, settings["trainings"], labels, job.report, job.part, job.start, factor, fixed)
        write_csv(job.output.timing, made.timing)
        write_csv(job.output.images, made.images)
        write_csv(job.output.table, made.trainings)
