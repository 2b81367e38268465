"""Measure the utility of subsets of weights in networks of several sizes, before training and after it."""

import pandas as pd

from prunescape.mechanism.context import measuring, statistics_batches
from prunescape.mechanism.measures import utility_of_sizes
from prunescape.mechanism.sampling import SampleSettings
from prunescape.mechanism.sparse_starts import starts_of
from prunescape.models.weights import load_networks

with measuring(snakemake) as job:
    context, settings, sizes = job.context, job.settings, job.settings["sizes"]
    samples, batches = SampleSettings.from_settings(settings), statistics_batches(context, settings["statistics"])
    measured = {
        0: (starts_of(context.architecture, sizes, context.seed), batches),
        settings["epoch"]: (load_networks(job.files.sizes), None),
    }
    tables = []
    for epoch, (networks, statistics) in measured.items():
        job.report(f"after epoch {epoch}")
        table = utility_of_sizes(context, networks, sizes, samples, job.report, statistics)
        tables.append(table.assign(epoch=epoch))
    job.write("table", pd.concat(tables, ignore_index=True), [*job.labels, "size", "epoch", "ablation", "level"])
