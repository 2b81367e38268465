"""Train a network's masks from a fresh initialisation, and answer which, how early, and whether chance does as well."""

import pandas as pd

from prunescape.coherence.children import retrain
from prunescape.coherence.networks import MaskExperiments
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import highest_epoch
from prunescape.io.files import read_csv, read_json, sha256, write_csv
from prunescape.mechanism.labels import first_columns
from prunescape.mechanism.networks import load_networks
from prunescape.mechanism.subsets import part_of
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.task import open_task

FIRST = ["experiment", "model", "seed", "score", "end", "scope"]

with logged(snakemake) as logger:
    settings, files, folder = snakemake.params.settings, snakemake.input, snakemake.params.checkpoint
    task = open_task(files.architecture, files.data, settings, snakemake.threads)
    identity = settings, task.identity(), read_json(files.data), sha256(files.networks), sha256(files.diffs)
    checkpoint = Checkpoint.of(folder, *identity)
    with job_lock(f"{folder}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            states, diffs = (
                {epoch: by_name[str(epoch)] for epoch in sorted(map(int, by_name))}
                for by_name in map(load_networks, (files.networks, files.diffs))
            )
            epochs = read_csv(files.epochs)
            run = epochs[(epochs["data"] == "real") & (epochs["start"] == "fresh")]
            highest = highest_epoch(dict(zip(run["epoch"], run["coherence"].fillna(0.0), strict=True)))
            parent = Parent(task.architecture, states, diffs, highest, 0, task.seed)
            parent.count = part_of(sum(layer.weights for layer in parent.layers), settings["density"])
            experiments = MaskExperiments(**settings["plan"])
            masks = experiments.masks(parent)
            children = experiments.children(parent, masks)
            rates = settings["learning_rate"], settings["weight_decay"]
            trained = retrain(task, children, parent.layers, *rates, logger.info, checkpoint) if children else None
            tables = experiments.tables(parent, masks, pd.DataFrame() if trained is None else trained)
            model = {"model": snakemake.wildcards.model, "seed": task.seed}
            for name, table in tables.items():
                columns = [column for column in FIRST if column in [*model, *table.columns]]
                write_csv(snakemake.output[name], first_columns(table.assign(**model), columns))
            checkpoint.remove()
