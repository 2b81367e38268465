"""Draw what is lost by tuning one variant and training another."""

from prunescape.figures import transfer
from prunescape.figures.style import save
from prunescape.files import read_csv
from prunescape.job import job

with job(snakemake):
    settings, of = snakemake.params.settings, snakemake.wildcards
    save(transfer.draw(read_csv(snakemake.input.transfer), of.model, of.metric), snakemake.output, settings["dpi"])
