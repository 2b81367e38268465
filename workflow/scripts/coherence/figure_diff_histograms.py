"""Draw histograms of diffs by layer."""

from prunescape.figures.coherence import diff_histograms
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = diff_histograms.draw(read_csv(snakemake.input.diff_histogram), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
