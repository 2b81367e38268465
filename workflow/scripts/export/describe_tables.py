"""Write the dictionary of the main job's tables."""

from prunescape.export.tables import data_package
from prunescape.files import write_json
from prunescape.job import job

with job(snakemake):
    write_json(snakemake.output[0], data_package(snakemake.params.settings["run"]))
