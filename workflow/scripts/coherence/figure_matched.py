"""Draw masks beside random ones of the same layer densities."""

from prunescape.figures.coherence import matched
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = matched.draw(read_csv(snakemake.input.matched), snakemake.wildcards.model, settings["tolerance"])
    save(figure, snakemake.output, settings["dpi"])
