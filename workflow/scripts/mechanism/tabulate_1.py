"""Make Table 1 of the utility paper from our results, with the published numbers beside ours."""

from prunescape.files import read_csv, write_csv
from prunescape.job import job
from prunescape.mechanism.tables import table_1

with job(snakemake):
    write_csv(snakemake.output[0], table_1(read_csv(snakemake.input.cycles), snakemake.params.settings["data"]))
