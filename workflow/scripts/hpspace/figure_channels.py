"""Draw the channels that pruning keeps in every layer."""

from prunescape.figures import channels
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    figure = channels.draw(read_csv(snakemake.input.channels), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
