"""Draw masked networks over width or over the size of their parents."""

from prunescape.figures.coherence import children
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = children.draw(read_csv(snakemake.input.children), settings["experiment"])
    save(figure, snakemake.output, settings["dpi"])
