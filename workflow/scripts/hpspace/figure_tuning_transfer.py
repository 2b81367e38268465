"""Draw what is lost by tuning one variant and training another."""

from prunescape.figures import transfer
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    table = read_csv(snakemake.input.transfer)
    figure = transfer.draw(table, of.model, of.metric, confidence=settings["confidence"])
    save(figure, snakemake.output, settings["dpi"])
