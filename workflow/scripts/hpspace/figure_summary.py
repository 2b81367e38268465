"""Draw the answer at one glance."""

import pandas as pd

from prunescape.figures import summary
from prunescape.figures.style import save
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    figure = summary.draw(
        pd.read_csv(snakemake.input.ellipses),
        pd.read_csv(snakemake.input.risk),
        snakemake.wildcards.model,
        snakemake.wildcards.metric,
        settings["risk_roi"],
    )
    save(figure, snakemake.output, settings["dpi"])
