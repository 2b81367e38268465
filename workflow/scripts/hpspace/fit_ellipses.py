"""Fit a confidence ellipse to every region of interest."""

from prunescape.files import write_csv
from prunescape.hpspace.axes import Pair
from prunescape.hpspace.cells import read_cells
from prunescape.hpspace.ellipse import ellipses
from prunescape.job import job

with job(snakemake):
    settings = snakemake.params.settings
    cells = read_cells(snakemake.input.cells)
    size = settings["sigma"], settings["minimum_cells"]
    write_csv(snakemake.output[0], ellipses(cells, settings["roi"], *size, Pair.from_settings(settings)))
