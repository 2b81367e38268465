"""Prune and retrain a pretrained network again and again, with small networks of equal size beside."""

from prunescape.mechanism.basins import run_cycles
from prunescape.mechanism.cycles import Trajectory
from prunescape.mechanism.labels import WHOLE
from prunescape.models.weights import load_networks, save_networks
from prunescape.training.job import training_job
from prunescape.training.recipe import Recipe

with training_job(snakemake, "sizes") as job:
    if job:
        settings, retraining = job.settings, snakemake.wildcards.retraining
        start = load_networks(job.files.sizes)[WHOLE]
        trajectories = {name: Trajectory(start, name, fraction) for name, fraction in settings["fractions"].items()}
        recipe, cycles, small = Recipe.from_settings(settings["retraining"]), settings["cycles"], settings["small"]
        networks, table = run_cycles(
            job.task, recipe, retraining, trajectories, cycles, small, *job.rates, job.report, job.checkpoint
        )
        job.write("table", table.assign(retraining=retraining), [*job.labels, "pruning", "retraining", "cycle"])
        save_networks(job.output.networks, networks)
