"""Draw slope and constant of the optimal band beside Smith's relation."""

from prunescape.figures import band
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    table = read_csv(snakemake.input.band)
    figure = band.draw(table, of.model, of.metric, confidence=settings["confidence"])
    save(figure, snakemake.output, settings["dpi"])
