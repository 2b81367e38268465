"""Draw a figure: that of the function which the entry of the study names."""

from prunescape.figures.style import save
from prunescape.runtime.logs import logged
from prunescape.runtime.named import call

with logged(snakemake):
    save(call(snakemake), snakemake.output, snakemake.params.settings["dpi"])
