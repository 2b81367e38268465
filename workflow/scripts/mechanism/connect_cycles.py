"""Measure the lines between the pretrained network and the retrained ones, and the barriers on them."""

import pandas as pd

from prunescape.io.files import write_csv
from prunescape.mechanism.basins import OF_CYCLES, START, connect, points_of
from prunescape.mechanism.context import open_context, statistics_batches
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.networks import load_networks
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    start, statistics = load_networks(files.sizes)[WHOLE], statistics_batches(context, settings["statistics"])
    first = {"model": snakemake.wildcards.model, "seed": context.seed, "what": OF_CYCLES}
    of_cycles = []
    for retraining, path in zip(settings["retrainings"], files.networks, strict=True):
        networks = load_networks(path)
        for pruning in settings["prunings"]:
            points = points_of(start, networks, pruning, settings["cycles"])
            for cycle in range(1, settings["cycles"] + 1):
                ends, small = (points[START], points[f"Wr{cycle}"]), networks.get(f"{pruning}/Ws{cycle}")
                tables = connect(context, ends, settings["points"], statistics, small)
                labels = {**first, "pruning": pruning, "retraining": retraining, "cycle": cycle}
                of_cycles.append([table.assign(**labels) for table in tables])
            logger.info("%s, %s: %d lines measured", pruning, retraining, settings["cycles"])
    columns = ["model", "seed", "what", "pruning", "retraining", "cycle", "seed_to"]
    for path, tables in zip(snakemake.output, zip(*of_cycles, strict=True), strict=True):
        write_csv(path, first_columns(pd.concat(tables, ignore_index=True), columns))
