"""Measure the utility of subsets of weights in pruned-and-retrained, pretrained and small networks."""

from prunescape.mechanism.context import measuring
from prunescape.mechanism.pruned import utility_of_pruned
from prunescape.mechanism.sampling import SampleSettings
from prunescape.models.weights import load_networks

with measuring(snakemake) as job:
    networks, ratios = load_networks(job.files.networks), job.settings["pruning_ratios"]
    samples = SampleSettings.from_settings(job.settings)
    job.write("table", utility_of_pruned(job.context, job.pretrained, networks, ratios, samples, job.report))
