"""Measure how the cells of a tile are trained fastest here, and choose."""

from prunescape.config.engine import Engine
from prunescape.data.prepared import load_prepared
from prunescape.io.files import write_json
from prunescape.models.architecture import load_architecture
from prunescape.runtime.logs import logged
from prunescape.training.calibrate import calibrate
from prunescape.training.recipe import Recipe

with logged(snakemake) as logger:
    settings = snakemake.params.settings
    chosen = calibrate(
        load_architecture(snakemake.input.architecture),
        load_prepared(snakemake.input.data),
        Recipe.from_settings(settings["recipe"]),
        Engine.model_validate(settings["engine"]),
        settings["cells"],
        snakemake.threads,
        logger.info,
    )
    write_json(snakemake.output[0], chosen)
