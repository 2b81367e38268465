"""Draw a few training images of each class."""

from prunescape.data.prepared import load_prepared
from prunescape.figures import samples
from prunescape.figures.style import save
from prunescape.runtime.logs import logged

with logged(snakemake):
    save(samples.draw(load_prepared(snakemake.input.meta)), snakemake.output, snakemake.params.settings["dpi"])
