"""Train one network from scratch at every cell of a tile."""

from prunescape.data.prepared import load_prepared
from prunescape.files import read_json, write_csv
from prunescape.hpspace.tile import train_tile
from prunescape.job import job
from prunescape.lease import lease
from prunescape.models.architecture import load_architecture
from prunescape.training.array import Task
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe

with job(snakemake) as logger:
    settings = snakemake.params.settings
    strategy = snakemake.input.get("strategy")  # made only where the config leaves it to be measured
    task = Task(
        load_architecture(snakemake.input.architecture),
        load_prepared(snakemake.input.data),
        Recipe.from_config(settings["recipe"]),
        Engine.from_config(settings["engine"], snakemake.threads, strategy and read_json(strategy)),
        settings["seed"],
    )
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, settings, task.identity(), read_json(snakemake.input.data))
    labels = {"model": snakemake.wildcards.model, "variant": snakemake.wildcards.variant}
    with lease(f"{snakemake.params.checkpoint}.lease", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            tables = train_tile(task, settings["cells"], labels, logger.info, checkpoint)
            write_csv(snakemake.output.timing, tables.timing)
            write_csv(snakemake.output.history, tables.history)
            write_csv(snakemake.output.table, tables.cells)
            checkpoint.remove()
