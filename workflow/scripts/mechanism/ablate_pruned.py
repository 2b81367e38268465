"""Measure the utility of subsets of weights in pruned-and-retrained, pretrained and small networks."""

from prunescape.io.files import write_csv
from prunescape.mechanism.context import open_context
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.networks import load_networks
from prunescape.mechanism.pruned import utility_of_pruned
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    start, networks = load_networks(files.sizes)[WHOLE], load_networks(files.networks)
    table = utility_of_pruned(context, start, networks, settings["pruning_ratios"], settings, logger.info)
    first = {"model": snakemake.wildcards.model, "seed": context.seed}
    write_csv(snakemake.output[0], first_columns(table.assign(**first), [*first]))
