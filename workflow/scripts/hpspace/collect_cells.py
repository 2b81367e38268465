"""Put the tables of all tiles together into cells.csv and timing.csv."""

from prunescape.hpspace.cells import collect
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_csv(snakemake.output.cells, collect(snakemake.input.tables, snakemake.input.get("plans", [])))
    write_csv(snakemake.output.timing, collect(snakemake.input.timing))
