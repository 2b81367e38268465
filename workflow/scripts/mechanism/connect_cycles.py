"""Measure the lines between the pretrained network and the retrained ones, and the barriers on them."""

from prunescape.mechanism.basins import OF_CYCLES, ON_LINES, START, connect, joined, of_trajectories
from prunescape.mechanism.context import measuring

with measuring(snakemake) as job:
    statistics, points, tables = job.statistics(), job.settings["points"], []
    for of in of_trajectories(job.pretrained, job.files.networks, job.settings):
        for cycle in range(1, job.settings["cycles"] + 1):
            ends, small = (of.points[START], of.points[f"Wr{cycle}"]), of.networks.get(f"{of.pruning}/Ws{cycle}")
            made = connect(job.context, ends, points, statistics, small)
            tables.append([table.assign(what=OF_CYCLES, cycle=cycle, **of.labels) for table in made])
        job.report(f"{of.pruning}, {of.retraining}: {job.settings['cycles']} lines measured")
    for name, table in zip(("lines", "barriers"), joined(tables), strict=True):
        job.write(name, table, ON_LINES)
