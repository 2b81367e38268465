"""Fit a confidence ellipse to every region of interest."""

from prunescape.hpspace.axes import Pair
from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.ellipse import ellipses
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    cells = read_cells(snakemake.input.cells)
    size = settings["sigma"], settings["minimum_cells"]
    table = ellipses(cells, settings["roi"], *size, Pair.from_settings(settings))
    write_csv(snakemake.output[0], with_variants(table, cells))
