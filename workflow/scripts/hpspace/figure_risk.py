"""Draw the performance risk of all models."""

from prunescape.figures import risk
from prunescape.figures.style import save
from prunescape.io.files import read_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    risk_cells = read_csv(snakemake.input.risk_cells)
    figure = risk.draw(risk_cells, snakemake.wildcards.metric, risk_roi=settings["risk_roi"])
    save(figure, snakemake.output, settings["dpi"])
