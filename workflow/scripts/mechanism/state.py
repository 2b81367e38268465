"""Say what the study found."""

from prunescape.io.files import read_csv, write_json, write_text
from prunescape.mechanism.findings import findings
from prunescape.mechanism.findings_page import findings_page
from prunescape.questions import text_of
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    tables = {name: read_csv(path) for name, path in snakemake.input.items()}
    found = findings(tables, settings["models"], settings["tolerance"])
    write_json(snakemake.output.json, found)
    write_text(snakemake.output.text, text_of(found))
    write_text(snakemake.output.page, findings_page(found))
