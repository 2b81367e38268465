"""Measure the utility of subsets of weights in networks of several sizes, by ratio and by number."""

from prunescape.io.files import write_csv
from prunescape.mechanism.context import open_context
from prunescape.mechanism.labels import first_columns
from prunescape.mechanism.measures import utility_of_sizes
from prunescape.mechanism.networks import load_networks
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    table = utility_of_sizes(context, load_networks(files.sizes), settings["sizes"], settings, logger.info)
    first = {"model": snakemake.wildcards.model, "seed": context.seed, "epoch": settings["epoch"]}
    columns = ["model", "seed", "size", "epoch", "ablation", "level"]
    write_csv(snakemake.output[0], first_columns(table.assign(**first), columns))
