"""Decide which tiles the next round adds to a model's grid."""

from prunescape.config.grid import Extension, Grid
from prunescape.hpspace.cells import collect, of_grid
from prunescape.hpspace.extension import plan_extension
from prunescape.hpspace.lattice import Lattice, bounds_of
from prunescape.io.files import write_json
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings = snakemake.params.settings
    grid = Grid.model_validate(settings["grid"])
    tiles, sides, blocked = plan_extension(
        of_grid(collect(snakemake.input.tables, snakemake.input.get("plans", []))),
        Lattice.around(grid, settings["prior"]),
        settings["extension"]["roi"],
        bounds_of(grid, Extension.model_validate(settings["extension"])),
    )
    for side, variants in sides.items():
        logger.info("the region of interest of %s touches the border towards %s", ", ".join(variants), side)
    for side in blocked:
        logger.info("no tile is added towards %s: it would pass the bound in the config's section extension", side)
    logger.info("%d tiles are added", len(tiles))
    write_json(snakemake.output[0], {"tiles": [list(tile) for tile in tiles], "touched": sides, "blocked": blocked})
