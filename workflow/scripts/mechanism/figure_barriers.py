"""Draw the barriers between networks."""

from prunescape.figures.mechanism import barriers
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    tables = read_csv(snakemake.input.lines), read_csv(snakemake.input.barriers)
    figure = barriers.draw(*tables, snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
