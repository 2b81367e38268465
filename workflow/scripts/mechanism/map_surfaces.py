"""Measure the surfaces on the planes through pretrained, pruned and retrained networks."""

import pandas as pd

from prunescape.io.files import write_csv
from prunescape.mechanism.basins import points_of, surfaces
from prunescape.mechanism.context import open_context, statistics_batches
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.networks import load_networks
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    start, statistics = load_networks(files.sizes)[WHOLE], statistics_batches(context, settings["statistics"])
    first = {"model": snakemake.wildcards.model, "seed": context.seed}
    of_cycles = []
    for retraining, path in zip(settings["retrainings"], files.networks, strict=True):
        networks = load_networks(path)
        for pruning in settings["prunings"]:
            points = points_of(start, networks, pruning, settings["cycles"])
            logger.info("%s, %s", pruning, retraining)
            tables = surfaces(context, points, settings["planes"], settings["side"], statistics, logger.info)
            of_cycles.append([table.assign(**first, pruning=pruning, retraining=retraining) for table in tables])
    columns = ["model", "seed", "pruning", "retraining", "cycle"]
    for name, tables in zip(("surface", "marks", "distances"), zip(*of_cycles, strict=True), strict=True):
        write_csv(snakemake.output[name], first_columns(pd.concat(tables, ignore_index=True), columns))
