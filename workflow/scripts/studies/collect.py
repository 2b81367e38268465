"""Put the tables of all models and seeds together."""

from prunescape.files import read_tables, write_csv
from prunescape.job import job

with job(snakemake):
    write_csv(snakemake.output[0], read_tables(snakemake.input))
