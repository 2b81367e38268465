"""Train fully connected networks of growing width, and measure them."""

import pandas as pd

from prunescape.coherence.mlps import of_width, trained, width_tables
from prunescape.io.files import write_csv
from prunescape.training.job import training_job

with training_job(snakemake) as job:
    if job:
        tables = []
        for width in job.settings["widths"]:
            job.report(f"width {width}")
            network = of_width(job.task, width)
            tables.append(width_tables(network, *trained(job, network, f"width-{width}"), job.settings["bins"]))
        for name, parts in zip(("widths", "diffs"), zip(*tables, strict=True), strict=True):
            write_csv(job.output[name], pd.concat(parts, ignore_index=True))
