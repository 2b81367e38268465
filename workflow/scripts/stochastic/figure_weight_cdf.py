"""Draw how many weights are smaller than the noise."""

from prunescape.figures.stochastic import weight_cdf
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    figure = weight_cdf.draw(read_csv(snakemake.input.weight_cdf), settings["sigmas"])
    save(figure, snakemake.output, settings["dpi"])
