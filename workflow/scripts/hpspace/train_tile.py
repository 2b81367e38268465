"""Train one network from scratch at every cell of a tile."""

from prunescape.data.prepared import load_prepared
from prunescape.files import read_json, write_csv
from prunescape.hpspace.tile import train_tile
from prunescape.job import job
from prunescape.lease import lease
from prunescape.models.architecture import load_architecture
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe

with job(snakemake) as logger:
    settings = snakemake.params.settings
    architecture, engine = load_architecture(snakemake.input.architecture), Engine.from_config(settings["engine"])
    data = read_json(snakemake.input.data)
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, settings, architecture.to_json(), data, engine.device)
    with lease(f"{snakemake.params.checkpoint}.lease", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            table, history = train_tile(
                architecture,
                settings["cells"],
                load_prepared(snakemake.input.data),
                Recipe.from_config(settings["recipe"]),
                engine,
                settings["seed"],
                {"model": snakemake.wildcards.model, "variant": snakemake.wildcards.variant},
                logger,
                checkpoint,
            )
            write_csv(snakemake.output.history, history)
            write_csv(snakemake.output.table, table)
            checkpoint.remove()
