"""Draw how soon the searches find good candidates."""

from prunescape.figures.stochastic import search_progress
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = search_progress.draw(read_csv(snakemake.input.search_progress), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
