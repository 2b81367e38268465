"""Train a part of the children of wide fully connected networks, and stand them beside dense ones of their size."""

from dataclasses import replace

import pandas as pd

from prunescape.coherence.children import retrain
from prunescape.coherence.families import load_families
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.mlps import FIRST, MEASURES, dense_of
from prunescape.io.files import read_csv, write_csv
from prunescape.io.tables import first_columns
from prunescape.models.build import build
from prunescape.training.job import training_job

with training_job(snakemake, "masks", "widths") as job:
    if job:
        settings, task = job.settings, job.task
        first = {"experiment": snakemake.wildcards.experiment, "model": "mlp", "seed": task.seed}
        widths = read_csv(job.files.widths)
        tables = [dense_of(widths, width).assign(**first) for width in settings["dense"]]
        for family in load_families(job.files.masks, int(snakemake.wildcards.part), settings["children_a_job"]):
            of_parent = replace(task, architecture=family.architecture)
            layers = prunable_layers(build(family.architecture))
            place = job.part(f"children-{family.architecture.width}-{family.children[0].labels['width']}")
            tables.append(retrain(of_parent, family.children, layers, *job.rates, job.report, place))
        table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=[*FIRST, *MEASURES])
        write_csv(job.output.children, first_columns(table, FIRST))
