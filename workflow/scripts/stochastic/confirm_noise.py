"""Measure what was chosen by exploring on a network that had no part in it, on the test images, right after pruning."""

from dataclasses import replace

from prunescape.io.files import read_json, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.controls import measure_controls
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.swaps import swaps
from prunescape.stochastic.variants import confirmed_variants, deployed_variants, variants_of
from prunescape.stochastic.weight_cdf import weight_cdf

with logged(snakemake) as logger:
    settings, files, output = snakemake.params.settings, snakemake.input, snakemake.output
    context = open_pretrained(files, settings, snakemake.threads)
    pretrained, best, draws = context.pretrained, read_json(files.best), settings["variants"]["draws"]
    sizes = weight_cdf(pretrained.network, exclude=settings["exclude"])
    labels = {"model": pretrained.model, "seed": pretrained.seed}
    write_csv(output.weight_cdf, sizes.assign(**labels)[[*labels, *sizes]])
    noises = sorted({best["sigma"], *settings["variants"]["sigmas"]})
    write_csv(output.swaps, swaps(pretrained, best["gamma"], noises, draws))
    for name, wanted, made in (
        ("confirmed", confirmed_variants(best=best, **settings["variants"]), pretrained),
        ("transfer", variants_of(settings["transfer"], best), pretrained.for_stage("transfer")),
        ("deployed", deployed_variants(best["deployed"], draws), pretrained.for_stage("deployed")),
    ):
        table = evaluate_variants(
            made, wanted, context.data, context.engine, recalibration=context.recalibration, report=logger.info
        )
        write_csv(output[name], table)
    controlled = replace(context, pretrained=pretrained.for_stage("controls"))
    write_csv(output.controls, measure_controls(controlled, best, draws, settings["controls"], context.recalibration))
