"""Test whether keeping the dense network's hyperparameters is good enough."""

from prunescape.data.prepared import load_prepared
from prunescape.hpspace.axes import Pair
from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.decision import decisions
from prunescape.hpspace.extension import open_borders
from prunescape.hpspace.learnt import chance_of
from prunescape.hpspace.resampling import resample
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, cells = snakemake.params.settings, read_cells(snakemake.input.cells)
    chance = chance_of(load_prepared(snakemake.input.data).labels("validation"))
    borders = open_borders(cells, settings["border_roi"], Pair.from_settings(settings))
    found = decisions(resample(cells, settings), settings["risk_roi"], settings["verdict"], chance, borders)
    write_csv(snakemake.output[0], with_variants(found, cells))
