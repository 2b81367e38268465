"""Means over seeds with their intervals, tests of the grid, and from which pruning rate on noise is better."""

from prunescape.io.files import read_csv, write_csv
from prunescape.runtime.logs import logged
from prunescape.stochastic.statistics import crossovers, grid_tests, seed_intervals

with logged(snakemake):
    sweep, grid = read_csv(snakemake.input.sweep), read_csv(snakemake.input.grid)
    write_csv(snakemake.output.sweep, seed_intervals(sweep))
    write_csv(snakemake.output.crossovers, crossovers(sweep, snakemake.params.settings["tolerance"]))
    write_csv(snakemake.output.grid, seed_intervals(grid))
    write_csv(snakemake.output.tests, grid_tests(grid))
