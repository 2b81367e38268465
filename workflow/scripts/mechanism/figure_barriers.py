"""Draw the barriers between networks."""

from prunescape.figures.mechanism import barriers
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    tables = read_csv(snakemake.input.lines), read_csv(snakemake.input.barriers)
    figure = barriers.draw(*tables, snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
