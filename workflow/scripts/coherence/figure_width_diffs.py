"""Draw diffs over width."""

from prunescape.figures.coherence import width_diffs
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = width_diffs.draw(read_csv(snakemake.input.width_diffs))
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
