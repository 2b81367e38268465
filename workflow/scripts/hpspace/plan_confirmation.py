"""Plan a round of confirmation: the finalists, the settings that are compared, or a look at what they gave."""

from pathlib import Path

from prunescape.data.prepared import load_prepared
from prunescape.hpspace.cells import all_batches, of_grid, read_cells
from prunescape.hpspace.confirmation import plan_round
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.learnt import chance_of
from prunescape.hpspace.questions import Rules
from prunescape.io.files import read_csv, read_json, read_tables, write_json
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, files = snakemake.params.settings, snakemake.input
    cells = read_cells(files.cells)
    if files.get("stopped"):
        cells = all_batches(cells, of_grid(read_csv(files.stopped)))
    entries = plan_round(
        int(snakemake.wildcards.round),
        cells[cells["model"] == snakemake.wildcards.model],
        read_json(files.before) if files.get("before") else {},
        read_tables(files.tables) if files.get("tables") else None,
        read_tables(files.images) if files.get("images") else None,
        chance_of(load_prepared(files.data).labels("validation"))["top1"],
        Rules(**settings["rules"]),
        Path(snakemake.output[0]).parent,
        Pair.from_json(settings.get("axes")),
        settings.get("space"),
    )
    write_json(snakemake.output[0], entries)
