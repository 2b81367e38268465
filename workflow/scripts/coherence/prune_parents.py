"""Train wide fully connected networks, and choose masks that keep as many weights as a narrower one has."""

from prunescape.coherence.families import save_families
from prunescape.coherence.masks import choices
from prunescape.coherence.mlps import family_of, parent_of
from prunescape.training.job import training_job

with training_job(snakemake) as job:
    if job:
        settings = job.settings
        wanted = choices(*(settings[name] for name in ("scores", "ends", "scopes")))
        first = {"experiment": snakemake.wildcards.experiment, "model": "mlp", "seed": job.task.seed}
        families = [
            family_of(parent_of(job, width, ratio), width, wanted, first, settings["initialisations"])
            for width, ratio in settings["pairs"]
        ]
        save_families(job.output.masks, families)
