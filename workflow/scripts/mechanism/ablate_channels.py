"""Measure the utility of every channel, and whether utility predicts what pruning a subset of weights costs."""

from prunescape.io.files import write_csv
from prunescape.mechanism.labels import WHOLE, first_columns
from prunescape.mechanism.measures import does_utility_predict, utility_of_channels
from prunescape.mechanism.networks import load_networks
from prunescape.mechanism.setting import open_setting
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    setting = open_setting(files.architecture, files.data, settings, snakemake.threads)
    state = load_networks(files.sizes)[WHOLE]
    channels = utility_of_channels(setting, state)
    logger.info("%d channels ablated", len(channels))
    correlations = does_utility_predict(setting, state, channels, settings, logger.info)
    first = {"model": snakemake.wildcards.model, "seed": setting.seed}
    write_csv(snakemake.output.channels, first_columns(channels.assign(**first), [*first]))
    write_csv(snakemake.output.correlations, first_columns(correlations.assign(**first), [*first]))
