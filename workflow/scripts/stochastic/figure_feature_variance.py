"""Draw how much the features of pruned networks vary."""

from prunescape.figures.stochastic import feature_variance
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    table = read_csv(snakemake.input.feature_variance)
    figure = feature_variance.draw(table, snakemake.wildcards.model, gamma=settings["gamma"])
    save(figure, snakemake.output, settings["dpi"])
