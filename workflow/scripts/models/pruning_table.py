"""Put what pruning did to every network into one table, and the channels kept into another."""

from prunescape.files import write_csv
from prunescape.job import job
from prunescape.pruning.tables import pruning_table

with job(snakemake):
    variants = snakemake.params.settings["variants"]
    pruning, channels = pruning_table(list(zip(variants, snakemake.input, strict=True)))
    write_csv(snakemake.output.pruning, pruning)
    write_csv(snakemake.output.channels, channels)
