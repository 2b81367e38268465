"""Prune a pretrained network in one shot, retrain it, and train small networks as long from scratch."""

from prunescape.mechanism.labels import WHOLE
from prunescape.mechanism.pruned import retrain_pruned
from prunescape.models.weights import load_networks, save_networks
from prunescape.training.job import training_job
from prunescape.training.recipe import Recipe

with training_job(snakemake, "sizes") as job:
    if job:
        recipe, ratios = Recipe.from_settings(job.settings["retraining"]), job.settings["pruning_ratios"]
        start = load_networks(job.files.sizes)[WHOLE]
        networks, table = retrain_pruned(job.task, recipe, start, ratios, *job.rates, job.report, job.checkpoint)
        job.write("table", table)
        save_networks(job.output.networks, networks)
