"""Prune the dense network to a FLOPs target."""

from prunescape.data.prepared import load_prepared
from prunescape.job import job
from prunescape.models.architecture import load_architecture
from prunescape.pruning.structured import PruningSettings
from prunescape.pruning.variant import prune_checkpoint

with job(snakemake) as logger:
    settings = snakemake.params.settings
    data = snakemake.input.get("data")  # only where the criterion looks at images
    prune_checkpoint(
        load_architecture(snakemake.input.architecture),
        snakemake.input.weights,
        settings["method"],
        settings["ratio"],
        PruningSettings(**settings["pruning"]),
        architecture_path=snakemake.output.architecture,
        weights_path=snakemake.output.weights,
        record_path=snakemake.output.record,
        report=logger.info,
        data=data and load_prepared(data),
    )
