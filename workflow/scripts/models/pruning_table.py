"""Put what pruning did to every network into one table, and the channels kept into another."""

from prunescape.io.files import write_csv
from prunescape.pruning.tables import pruning_table
from prunescape.runtime.logs import logged

with logged(snakemake):
    variants = snakemake.params.settings["variants"]
    pruning, channels = pruning_table(list(zip(variants, snakemake.input, strict=True)))
    write_csv(snakemake.output.pruning, pruning)
    write_csv(snakemake.output.channels, channels)
