"""Train fully connected networks of growing width, and measure them."""

import pandas as pd

from prunescape.coherence.mlps import of_width, trained, width_tables
from prunescape.io.files import read_json, write_csv
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.lane import Lane
from prunescape.training.task import open_task

with logged(snakemake) as logger:
    settings, files, folder = snakemake.params.settings, snakemake.input, snakemake.params.checkpoint
    task = open_task(files.architecture, files.data, settings, snakemake.threads)
    identity = settings, task.identity(), read_json(files.data)
    whole = Checkpoint.of(folder, *identity)
    with job_lock(f"{folder}.lock", whole.identity, snakemake.output) as to_do:
        if to_do:
            lane, samples = Lane(settings["learning_rate"], settings["weight_decay"]), settings["samples"]
            tables = []
            for width in settings["widths"]:
                logger.info("width %d", width)
                network = of_width(task, width)
                place = f"{folder}/width-{width}"
                run = trained(network, lane, settings["measured_epochs"], samples, place, identity, logger.info)
                tables.append(width_tables(network, *run, settings["bins"]))
            for path, parts in zip(
                (snakemake.output.widths, snakemake.output.diffs), zip(*tables, strict=True), strict=True
            ):
                write_csv(path, pd.concat(parts, ignore_index=True))
            whole.remove()
