"""Draw the accuracy after structured pruning with noise before."""

from prunescape.figures.stochastic import structured
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.statistics import seed_intervals

with logged(snakemake):
    figure = structured.draw(seed_intervals(read_csv(snakemake.input.structured)), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
