"""Draw training and coherence on real data and on Gaussian noise."""

from prunescape.figures.coherence import training
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = training.draw(read_csv(snakemake.input.epochs), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
