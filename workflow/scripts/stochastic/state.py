"""Say what the study found."""

from prunescape.io.files import read_csv, read_json, write_json, write_text
from prunescape.questions import text_of
from prunescape.runtime.logs import logged
from prunescape.stochastic.findings import findings
from prunescape.stochastic.findings_page import findings_page
from prunescape.stochastic.found import guessing_accuracy

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    cells = dict(zip(settings["models"], map(read_json, files.cells), strict=True))
    tables = {name: read_csv(path) for name, path in files.items() if name not in ("cells", "data")}
    guessing = guessing_accuracy(len(read_json(files.data)["classes"]), settings["held_out"])
    found = findings(tables, cells, settings["tolerance"], guessing)
    write_json(snakemake.output.json, found)
    write_text(snakemake.output.text, text_of(found))
    write_text(snakemake.output.page, findings_page(found))
