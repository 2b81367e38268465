"""Measure the lines between pretrained networks of unlike seeds, and the barriers on them."""

from prunescape.mechanism.basins import OF_SEEDS, ON_LINES, connect_seeds
from prunescape.mechanism.context import measuring
from prunescape.mechanism.labels import WHOLE
from prunescape.models.weights import load_networks

with measuring(snakemake) as job:
    settings = job.settings
    networks = {seed: load_networks(path)[WHOLE] for seed, path in zip(settings["seeds"], job.files.sizes, strict=True)}
    tables = connect_seeds(job.context, networks, settings["points"], job.statistics(), job.report)
    for name, table in zip(("lines", "barriers"), tables, strict=True):
        job.write(name, table.assign(what=OF_SEEDS), ON_LINES)
