"""Measure the utility of subsets of weights during training, and that of bands of magnitude at its end."""

from prunescape.mechanism.context import measuring
from prunescape.mechanism.measures import utility_of_bands
from prunescape.mechanism.sampling import SampleSettings, utility_over_epochs
from prunescape.models.weights import load_epochs

with measuring(snakemake) as job:
    context, settings, states = job.context, job.settings, load_epochs(job.files.epochs)
    last = max(states)
    bands = utility_of_bands(context, states[last], settings["levels"], settings["bands"])
    samples = SampleSettings.from_config(settings, context.seed)
    table = utility_over_epochs(context.architecture, states, context.data, context.engine, samples, report=job.report)
    job.write("bands", bands.assign(epoch=last), [*job.labels, "epoch"])
    job.write("epochs", table)
