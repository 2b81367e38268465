"""Train one network at every cell of a tile or batch: from scratch, or from the weights that pruning left."""

from prunescape.hpspace.tile import train_the_rest, train_tile
from prunescape.io.files import write_csv
from prunescape.training.job import training_job

with training_job(snakemake, "start") as job:
    if job:
        settings = snakemake.params.settings
        labels = {"model": snakemake.wildcards.model, **settings["variant"]}
        factor, fixed, stops = settings.get("rate_factor", 1.0), settings.get("fixed"), settings.get("stops")

        def train(cells, name):
            state, part = job.part(name), job.part
            return train_tile(job.task, cells, labels, job.report, state, job.start, factor, fixed, part, stops)

        tables = train_the_rest(job.output.table, settings["cells"], train, job.report, stops)
        write_csv(job.output.timing, tables.timing)
        write_csv(job.output.history, tables.history)
        write_csv(job.output.table, tables.cells)
