"""One-shot accuracy, on the test images, of what was chosen by exploring: on a network that had no part in choosing."""

from prunescape.io.files import read_json, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.swaps import swaps
from prunescape.stochastic.variants import confirmed_variants, variants_of

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    best = read_json(files.best)
    chosen = best["gamma"], best["sigma"], settings["variants"]["draws"]
    write_csv(snakemake.output.swaps, swaps(context.pretrained, *chosen))
    for name, wanted, pretrained in (
        ("confirmed", confirmed_variants(best=best, **settings["variants"]), context.pretrained),
        ("transfer", variants_of(settings["transfer"], best), context.pretrained.for_stage("transfer")),
    ):
        table = evaluate_variants(
            pretrained, wanted, context.data, context.engine, recalibration=context.recalibration, report=logger.info
        )
        write_csv(snakemake.output[name], table)
