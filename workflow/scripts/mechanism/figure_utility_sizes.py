"""Draw the utility of weight subsets in networks of several sizes."""

from prunescape.figures.mechanism import utility_sizes
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    summary = read_csv(snakemake.input.summary)
    samples = read_csv(snakemake.input.samples)
    figure = utility_sizes.draw(summary, samples, snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
