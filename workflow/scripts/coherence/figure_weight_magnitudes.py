"""Draw the distributions of weight magnitudes."""

from prunescape.figures.coherence import weight_magnitudes
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = weight_magnitudes.draw(read_csv(snakemake.input.weight_histogram), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
