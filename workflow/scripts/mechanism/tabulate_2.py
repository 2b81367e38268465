"""Make Table 2 of the utility paper from our results, with the published numbers beside ours."""

from prunescape.io.files import read_csv, write_csv
from prunescape.mechanism.tables import table_2
from prunescape.runtime.logs import logged

with logged(snakemake):
    write_csv(snakemake.output[0], table_2(read_csv(snakemake.input.retrained), snakemake.params.settings["data"]))
