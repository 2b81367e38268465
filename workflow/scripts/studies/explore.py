"""Make the page of a study's results."""

from pathlib import Path

from prunescape.io.files import read_csv, write_text
from prunescape.io.seals import place_of
from prunescape.pages.study import Caption
from prunescape.runtime.logs import logged
from prunescape.runtime.named import named

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    shown = [*files.get("tables", []), *files.get("pictures", [])]
    said = {path: Caption(*settings["captions"][place_of(path, snakemake.params.roots)]) for path in shown}
    readers = {name: named(reader) for name, reader in settings["readers"].items()}
    tables = {
        (name := Path(path).stem): (readers.get(name, read_csv)(path), said[path]) for path in files.get("tables", [])
    }
    pictures = [(path, said[path]) for path in files.get("pictures", [])]
    page = named(settings["function"])(files, settings, snakemake.params.told, tables, pictures)
    write_text(snakemake.output[0], page)
