"""Draw the generalisation gap of masked networks."""

from prunescape.figures.coherence import gap
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = gap.draw(read_csv(snakemake.input.children))
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
