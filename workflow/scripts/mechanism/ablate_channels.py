"""Measure the utility of every channel, and whether utility predicts what pruning a subset of weights costs."""

from prunescape.mechanism.context import measuring
from prunescape.mechanism.measures import does_utility_predict, utility_of_channels
from prunescape.mechanism.sampling import SampleSettings

with measuring(snakemake) as job:
    state = job.pretrained
    channels = utility_of_channels(job.context, state)
    job.report(f"{len(channels)} channels ablated")
    job.write("channels", channels)
    samples = SampleSettings.from_settings(job.settings)
    job.write("correlations", does_utility_predict(job.context, state, channels, samples, job.report))
