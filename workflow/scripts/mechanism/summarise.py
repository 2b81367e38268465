"""Summarise sample sets: imbalance, mean and extremes of utility, with their errors."""

from prunescape.io.files import read_csv, write_csv
from prunescape.mechanism.statistics import summarise
from prunescape.runtime.logs import logged

with logged(snakemake):
    by = snakemake.params.settings["by"]
    write_csv(snakemake.output[0], summarise(read_csv(snakemake.input[0]), by))
