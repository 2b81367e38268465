"""Train wide fully connected networks, prune each to as many weights as a narrower one has, and train what is left."""

import math

import pandas as pd

from prunescape.coherence.children import NONE
from prunescape.coherence.masks import choices
from prunescape.coherence.mlps import child_count, children_of, of_width, trained
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import by_epoch, highest_epoch
from prunescape.coherence.widths import parent_width
from prunescape.io.files import read_csv, read_json, write_csv
from prunescape.mechanism.labels import first_columns
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.lane import Lane
from prunescape.training.task import open_task

MEASURES = ["train_loss", "train_top1", "validation_loss", "validation_top1"]

with logged(snakemake) as logger:
    settings, files, folder = snakemake.params.settings, snakemake.input, snakemake.params.checkpoint
    task = open_task(files.architecture, files.data, settings, snakemake.threads)
    identity = settings, task.identity(), read_json(files.data)
    whole = Checkpoint.of(folder, *identity)
    with job_lock(f"{folder}.lock", whole.identity, snakemake.output) as to_do:
        if to_do:
            rates = settings["learning_rate"], settings["weight_decay"]
            wanted = choices(*(settings[name] for name in ("scores", "ends", "scopes")))
            size = math.prod(task.architecture.input_shape), task.architecture.classes
            epochs_of_widths = read_csv(files.widths)
            last = epochs_of_widths[epochs_of_widths["epoch"] == epochs_of_widths["epoch"].max()].set_index("width")
            experiment = snakemake.wildcards.experiment
            first = {"experiment": experiment, "model": "mlp", "seed": task.seed}
            tables = []
            for width in dict.fromkeys(width for width, _ in settings["pairs"]):
                dense = last.loc[width]
                labels = {**first, "width": width, "parent_width": width, "score": NONE, "density": 1.0}
                numbers = {name: int(dense["parameters"]) for name in ("parameters", "parent_parameters")}
                tables.append(pd.DataFrame([{**labels, **numbers, **dense[MEASURES]}]))
            for width, ratio in settings["pairs"]:
                wide = of_width(task, parent_width(width, ratio, *size))
                parent_of = wide.architecture.width
                logger.info("width %d, parent's %d", width, parent_of)
                place = f"{folder}/parent-{parent_of}"
                epochs, samples = settings["measured_epochs"], settings["samples"]
                states, measured = trained(wide, Lane(*rates), epochs, samples, place, identity, logger.info)
                diffs = {epoch: one.diffs for epoch, one in measured.items()}
                parent = Parent(wide.architecture, states, diffs, highest_epoch(by_epoch(measured)), 0, task.seed)
                parent.count = child_count(parent, width)
                lanes = Checkpoint.of(f"{folder}/children-{width}-{parent_of}", *identity)
                labels = {**first, "width": width}
                tables.append(children_of(task, parent, wanted, labels, rates, logger.info, lanes))
            table = pd.concat(tables, ignore_index=True)
            columns = [*first, "width", "parent_width", "parent_parameters", "parameters", "score", "end", "scope"]
            write_csv(snakemake.output[0], first_columns(table, [*columns, "density"]))
            whole.remove()
