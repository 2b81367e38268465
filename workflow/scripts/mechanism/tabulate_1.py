"""Make Table 1 of the utility paper from our results, with the published numbers beside ours."""

from prunescape.io.files import read_csv, write_csv
from prunescape.mechanism.tables import table_1
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_csv(snakemake.output[0], table_1(read_csv(snakemake.input.cycles), snakemake.params.settings["data"]))
