"""Check that a network can be pruned as the config says, and how it may be trained, before it is trained."""

import sys

from prunescape.config.engine import Engine
from prunescape.data.prepared import load_prepared
from prunescape.io.files import write_json
from prunescape.models.architecture import load_architecture
from prunescape.models.opened import opened, undeclared
from prunescape.printable import printable
from prunescape.pruning.settings import PruningSettings
from prunescape.runtime.logs import logged
from prunescape.training.engine import at_hand
from prunescape.training.preflight import not_in_groups, preflight, words_of_check
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

with logged(snakemake) as logger:
    settings, model = snakemake.params.settings, snakemake.wildcards.model
    architecture, data = load_architecture(snakemake.input.architecture), load_prepared(snakemake.input.data)
    section, recipe = Engine.model_validate(settings["engine"]), Recipe.from_settings(settings["recipe"])
    with opened() as read:
        checked = preflight(
            architecture,
            settings["variants"],
            PruningSettings(**settings["pruning"]),
            section.strategy,
            logger.info,
            Task(architecture, data, at_hand(section), 0, recipe),
            settings.get("weights"),
        )
    write_json(snakemake.output[0], checked)
    words = [f"{words_of_check(model, checked)}; details: {snakemake.output[0]}"]
    known = [*settings.get("external_files", ()), data.directory]
    words += [f"models.{model}: {line}" for line in undeclared(read, known)]
    words += [f"models.{model}: {line}" for line in not_in_groups(architecture, settings.get("n_of_m", ()))]
    for line in words:
        logger.info("%s", line)
        print(f"prunescape: {printable(line)}", file=sys.stderr)
