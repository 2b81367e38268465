"""What training jobs ask a cluster for, as far as only the workflow knows it. The rest stands in the profiles.

Their `cpus_per_task` says what `threads` says: on a cluster, Snakemake cuts `threads` down to the cores of the machine that
it runs on itself.
"""

from prunescape.leftovers import cancel_leftovers
from prunescape.workload import run_time_minutes, training_flops


def forward_flops(input):
    """FLOPs of a forward pass of a job's network, and the images of each split.

    While the inputs are not there, Snakemake takes the error for "not known yet".
    """
    with open(input.architecture) as architecture, open(input.data) as data:
        try:
            flops, meta = json.load(architecture)["flops"] or 0, json.load(data)
            return flops, {split: meta[f"n_{split}"] for split in ("train", "validation")}
        except (ValueError, KeyError, TypeError):  # damaged: the job that reads it will say so
            return 0, {"train": 0, "validation": 0}


def training_minutes(wildcards, input, attempt):
    """The run time of a job that trains networks, from scratch or not."""
    flops, sizes = forward_flops(input)
    cells = tile_cells(wildcards) if "i" in wildcards.keys() else [lattice(wildcards.model).named(PRIOR)]
    needed = sum(training_flops(flops, 1, sizes, recipe_of(wildcards) | cell) for cell in cells)
    return run_time_minutes(needed, attempt, config["cluster"])


def companion_minutes(passes, model=None):
    """A function that gives the run time of a job of a companion study.

    `passes(model, sizes)` says how many images go forwards through the model's network, all in all. The model is a
    wildcard where none is given.
    """

    def minutes(wildcards, input, attempt):
        flops, sizes = forward_flops(input)
        return run_time_minutes(flops * passes(model or wildcards.model, sizes), attempt, config["cluster"])

    return minutes


def stop_leftovers():
    """Cancel the Slurm jobs that an earlier snakemake has left behind, and say so."""
    waiting = workflow.dag.needrun_jobs()
    registered = [number for job in waiting for number in workflow.persistence.external_jobids(job)]
    left = cancel_leftovers(registered, f"{RESULTS}/checkpoints")
    if left:
        print(
            f"prunescape: cancelled {len(left)} Slurm jobs that an earlier snakemake left behind ({', '.join(left)});"
            " what they have trained is kept in their checkpoints",
            file=sys.stderr,
        )
