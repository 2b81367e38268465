"""Measure what tuning again would buy, what transfers between variants, and where the optimal band lies."""

from prunescape.files import write_csv
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.resampling import resample
from prunescape.hpspace.tuning import band, regret, transfer
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    resampled = resample(read_cells(snakemake.input.cells), settings)
    write_csv(snakemake.output.regret, regret(resampled))
    write_csv(snakemake.output.transfer, transfer(resampled))
    if "recipe" in settings:  # only of the thesis' pair
        write_csv(snakemake.output.band, band(resampled, settings, settings["recipe"]))
