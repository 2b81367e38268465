"""Draw how much of a mask is there at other epochs."""

from prunescape.figures.coherence import mask_overlap
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = mask_overlap.draw(read_csv(snakemake.input.mask_overlap), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
