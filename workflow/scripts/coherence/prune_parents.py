"""Train wide fully connected networks, prune each to as many weights as a narrower one has, and train what is left."""

import pandas as pd

from prunescape.coherence.masks import choices
from prunescape.coherence.mlps import FIRST, children_of, dense_of, parent_of
from prunescape.io.files import read_csv, write_csv
from prunescape.io.tables import first_columns
from prunescape.training.job import training_job

with training_job(snakemake) as job:
    if job:
        settings, task = job.settings, job.task
        wanted = choices(*(settings[name] for name in ("scores", "ends", "scopes")))
        first = {"experiment": snakemake.wildcards.experiment, "model": "mlp", "seed": task.seed}
        widths = dict.fromkeys(width for width, _ in settings["pairs"])
        tables = [dense_of(read_csv(job.files.widths), width).assign(**first) for width in widths]
        for width, ratio in settings["pairs"]:
            parent = parent_of(job, width, ratio)
            lanes = job.part(f"children-{width}-{parent.architecture.width}")
            tables.append(children_of(task, parent, wanted, {**first, "width": width}, job.rates, job.report, lanes))
        write_csv(job.output.children, first_columns(pd.concat(tables, ignore_index=True), FIRST))
