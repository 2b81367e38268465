"""One-shot accuracy, on the test images, of a fresh network with whole filters removed as exploring chose."""

from prunescape.io.files import read_json, write_csv
from prunescape.pruning.settings import PruningSettings
from prunescape.runtime.logs import logged
from prunescape.stochastic.context import open_pretrained
from prunescape.stochastic.structured import RATIO_DIGITS, evaluate_structured

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    context = open_pretrained(files, settings, snakemake.threads)
    chosen = read_json(files.best)["structured"]
    table = evaluate_structured(
        context.pretrained,
        context.architecture,
        methods=[chosen["method"]],
        ratios=[round(1 - chosen["gamma"], RATIO_DIGITS)],
        sigmas=[chosen["sigma"]],
        draws=settings["draws"],
        settings=PruningSettings(**settings["pruning"]),
        data=context.data,
        engine=context.engine,
        recalibration=context.recalibration,
    )
    write_csv(snakemake.output[0], table)
