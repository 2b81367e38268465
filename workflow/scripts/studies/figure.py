"""Draw a figure: that of the function which the entry of the study names."""

from prunescape.figures.style import on_paper, save
from prunescape.runtime.logs import logged
from prunescape.runtime.named import bound

with logged(snakemake):
    settings = snakemake.params.settings
    with on_paper(**settings.get("paper", {})):
        save(bound(snakemake)(), snakemake.output, settings["dpi"], settings["titles"])
