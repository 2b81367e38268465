"""Answer whether the hyperparameters must be tuned again."""

from prunescape.config.analysis import Terms
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import verdict
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.hpspace.verdict_text import verdict_text
from prunescape.io.files import read_csv, write_json, write_text
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    answer = verdict(
        read_csv(files.decisions),
        read_cells(files.cells),
        Terms.model_validate(settings["verdict"]),
        Pair.from_json(settings.get("axes")),
        settings["without_control"],
        settings["one_checkpoint"],
        settings["parts"],
    )
    write_json(snakemake.output.json, answer)
    write_text(snakemake.output.text, verdict_text(answer))
    write_text(snakemake.output.page, verdict_page(answer))
