"""Make a table of the thesis' chapter 6 from our results, with the published numbers beside ours."""

from prunescape.coherence.tables import table_6
from prunescape.io.files import read_csv, write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    children = read_csv(snakemake.input.children)
    write_csv(snakemake.output[0], table_6(children, settings["table"], settings["data"]))
