"""Accuracies of controls of noise, and of what would be deployed, around a network that had no part in choosing."""

from prunescape.io.files import read_json, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.controls import measure_controls
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import deployed_variants

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    best = read_json(files.best)
    table = measure_controls(context, best, settings["draws"], settings["controls"], context.recalibration)
    write_csv(snakemake.output.controls, table)
    wanted = deployed_variants(best["deployed"], settings["draws"])
    pretrained = context.pretrained.for_stage("deployed")
    table = evaluate_variants(pretrained, wanted, context.data, context.engine, recalibration=context.recalibration)
    write_csv(snakemake.output.deployed, table)
