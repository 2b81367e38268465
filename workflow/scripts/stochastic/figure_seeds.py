"""Draw every pretrained seed's networks, with noise and without."""

from prunescape.figures.stochastic import seeds
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = seeds.draw(
        read_csv(snakemake.input.one_shot),
        read_csv(snakemake.input.intervals),
        snakemake.wildcards.model,
        sigma=settings["sigma"],
        gammas=settings["gammas"],
    )
    save(figure, snakemake.output, settings["dpi"])
