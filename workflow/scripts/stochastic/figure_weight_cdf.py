"""Draw how many weights are smaller than the noise."""

from prunescape.figures.stochastic import weight_cdf
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = weight_cdf.draw(read_csv(snakemake.input.weight_cdf), settings["sigmas"])
    save(figure, snakemake.output, settings["dpi"])
