"""Fine-tune pruned networks with their masks held, and measure them and the lines between them before and after."""

from dataclasses import replace

import numpy as np

from prunescape.io.files import read_json, sha256, write_csv
from prunescape.runtime.job_lock import job_lock
from prunescape.runtime.logs import logged
from prunescape.stochastic.basins import basins
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.fine_tuning import fine_tune, measure_fine_tuning, with_live_batch_norm
from prunescape.stochastic.variants import tuning_variants
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    ways = {name: settings[name] for name in ("clip_by", "batch_norm")}
    recipe = replace(Recipe.from_settings(settings["recipe"]), **ways)
    task = Task(context.architecture, context.data, context.engine, context.seed, recipe)
    best = read_json(files.best)
    wanted = tuning_variants(best=best, **settings["variants"])
    identity = [settings, task.identity(), read_json(files.data), sha256(files.weights), best]
    checkpoint = Checkpoint.of(snakemake.params.checkpoint, *identity)
    with job_lock(f"{snakemake.params.checkpoint}.lock", checkpoint.identity, snakemake.output) as to_do:
        if to_do:
            rates = settings["learning_rate"], settings["weight_decay"]
            tuned = fine_tune(context.pretrained, wanted, task, *rates, logger.info, checkpoint)
            tables = measure_fine_tuning(context, wanted, tuned)
            # Without batch norm a control with learning rate 0 is the network that it was.
            still, live = (
                with_live_batch_norm(context.pretrained, wanted, task, *of, logger.info)
                if context.has_batch_norm
                else np.nan
                for of in ((0.0, 0.0), rates)
            )
            accuracies = tables.accuracies.assign(control_top1=still, live_top1=live)
            lines = basins(context, wanted, tuned, best["gamma"], best["sigma"], **settings["basin"])
            write_csv(snakemake.output.basins, lines.barriers)
            write_csv(snakemake.output.lines, lines.points)
            write_csv(snakemake.output.variances, tables.variances)
            write_csv(snakemake.output.accuracies, accuracies)
            checkpoint.remove()
