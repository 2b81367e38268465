"""Measure the utility of subsets of weights during training, and that of bands of magnitude at its end."""

from prunescape.io.files import write_csv
from prunescape.mechanism.context import open_context
from prunescape.mechanism.labels import first_columns
from prunescape.mechanism.measures import utility_of_bands
from prunescape.mechanism.networks import load_networks
from prunescape.mechanism.sampling import SampleSettings, utility_over_epochs
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_context(files.architecture, files.data, settings, snakemake.threads)
    by_epoch = {int(epoch): state for epoch, state in load_networks(files.epochs).items()}
    states = {epoch: by_epoch[epoch] for epoch in sorted(by_epoch)}
    last = max(states)
    bands = utility_of_bands(context, states[last], settings["levels"], settings["bands"]).assign(epoch=last)
    samples = SampleSettings.from_config(settings, context.seed)
    table = utility_over_epochs(context.architecture, states, context.data, context.engine, samples, report=logger.info)
    first = {"model": snakemake.wildcards.model, "seed": context.seed}
    write_csv(snakemake.output.bands, first_columns(bands.assign(**first), [*first, "epoch"]))
    write_csv(snakemake.output.epochs, first_columns(table.assign(**first), [*first]))
