"""Measure how much the features of pruned networks vary, with batch norm as pretrained and recalibrated."""

import pandas as pd

from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.feature_variance import feature_variance
from prunescape.stochastic.variants import variants_of

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    wanted = variants_of(settings["variants"])
    tables = []
    for recalibration in (None, context.recalibration)[: 1 + context.has_batch_norm]:
        tables.append(
            feature_variance(context.pretrained, wanted, context.sample, context.engine, recalibration=recalibration)
        )
        logger.info("%d networks measured", len(wanted))
    write_csv(snakemake.output[0], pd.concat(tables, ignore_index=True))
