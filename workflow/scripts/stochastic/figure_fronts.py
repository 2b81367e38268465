"""Draw the Pareto fronts of the searches."""

from prunescape.figures.stochastic import fronts
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = fronts.draw(read_csv(snakemake.input.fronts), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
