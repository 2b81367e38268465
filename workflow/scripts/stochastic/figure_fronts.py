"""Draw the Pareto fronts of the searches."""

from prunescape.figures.stochastic import fronts
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = fronts.draw(read_csv(snakemake.input.fronts), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
