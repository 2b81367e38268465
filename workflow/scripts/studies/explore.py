"""Make a page of a companion study's results."""

from pathlib import Path

from prunescape.claims.study import StudyClaims
from prunescape.io.files import read_csv, write_text
from prunescape.pages.companion import Caption, companion_page
from prunescape.pages.provenance import Job
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, provenance, files = snakemake.params.settings, snakemake.params.told, snakemake.input
    said = {path: Caption(*caption) for path, caption in settings["captions"].items()}
    text = companion_page(
        StudyClaims.read(Path(files.claims)),
        {Path(path).stem: (read_csv(path), said[path]) for path in files.get("tables", [])},
        [(path, said[path]) for path in files.get("pictures", [])],
        [Job(*told) for told in provenance["jobs"]],
        provenance["config"],
        Path(provenance["root"]),
    )
    write_text(snakemake.output[0], text)
