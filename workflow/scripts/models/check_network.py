"""Check that a network can be pruned as the config says, and how it may be trained, before it is trained."""

import sys

from prunescape.io.files import write_json
from prunescape.models.architecture import load_architecture
from prunescape.pruning.settings import PruningSettings
from prunescape.runtime.logs import logged
from prunescape.training.preflight import in_words, preflight

with logged(snakemake) as logger:
    settings = snakemake.params.settings
    checked = preflight(
        load_architecture(snakemake.input.architecture),
        settings["variants"],
        PruningSettings(**settings["pruning"]),
        settings["strategy"],
        logger.info,
    )
    write_json(snakemake.output[0], checked)
    words = in_words(snakemake.wildcards.model, checked)
    print(f"prunescape: {words}; why is in {snakemake.output[0]}", file=sys.stderr)
