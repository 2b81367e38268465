"""One-shot accuracy of networks with whole filters removed, with noise before and without."""

from prunescape.io.files import write_csv
from prunescape.pruning.settings import PruningSettings
from prunescape.runtime.logs import logged
from prunescape.stochastic.setting import open_setting
from prunescape.stochastic.structured import evaluate_structured

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    setting = open_setting(files.architecture, files.weights, files.data, settings, snakemake.threads)
    table = evaluate_structured(
        setting.pretrained,
        setting.architecture,
        **settings["variants"],
        settings=PruningSettings(**settings["pruning"]),
        data=setting.data,
        engine=setting.engine,
        recalibration=setting.sample,
    )
    write_csv(snakemake.output[0], table)
