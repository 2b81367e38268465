"""Write the architecture of a model that is not pruned, for the prepared images."""

from prunescape.data.prepared import load_prepared
from prunescape.job import job
from prunescape.models.architecture import Architecture

with job(snakemake):
    data = load_prepared(snakemake.input.data)
    Architecture(snakemake.wildcards.model, data.input_shape, len(data.classes)).save(snakemake.output[0])
