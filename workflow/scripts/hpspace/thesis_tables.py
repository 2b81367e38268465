"""Make Tables 3.4, 4.1 and 4.2 of the thesis from our results, with its numbers beside ours."""

from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.published import table_3_4, table_4_1, table_4_2
from prunescape.io.files import read_csv, write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    config, found = snakemake.params.settings["config"], read_csv(snakemake.input.intervals)
    cells = read_cells(snakemake.input.cells)
    write_csv(snakemake.output.table_3_4, table_3_4(cells, config))
    write_csv(snakemake.output.table_4_1, with_variants(table_4_1(found, config), cells))
    write_csv(snakemake.output.table_4_2, with_variants(table_4_2(found, config), cells))
