"""Accuracies of controls of noise, at what was chosen, around a network that had no part in choosing."""

from prunescape.io.files import read_json, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.controls import measure_controls

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    best = read_json(files.best)
    table = measure_controls(context, best, settings["draws"], settings["controls"], context.recalibration)
    write_csv(snakemake.output[0], table)
