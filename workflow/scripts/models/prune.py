"""Prune a network to a target: the dense one, what is left of it after a step, or an untrained one."""

from prunescape.data.prepared import load_prepared
from prunescape.models.architecture import load_architecture
from prunescape.pruning.settings import PruningSettings
from prunescape.pruning.structured import PruningInput, prune_checkpoint
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, given = snakemake.params.settings, snakemake.input
    data = given.get("data")  # only where the criterion looks at images
    source = PruningInput(
        load_architecture(given.architecture),
        given.get("weights"),  # none where nothing is trained before
        settings.get("seed", 0),
        dense=given.get("dense") and load_architecture(given.dense),  # from the second step on
        previous=given.get("previous"),
        rewound=given.get("rewound"),
        exact=settings.get("exact", True),
        saved=snakemake.params.checkpoint,
    )
    prune_checkpoint(
        source,
        settings["method"],
        settings["ratio"],
        PruningSettings(**settings["pruning"]),
        architecture_path=snakemake.output.architecture,
        weights_path=snakemake.output.weights,
        record_path=snakemake.output.record,
        report=logger.info,
        data=data and load_prepared(data),
    )
