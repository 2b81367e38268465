"""Put the tables of all models and seeds together."""

from prunescape.io.files import read_tables, write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_csv(snakemake.output[0], read_tables(snakemake.input))
