"""Draw slope and constant of the optimal band beside Smith's relation."""

from prunescape.figures import band
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    save(band.draw(read_csv(snakemake.input.band), of.model, of.metric), snakemake.output, settings["dpi"])
