"""Draw diffs over width."""

from prunescape.figures.coherence import width_diffs
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = width_diffs.draw(read_csv(snakemake.input.width_diffs))
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
