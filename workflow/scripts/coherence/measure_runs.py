"""Measure coherence and diffs of networks at all kept epochs of their trainings, and describe weights and diffs."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from prunescape.coherence.children import only_layers
from prunescape.coherence.layer_tables import flat_weights, magnitude_edges, magnitude_histogram
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.runs import by_epoch, highest_epoch, measure_epochs, run_tables
from prunescape.coherence.scores import flat, rank_correlations, weight_scores
from prunescape.data.prepared import load_prepared
from prunescape.data.random_labels import with_random_labels
from prunescape.io.files import read_json, sha256, write_csv
from prunescape.io.tables import first_columns
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.models.weights import epochs_in, save_networks
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context
from prunescape.training.engine import Engine

FIRST = ["model", "seed", "data", "start"]
OTHERS = {
    "epochs": ["epoch", "label_noise"],
    "diff_histogram": ["which", "epoch"],
    "weight_histogram": ["epoch"],
    "trajectories": [],
    "layer_coherence": ["epoch"],
    "class_coherence": ["which", "epoch"],
}

with logged(snakemake) as logger:
    settings, files, folder = snakemake.params.settings, snakemake.input, Path(snakemake.params.checkpoint)
    architecture = load_architecture(files.architecture)
    engine = replace(Engine.from_settings(settings["engine"], snakemake.threads), lanes=1)
    noise = settings["label_noise"]
    layers = prunable_layers(build(architecture))
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in OTHERS}
    weights = []
    for path in files.runs:
        run = Path(path).stem
        data, start = run.split("_")
        first = dict(zip(FIRST, (snakemake.wildcards.model, settings["seed"], data, start), strict=True))
        meta = files.gaussian if data == "gaussian" else files.data
        prepared = load_prepared(meta)
        if run in noise:
            prepared = with_random_labels(prepared, noise[run], settings["seed"])
        context = Context(architecture, prepared, engine, settings["seed"])
        states = epochs_in(path)
        checkpoint = Checkpoint.of(folder / run, settings, engine.choices(), sha256(path), read_json(meta))
        logger.info("%s", run)
        measured = measure_epochs(context, states, settings["samples"], logger.info, checkpoint)
        for name, table in run_tables(context, layers, states, measured, settings["bins"], settings["samples"]).items():
            tables[name].append(table.assign(**first))
        random = np.nan if data == "gaussian" else 100 * noise.get(run, 0.0)
        tables["epochs"][-1] = tables["epochs"][-1].assign(label_noise=random)
        weights += [(first, epoch, flat_weights(layers, states[epoch])) for epoch in sorted({min(states), max(states)})]
        if run == "real_fresh":
            diffs = {str(epoch): only_layers(layers, one.diffs) for epoch, one in measured.items()}
            save_networks(snakemake.output.diffs, diffs)
            highest = highest_epoch(by_epoch(measured))
            scores = weight_scores(context, states, highest, layers, settings["samples"])
            if kept := snakemake.output.get("scores"):  # some network of the study has masks of these
                save_networks(kept, {score: scores[score] for score in settings["scores"]})
            ranks = rank_correlations(flat(scores)).assign(model=first["model"], seed=first["seed"], epoch=highest)
            write_csv(snakemake.output.score_ranks, first_columns(ranks, ["model", "seed", "epoch"]))
    edges = magnitude_edges([part for _, _, part in weights], settings["bins"])
    for first, epoch, part in weights:
        tables["weight_histogram"].append(magnitude_histogram(part, edges).assign(**first, epoch=epoch))
    for name, parts in tables.items():
        write_csv(snakemake.output[name], first_columns(pd.concat(parts, ignore_index=True), [*FIRST, *OTHERS[name]]))
    Checkpoint.of(folder).remove()
