"""Draw the ablation of weights of like magnitude."""

from prunescape.figures.mechanism import utility_bands
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    figure = utility_bands.draw(read_csv(snakemake.input.bands), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
