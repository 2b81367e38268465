"""Draw the regret that is left after so many trials."""

from prunescape.figures import regret
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    figure = regret.draw(read_csv(snakemake.input.regret), of.model, of.metric, settings["margin"])
    save(figure, snakemake.output, settings["dpi"])
