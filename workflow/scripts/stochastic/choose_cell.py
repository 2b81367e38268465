"""Choose the pruning rate and the noise at which the other experiments look at a model."""

from prunescape.io.files import read_tables, write_json
from prunescape.runtime.logs import logged
from prunescape.stochastic.statistics import choose_cell

with logged(snakemake):
    write_json(snakemake.output[0], choose_cell(read_tables(snakemake.input), snakemake.params.settings["cell"]))
