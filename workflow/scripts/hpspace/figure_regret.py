"""Draw the regret that is left after so many trials."""

from prunescape.figures import regret
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    table = read_csv(snakemake.input.regret)
    figure = regret.draw(table, of.model, of.metric, settings["margin"], confidence=settings["confidence"])
    save(figure, snakemake.output, settings["dpi"])
