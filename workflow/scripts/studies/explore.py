"""Make the page of a study's results."""

from pathlib import Path

from prunescape.io.files import read_csv, write_text
from prunescape.io.seals import place_of
from prunescape.pages.provenance import made_on
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
    # The page has times of jobs, too, and is no input of anything: it need not be the same bytes each time.
    told = {**snakemake.params.told, "made": made_on(path for path in files if not path.endswith(".png"))}
    page = named(settings["function"])(files, settings, told, tables, pictures)
    write_text(snakemake.output[0], page)
