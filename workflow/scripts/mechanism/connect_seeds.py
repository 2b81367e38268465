"""Measure the lines between pretrained networks of unlike seeds, and the barriers on them."""

from prunescape.io.files import write_csv
from prunescape.mechanism.basins import OF_SEEDS, connect_seeds
from prunescape.mechanism.context import open_context, statistics_batches
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.networks import load_networks
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    networks = {seed: load_networks(path)[WHOLE] for seed, path in zip(settings["seeds"], files.sizes, strict=True)}
    statistics = statistics_batches(context, settings["statistics"])
    tables = connect_seeds(context, networks, settings["points"], statistics, logger.info)
    first = {"model": snakemake.wildcards.model, "what": OF_SEEDS}
    columns = ["model", "seed", "what", "pruning", "retraining", "cycle", "seed_to"]
    for path, table in zip(snakemake.output, tables, strict=True):
        write_csv(path, first_columns(table.assign(**first), columns))
