"""Draw the accuracies of masked networks."""

from prunescape.figures.coherence import accuracies
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    figure = accuracies.draw(read_csv(snakemake.input.children), snakemake.wildcards.model, settings["data"])
    save(figure, snakemake.output, settings["dpi"])
