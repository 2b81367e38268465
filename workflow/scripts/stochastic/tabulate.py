"""Make Tables I to III of the SP paper from our results, with the published numbers beside ours."""

from prunescape.io.files import read_csv, read_json, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic import tables
from prunescape.stochastic.found import guessing_accuracy

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    cells = dict(zip(settings["models"], map(read_json, files.cells), strict=True))
    networks = [read_csv(files[name]) for name in ("grid", "best_draws", "tests", "fronts")]
    guessing = guessing_accuracy(len(read_json(files.data)["classes"]), settings["held_out"])
    write_csv(snakemake.output.one, tables.table_1(*networks, cells, settings["data"], guessing))
    write_csv(snakemake.output.two, tables.table_2(read_csv(files.fine_tuning), settings["data"]))
    write_csv(snakemake.output.three, tables.table_3(read_csv(files.variances), settings["data"]))
