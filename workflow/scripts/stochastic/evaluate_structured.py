"""One-shot accuracy, on held-out images, of networks with whole filters removed, with noise before and without."""

from prunescape.io.files import write_csv
from prunescape.pruning.settings import PruningSettings
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.structured import evaluate_structured

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    table = evaluate_structured(
        context.pretrained,
        context.architecture,
        **settings["variants"],
        settings=PruningSettings(**settings["pruning"]),
        data=context.held_out,
        engine=context.engine,
        split="train",
        recalibration=context.recalibration,
    )
    write_csv(snakemake.output[0], table)
