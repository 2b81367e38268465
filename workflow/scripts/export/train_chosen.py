"""Train the chosen cell of a network once more, as in its tile, and keep the weights."""

from prunescape.hpspace.cells import GRID
from prunescape.hpspace.lattice import CELL_SEED, Pair
from prunescape.hpspace.tile import alone, history_table, lane_of
from prunescape.io.files import read_json, write_csv
from prunescape.models.weights import save_weights
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.job import open_start, open_task
from prunescape.training.train import train

with logged(snakemake) as logger:
    cell = read_json(snakemake.input.cell)
    settings = {**snakemake.params.settings, "seed": cell["seed"]}
    strategy = snakemake.input.get("strategy")  # made only where the config leaves it to be measured
    chosen = strategy and read_json(strategy)
    number = settings["seeds"].index(cell["seed"]) if settings["seeds"] else 0  # networks that differ from seed to seed
    architecture = snakemake.input.networks[number]
    task = open_task(architecture, snakemake.input.data, settings, snakemake.threads, chosen)
    task = alone(task, cell) if CELL_SEED in cell else task
    starts = snakemake.input.get("starts")  # only where a pipeline goes on from pruned weights
    start, identity = open_start(task, starts and starts[number])
    data = read_json(snakemake.input.data)
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, settings, cell, identity, data)
    with job_lock(f"{snakemake.params.checkpoint}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            varied = {
                name: cell.get(f"{GRID}{name}", cell[name]) for name in Pair.from_json(settings.get("axes")).names
            }
            lane = lane_of({**settings["fixed"], **varied}, start, settings["rate_factor"])
            (result,) = train(task, [lane], logger.info, checkpoint)
            save_weights(snakemake.output.weights, result.weights)
            write_csv(snakemake.output.history, history_table(result))
            task.architecture.save(snakemake.output.architecture)
            checkpoint.remove()
