"""Draw the performance risk of all models."""

import pandas as pd

from prunescape.figures import risk
from prunescape.figures.style import save
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    risk_cells = pd.read_csv(snakemake.input.risk_cells)
    figure = risk.draw(risk_cells, snakemake.wildcards.metric, risk_roi=settings["risk_roi"])
    save(figure, snakemake.output, settings["dpi"])
