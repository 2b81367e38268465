"""Measure the utility of subsets of weights during training, and that of bands of magnitude at its end."""

from prunescape.io.files import write_csv
from prunescape.mechanism.labels import first_columns
from prunescape.mechanism.measures import utility_of_bands
from prunescape.mechanism.networks import load_networks
from prunescape.mechanism.sampling import utility_over_epochs
from prunescape.mechanism.setting import open_setting
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    setting = open_setting(files.architecture, files.data, settings, snakemake.threads)
    found = {int(epoch): state for epoch, state in load_networks(files.epochs).items()}
    states = {epoch: found[epoch] for epoch in sorted(found)}
    last = max(states)
    bands = utility_of_bands(setting, states[last], settings["levels"], settings["bands"]).assign(epoch=last)
    samples = setting.samples(settings)
    table = utility_over_epochs(setting.architecture, states, setting.data, setting.engine, samples, report=logger.info)
    first = {"model": snakemake.wildcards.model, "seed": setting.seed}
    write_csv(snakemake.output.bands, first_columns(bands.assign(**first), [*first, "epoch"]))
    write_csv(snakemake.output.epochs, first_columns(table.assign(**first), [*first]))
