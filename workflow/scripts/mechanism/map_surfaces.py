"""Measure the surfaces on the planes through pretrained, pruned and retrained networks."""

from prunescape.mechanism.basins import joined, of_trajectories, surfaces
from prunescape.mechanism.context import measuring

with measuring(snakemake) as job:
    ways, settings, tables = job.statistics(), job.settings, []
    files = dict(zip(settings["retrainings"], job.files.networks, strict=True))
    for of in of_trajectories(job.pretrained, files, settings["prunings"], settings["cycles"]):
        job.report(f"{of.pruning}, {of.retraining}")
        made = surfaces(job.context, of.points, settings["planes"], settings["side"], ways, job.report)
        tables.append([table.assign(**of.labels) for table in made])
    for name, table in zip(("surface", "marks", "distances"), joined(tables), strict=True):
        job.write(name, table, [*job.labels, "pruning", "retraining", "cycle"])
