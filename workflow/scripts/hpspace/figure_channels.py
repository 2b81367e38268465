"""Draw the channels that pruning keeps in every layer."""

import pandas as pd

from prunescape.figures import channels
from prunescape.figures.style import save
from prunescape.job import job

with job(snakemake):
    figure = channels.draw(pd.read_csv(snakemake.input.channels), snakemake.wildcards.model)
    save(figure, snakemake.output, snakemake.params.settings["dpi"])
