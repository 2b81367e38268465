"""Draw how weights of high and of low diffs move."""

from prunescape.figures.coherence import trajectories
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = trajectories.draw(read_csv(snakemake.input.trajectories), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
