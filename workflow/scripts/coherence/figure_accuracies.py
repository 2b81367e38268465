"""Draw the accuracies of masked networks."""

from prunescape.figures.coherence import accuracies
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = accuracies.draw(read_csv(snakemake.input.children), snakemake.wildcards.model, settings["data"])
    save(figure, snakemake.output, settings["dpi"])
