"""Measure lines from the pretrained network to the retrained ones and to their controls, barriers, and flatness."""

import pandas as pd

from prunescape.mechanism.basins import ON_LINES, connect_cycles, joined, of_trajectories
from prunescape.mechanism.context import measuring
from prunescape.mechanism.pruned import PRETRAINED, PRUNED, SMALL
from prunescape.mechanism.sharpness import flatness

with measuring(snakemake) as job:
    files = dict(zip(job.settings["retrainings"], job.files.networks, strict=True))
    cycles, points, tables = job.settings["cycles"], job.settings["points"], []
    pretrained, flat = flatness(job.context, {PRETRAINED: job.pretrained}), []
    for of in of_trajectories(job.pretrained, files, job.settings["prunings"], cycles):
        for statistics in job.statistics():
            made = connect_cycles(job.context, of, cycles, points, statistics)
            tables.append([table.assign(**of.labels) for table in made])
        ends = {PRUNED: of.points[f"Wr{cycles}"], SMALL: of.networks[f"{of.pruning}/Ws{cycles}"]}
        found = pd.concat([pretrained, flatness(job.context, ends)], ignore_index=True)
        flat.append(found.assign(**of.labels, cycle=cycles))
        job.report(f"{of.pruning}, {of.retraining}: lines of {cycles} cycles measured")
    for name, table in zip(("lines", "barriers"), joined(tables), strict=True):
        job.write(name, table, ON_LINES)
    job.write("flatness", pd.concat(flat, ignore_index=True), [*job.labels, "pruning", "retraining", "cycle"])
