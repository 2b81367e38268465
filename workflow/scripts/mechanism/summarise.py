"""Summarise sample sets: imbalance, mean and extremes of utility, with their errors."""

from prunescape.files import read_csv, write_csv
from prunescape.job import job
from prunescape.mechanism.statistics import summarise

with job(snakemake):
    by = snakemake.params.settings["by"]
    write_csv(snakemake.output[0], summarise(read_csv(snakemake.input[0]), by))
