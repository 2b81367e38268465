"""State the claims of a study."""

from importlib import import_module

from prunescape.claims.page import claims_page, text_of
from prunescape.claims.study import read_results, table
from prunescape.io.files import write_csv, write_json, write_text
from prunescape.runtime.logs import logged
from prunescape.runtime.named import arguments

with logged(snakemake):
    settings, made = snakemake.params.settings, snakemake.output
    state = import_module(f"prunescape.{settings['study']}.claims").claims
    stated = state(read_results(snakemake.input), **arguments(settings))
    write_json(made.json, stated.to_json())
    write_csv(made.table, table(stated.claims))
    write_text(made.text, text_of(stated))
    write_text(made.page, claims_page(stated))
