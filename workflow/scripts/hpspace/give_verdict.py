"""Answer whether learning rate and weight decay must be tuned again."""

from prunescape.files import read_csv, write_json, write_text
from prunescape.hpspace.extension import open_borders
from prunescape.hpspace.verdict import verdict
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    cells = read_csv(snakemake.input.cells)
    answer = verdict(
        cells,
        read_csv(snakemake.input.ellipses),
        read_csv(snakemake.input.risk),
        open_borders(cells, settings["border_roi"]),
        settings["verdict"],
    )
    write_json(snakemake.output.json, answer)
    write_text(snakemake.output.text, "\n\n".join(model["text"] for model in answer["models"].values()) + "\n")
    write_text(snakemake.output.page, verdict_page(answer))
