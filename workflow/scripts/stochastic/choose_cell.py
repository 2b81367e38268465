"""Choose pruning rates and noises of a model, by the networks that explore."""

from prunescape.io.files import read_json, read_tables, write_json
from prunescape.runtime.logs import logged
from prunescape.stochastic.deployment import choose_deployment
from prunescape.stochastic.statistics import choose_cells, choose_structured, near_chance

with logged(snakemake):
    settings = snakemake.params.settings
    chance = near_chance(len(read_json(snakemake.input.data)["classes"]), settings["held_out"])
    chosen = choose_cells(read_tables(snakemake.input.grids), chance, settings["cell"])
    if tables := snakemake.input.get("structured"):
        chosen |= {"structured": choose_structured(read_tables(tables))}
    chosen |= {"deployed": choose_deployment(read_tables(snakemake.input.sweeps))}
    write_json(snakemake.output[0], chosen)
