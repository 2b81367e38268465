"""Draw single draws at every model's best pruning rate and noise level."""

from prunescape.figures.stochastic import best_draws
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    save(best_draws.draw(read_csv(snakemake.input.best_draws)), snakemake.output, snakemake.params.settings["dpi"])
