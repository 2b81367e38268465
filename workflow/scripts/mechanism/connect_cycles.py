"""Measure lines from the pretrained network to the retrained ones and to their controls, and the barriers on them."""

from prunescape.mechanism.basins import ON_LINES, connect_cycles, joined, of_trajectories
from prunescape.mechanism.context import measuring

with measuring(snakemake) as job:
    cycles, points, tables = job.settings["cycles"], job.settings["points"], []
    for of in of_trajectories(job.pretrained, job.files.networks, job.settings):
        for statistics in job.statistics():
            made = connect_cycles(job.context, of, cycles, points, statistics)
            tables.append([table.assign(**of.labels) for table in made])
        job.report(f"{of.pruning}, {of.retraining}: lines of {cycles} cycles measured")
    for name, table in zip(("lines", "barriers"), joined(tables), strict=True):
        job.write(name, table, ON_LINES)
