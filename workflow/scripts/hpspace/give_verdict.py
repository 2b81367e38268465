"""Answer whether the hyperparameters must be tuned again."""

from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.extension import open_borders
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import Tables, verdict
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text
from prunescape.io.files import read_csv, write_json, write_text
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    tables = Tables(
        read_cells(snakemake.input.cells), *(read_csv(snakemake.input[name]) for name in Tables._fields[1:])
    )
    pair = Pair.from_settings(settings)
    borders = open_borders(tables.cells, settings["border_roi"], pair)
    answer = verdict(tables, borders, settings["verdict"], pair, settings["without_control"])
    write_json(snakemake.output.json, answer)
    write_text(snakemake.output.text, verdict_text(answer))
    write_text(snakemake.output.page, verdict_page(answer))
