"""One-shot accuracy, on held-out images, of noisy pruned copies of a network, and again recalibrated."""

from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import variants_of

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    table = evaluate_variants(
        context.pretrained,
        variants_of(settings["variants"]),
        context.held_out,
        context.engine,
        split="train",
        recalibration=context.recalibration,
        report=logger.info,
    )
    write_csv(snakemake.output[0], table)
