"""Draw the distributions of weight magnitudes."""

from prunescape.figures.coherence import weight_magnitudes
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = weight_magnitudes.draw(read_csv(snakemake.input.weight_histogram), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
