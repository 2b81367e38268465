"""Measure coherence and diffs of networks at all kept epochs of their trainings, and describe weights and diffs."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from prunescape.coherence.layer_tables import (
    diff_histograms,
    flat_weights,
    magnitude_edges,
    magnitude_histogram,
    trajectories,
)
from prunescape.coherence.layers import prunable_layers
from prunescape.coherence.runs import by_epoch, epochs_table, highest_epoch, lowest_epoch, measure_epochs
from prunescape.data.prepared import load_prepared
from prunescape.io.files import read_json, sha256, write_csv
from prunescape.mechanism.labels import first_columns
from prunescape.mechanism.networks import load_networks, save_networks
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.context import Context
from prunescape.training.engine import Engine

FIRST = ["model", "seed", "data", "start"]

with logged(snakemake) as logger:
    settings, files, folder = snakemake.params.settings, snakemake.input, Path(snakemake.params.checkpoint)
    architecture = load_architecture(files.architecture)
    engine = replace(Engine.from_config(settings["engine"], snakemake.threads), lanes=1)
    sets = {"real": files.data, "gaussian": files.get("gaussian")}
    layers = prunable_layers(build(architecture))
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in ("epochs", "diff_histogram", "trajectories")}
    weights = {}
    for path in files.runs:
        run = Path(path).stem
        data, start = run.split("_")
        first = {"model": snakemake.wildcards.model, "seed": settings["seed"], "data": data, "start": start}
        context = Context(architecture, load_prepared(sets[data]), engine, settings["seed"])
        networks = load_networks(path)
        states = {epoch: networks[str(epoch)] for epoch in sorted(map(int, networks))}
        kept = Checkpoint.of(folder / run, settings, engine.choices(), sha256(path), read_json(sets[data]))
        logger.info("%s", run)
        measured = measure_epochs(context, states, settings["samples"], logger.info, kept)
        tables["epochs"].append(epochs_table(context, states, measured).assign(**first))
        coherence = by_epoch(measured)
        for which, epoch in (("highest", highest_epoch(coherence)), ("lowest", lowest_epoch(coherence))):
            histogram = diff_histograms(layers, measured[epoch].diffs, settings["bins"])
            tables["diff_histogram"].append(histogram.assign(**first, which=which, epoch=epoch))
        diffs = {epoch: {layer.name: one.diffs[layer.name] for layer in layers} for epoch, one in measured.items()}
        followed = trajectories(layers, states, diffs, highest_epoch(coherence), settings["seed"])
        tables["trajectories"].append(followed.assign(**first))
        weights |= {(run, epoch): flat_weights(layers, states[epoch]) for epoch in (min(states), max(states))}
        if run == "real_fresh":
            save_networks(snakemake.output.diffs, {str(epoch): part for epoch, part in diffs.items()})
    edges = magnitude_edges(list(weights.values()), settings["bins"])
    shares = []
    for (run, epoch), part in weights.items():
        data, start = run.split("_")
        first = {"model": snakemake.wildcards.model, "seed": settings["seed"], "data": data, "start": start}
        shares.append(magnitude_histogram(part, edges).assign(**first, epoch=epoch))
    tables["weight_histogram"] = shares
    others = {"epochs": ["epoch"], "diff_histogram": ["which", "epoch"], "weight_histogram": ["epoch"]}
    for name, parts in tables.items():
        table = pd.concat(parts, ignore_index=True)
        write_csv(snakemake.output[name], first_columns(table, [*FIRST, *others.get(name, [])]))
    Checkpoint.of(folder).remove()
