"""Train a part of a network's masks: which, how early, and whether chance does as well."""

import pandas as pd

from prunescape.coherence.children import retrain
from prunescape.coherence.families import load_families
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.networks import FIRST, MaskExperiments
from prunescape.models.build import build
from prunescape.training.job import training_job

with training_job(snakemake, "masks") as job:
    if job:
        settings, task = job.settings, job.task
        families = load_families(job.files.masks, int(snakemake.wildcards.part), settings["children_a_job"])
        children = [child for family in families for child in family.children]
        trained = pd.DataFrame()
        if children:
            layers = prunable_layers(build(task.architecture))
            trained = retrain(task, children, layers, *job.rates, job.report, job.checkpoint)
        tables = MaskExperiments(**settings["plan"]).of_children(trained, task.recipe.epochs)
        for name, table in tables.items():
            job.write(name, table, [column for column in FIRST if column in [*job.labels, *table.columns]])
