"""Measure the utility of subsets of weights in networks of several sizes, by ratio and by number."""

from prunescape.mechanism.context import measuring
from prunescape.mechanism.measures import utility_of_sizes
from prunescape.models.weights import load_networks

with measuring(snakemake) as job:
    networks, settings = load_networks(job.files.sizes), job.settings
    table = utility_of_sizes(job.context, networks, settings["sizes"], settings, job.report)
    job.write("table", table.assign(epoch=settings["epoch"]), [*job.labels, "size", "epoch", "ablation", "level"])
