"""Draw training and coherence on real data and on Gaussian noise."""

from prunescape.figures.coherence import training
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = training.draw(read_csv(snakemake.input.epochs), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
