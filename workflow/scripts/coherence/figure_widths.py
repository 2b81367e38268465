"""Draw accuracies and coherence over width."""

from prunescape.figures.coherence import widths
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = widths.draw(read_csv(snakemake.input.widths))
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
