"""One-shot accuracy of noisy pruned copies of a pretrained network, and again after recalibrating batch norm."""

from prunescape.io.files import read_json, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.populations import evaluate_variants
from prunescape.stochastic.variants import variants_of

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    best = files.get("best")
    table = evaluate_variants(
        context.pretrained,
        variants_of(settings["variants"], best and read_json(best)),
        context.data,
        context.engine,
        recalibration=context.sample,
        report=logger.info,
    )
    write_csv(snakemake.output[0], table)
