"""Test whether keeping the dense network's hyperparameters is good enough."""

from prunescape.files import read_csv, write_csv
from prunescape.hpspace.decision import decisions
from prunescape.hpspace.resampling import resample
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    resampled = resample(read_csv(snakemake.input.cells), settings)
    write_csv(snakemake.output[0], decisions(resampled, settings["risk_roi"], settings["verdict"]))
