"""Draw the answer at one glance."""

from prunescape.figures import summary
from prunescape.figures.style import save
from prunescape.hpspace.axes import Pair
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    figure = summary.draw(
        read_csv(snakemake.input.ellipses),
        read_csv(snakemake.input.risk),
        snakemake.wildcards.model,
        snakemake.wildcards.metric,
        settings["risk_roi"],
        Pair.from_settings(settings),
    )
    save(figure, snakemake.output, settings["dpi"])
