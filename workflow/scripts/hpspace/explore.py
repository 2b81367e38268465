"""Make a page of the main job's results that can be explored."""

from pathlib import Path

from prunescape.hpspace.cells import read_trainings
from prunescape.hpspace.verdict import from_json
from prunescape.io.files import read_csv, read_json, write_text
from prunescape.pages.explore import TITLES, explore_page
from prunescape.pages.pictures import Picture
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, provenance, files = snakemake.params.settings, snakemake.params.told, snakemake.input
    pictures = [Picture(*of, path) for of, path in zip(settings["pictures"], files.get("pictures", []), strict=True)]
    text = explore_page(
        from_json(read_json(files.verdict)),
        {
            name: read_trainings(files[name]) if name == "cells" else read_csv(files[name])
            for name in (*TITLES, "timing")
            if files.get(name)
        },
        pictures,
        settings,
        provenance["config"],
        Path(provenance["root"]),
    )
    write_text(snakemake.output[0], text)
