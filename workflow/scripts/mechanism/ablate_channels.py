"""Measure the utility of every channel, and whether utility predicts what pruning a subset of weights costs."""

from prunescape.io.files import write_csv
from prunescape.mechanism.context import open_context
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.measures import does_utility_predict, utility_of_channels
from prunescape.mechanism.networks import load_networks
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    state = load_networks(files.sizes)[WHOLE]
    channels = utility_of_channels(context, state)
    logger.info("%d channels ablated", len(channels))
    correlations = does_utility_predict(context, state, channels, settings, logger.info)
    first = {"model": snakemake.wildcards.model, "seed": context.seed}
    write_csv(snakemake.output.channels, first_columns(channels.assign(**first), [*first]))
    write_csv(snakemake.output.correlations, first_columns(correlations.assign(**first), [*first]))
