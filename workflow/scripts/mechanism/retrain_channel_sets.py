"""Score random sets of channels, fine-tune a pretrained network without each, and measure what is left."""

from prunescape.mechanism.context import open_context
from prunescape.mechanism.labels import WHOLE
from prunescape.mechanism.prediction import channel_sets, retrain_without, scores_of
from prunescape.models.weights import load_networks
from prunescape.training.job import training_job
from prunescape.training.recipe import Recipe

with training_job(snakemake, "sizes") as job:
    if job:
        settings, start = job.settings, load_networks(job.files.sizes)[WHOLE]
        context = open_context(job.files, settings, snakemake.threads)
        sets = channel_sets(context, start, settings["fraction"], settings["sets"])
        recipe = Recipe.from_settings(settings["retraining"])
        retrained = retrain_without(job.task, recipe, start, sets, *job.rates, job.report, job.checkpoint)
        job.write("table", scores_of(context, start, sets).merge(retrained, on="set", validate="one_to_one"))
