"""Draw how many weights of each layer the masks keep."""

from prunescape.figures.coherence import layer_densities
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = layer_densities.draw(read_csv(snakemake.input.densities), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
