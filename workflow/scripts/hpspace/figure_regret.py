"""Draw the regret that is left after so many trials."""

from prunescape.figures import regret
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    table = read_csv(snakemake.input.regret)
    figure = regret.draw(table, of.model, of.metric, settings["margin"], confidence=settings["confidence"])
    save(figure, snakemake.output, settings["dpi"])
