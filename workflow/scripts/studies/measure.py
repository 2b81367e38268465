"""Measure the trained dense network of a model: by the function which the entry of the study names."""

from prunescape.data.prepared import load_prepared
from prunescape.io.files import write_csv
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.runtime.logs import logged
from prunescape.runtime.named import named
from prunescape.training.context import chosen_strategy
from prunescape.training.engine import Engine

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    network = load_weights(files.weights, build(load_architecture(files.architecture)))
    engine = Engine.from_config(settings["engine"], snakemake.threads, chosen_strategy(files))
    table = named(settings["function"])(network, load_prepared(files.data), engine, **settings["arguments"])
    table.insert(0, "model", snakemake.wildcards.model)
    write_csv(snakemake.output[0], table)
