"""Draw what fine-tuning makes of pruned networks."""

from prunescape.figures.stochastic import fine_tuning
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = fine_tuning.draw(read_csv(snakemake.input.fine_tuning), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
