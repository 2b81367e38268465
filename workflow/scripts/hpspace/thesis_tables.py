"""Make Tables 3.4, 4.1 and 4.2 of the thesis from our results, with its numbers beside ours."""

from prunescape.files import read_csv, write_csv
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.published import table_3_4, table_4_1, table_4_2
from prunescape.job import job

with job(snakemake):
    config, found = snakemake.params.settings["config"], read_csv(snakemake.input.intervals)
    write_csv(snakemake.output.table_3_4, table_3_4(read_cells(snakemake.input.cells), config))
    write_csv(snakemake.output.table_4_1, table_4_1(found, config))
    write_csv(snakemake.output.table_4_2, table_4_2(found, config))
