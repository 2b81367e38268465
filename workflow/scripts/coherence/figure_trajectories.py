"""Draw how weights of high and of low diffs move."""

from prunescape.figures.coherence import trajectories
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = trajectories.draw(read_csv(snakemake.input.trajectories), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
