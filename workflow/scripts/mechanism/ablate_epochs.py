"""Measure utility during training, what explains it, the loss' sharpness, and utility by magnitude at its end."""

from prunescape.mechanism.context import measuring, statistics_batches
from prunescape.mechanism.explained import explained_over_epochs
from prunescape.mechanism.measures import utility_of_bands
from prunescape.mechanism.sampling import SampleSettings, utility_over_epochs
from prunescape.mechanism.sharpness import sharpness_over_epochs
from prunescape.models.weights import load_epochs

with measuring(snakemake) as job:
    context, settings, states = job.context, job.settings, load_epochs(job.files.epochs)
    last = max(states)
    bands = utility_of_bands(context, states[last], settings["levels"], settings["bands"])
    samples = SampleSettings.from_settings(settings)
    statistics = statistics_batches(context, settings["statistics"])
    table = utility_over_epochs(context, states, samples, statistics, job.report)
    job.report("what explains utility, and how sharp the loss is")
    job.write("explained", explained_over_epochs(context, states, table, samples, statistics))
    job.write("sharpness", sharpness_over_epochs(context, states, statistics))
    job.write("bands", bands.assign(epoch=last), [*job.labels, "epoch"])
    job.write("epochs", table)
