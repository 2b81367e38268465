"""Draw networks with the masks of early epochs."""

from prunescape.figures.coherence import early_masks
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = early_masks.draw(read_csv(snakemake.input.early_masks), snakemake.wildcards.model, settings["tolerance"])
    save(figure, snakemake.output, settings["dpi"])
