"""Put the tables of all tiles together into cells.csv."""

from prunescape.files import write_csv
from prunescape.hpspace.tile import collect
from prunescape.job import job

with job(snakemake):
    write_csv(snakemake.output[0], collect(snakemake.input.tables))
