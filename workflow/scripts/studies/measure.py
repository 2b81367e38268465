"""Evaluate what the function that the entry of the study names makes of a model's trained dense network."""

import pandas as pd

from prunescape.data.prepared import load_prepared
from prunescape.io.files import write_csv
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.runtime.logs import logged
from prunescape.runtime.named import named
from prunescape.training.context import chosen_strategy
from prunescape.training.engine import Engine
from prunescape.training.evaluate import evaluate

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    network = load_weights(files.weights, build(load_architecture(files.architecture)))
    engine = Engine.from_settings(settings["engine"], snakemake.threads, chosen_strategy(files))
    column, values = settings["values"]
    made = [named(settings["function"])(network, value) for value in values]
    scores = evaluate(made, load_prepared(files.data), engine)
    labels = {"model": snakemake.wildcards.model, column: values}
    write_csv(snakemake.output[0], pd.DataFrame({**labels, "top1": scores.top1.numpy()}))
