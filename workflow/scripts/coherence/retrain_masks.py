"""Train a network's masks from a fresh initialisation, and answer which, how early, and whether chance does as well."""

import pandas as pd

from prunescape.coherence.children import retrain
from prunescape.coherence.networks import FIRST, MaskExperiments
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import highest_of
from prunescape.io.files import read_csv
from prunescape.models.weights import load_epochs
from prunescape.training.job import training_job

with training_job(snakemake, "networks", "diffs") as job:
    if job:
        task, settings, files = job.task, job.settings, job.files
        states, diffs = load_epochs(files.networks), load_epochs(files.diffs)
        parent = Parent(task.architecture, states, diffs, highest_of(read_csv(files.epochs)), 0, task.seed)
        parent.count = parent.part(settings["density"])
        experiments = MaskExperiments(**settings["plan"])
        masks = experiments.masks(parent)
        children = experiments.children(parent, masks)
        trained = pd.DataFrame()
        if children:
            trained = retrain(task, children, parent.layers, *job.rates, job.report, job.checkpoint)
        for name, table in experiments.tables(parent, masks, trained, task.recipe.epochs).items():
            job.write(name, table, [column for column in FIRST if column in [*job.labels, *table.columns]])
