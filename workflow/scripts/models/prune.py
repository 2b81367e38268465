"""Prune the dense network to a FLOPs target."""

from prunescape.job import job
from prunescape.models.architecture import load_architecture
from prunescape.pruning.structured import PruningSettings
from prunescape.pruning.variant import prune_checkpoint

with job(snakemake) as logger:
    settings = snakemake.params.settings
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
    )
