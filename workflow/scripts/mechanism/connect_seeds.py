"""Measure the lines between pretrained networks of unlike seeds, as they are and with matched channels."""

from prunescape.mechanism.basins import ON_LINES, connect, connect_seeds, joined
from prunescape.mechanism.context import measuring
from prunescape.mechanism.labels import OF_SEEDS, WHOLE
from prunescape.mechanism.symmetries import matched
from prunescape.models.weights import load_networks

with measuring(snakemake) as job:
    settings = job.settings
    networks = {seed: load_networks(path)[WHOLE] for seed, path in zip(settings["seeds"], job.files.sizes, strict=True)}
    context, points, ways, tables = job.context, settings["points"], job.statistics(), []
    for statistics in ways:
        made = connect_seeds(context, networks, points, statistics, job.report)
        tables.append([table.assign(what=OF_SEEDS) for table in made])
    for how, one, other, ends in matched(context, networks, job.report):
        for statistics in ways:
            made = connect(context, ends, points, statistics)
            tables.append([table.assign(what=how, seed=one, seed_to=other) for table in made])
    for name, table in zip(("lines", "barriers"), joined(tables), strict=True):
        job.write(name, table, ON_LINES)
