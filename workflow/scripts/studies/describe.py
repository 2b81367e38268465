"""Write the dictionary of a study's tables, which its entry has."""

from prunescape.io.files import write_json
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_json(snakemake.output[0], {**snakemake.params.told, **snakemake.params.settings["package"]})
