"""Measure the lines between pretrained networks of unlike seeds, and the barriers on them."""

from prunescape.mechanism.basins import ON_LINES, connect_seeds, joined
from prunescape.mechanism.context import measuring
from prunescape.mechanism.labels import OF_SEEDS, WHOLE
from prunescape.models.weights import load_networks

with measuring(snakemake) as job:
    settings = job.settings
    networks = {seed: load_networks(path)[WHOLE] for seed, path in zip(settings["seeds"], job.files.sizes, strict=True)}
    points, ways = settings["points"], job.statistics()
    tables = [connect_seeds(job.context, networks, points, statistics, job.report) for statistics in ways]
    for name, table in zip(("lines", "barriers"), joined(tables), strict=True):
        job.write(name, table.assign(what=OF_SEEDS), ON_LINES)
