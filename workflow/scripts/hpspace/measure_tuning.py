"""Measure what tuning again would buy, what transfers between variants, and where the optimal band lies."""

from prunescape.hpspace.cells import read_cells, with_variants
from prunescape.hpspace.resampling import resample
from prunescape.hpspace.tuning import band, regret, transfer
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, cells = snakemake.params.settings, read_cells(snakemake.input.cells)
    resampled = resample(cells, settings)
    write_csv(snakemake.output.regret, with_variants(regret(resampled), cells))
    write_csv(snakemake.output.transfer, with_variants(transfer(resampled), cells))
    if "recipe" in settings:  # only of the thesis' pair
        write_csv(snakemake.output.band, with_variants(band(resampled, settings, settings["recipe"]), cells))
