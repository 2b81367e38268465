"""Write the dictionary of the main job's tables."""

from prunescape.export.tables import data_package
from prunescape.hpspace.axes import Pair
from prunescape.io.files import write_json
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    write_json(snakemake.output[0], data_package(settings["run"], Pair.from_settings(settings), settings["before"]))
