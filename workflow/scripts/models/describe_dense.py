"""Write the architecture of a model that is not pruned, for the prepared images, and what it costs."""

from dataclasses import replace

from prunescape.data.prepared import load_prepared
from prunescape.flops import count_flops
from prunescape.job import job
from prunescape.models.architecture import Architecture
from prunescape.models.build import build

with job(snakemake):
    data = load_prepared(snakemake.input.data)
    dense = Architecture(snakemake.wildcards.model, data.input_shape, len(data.classes))
    replace(dense, flops=count_flops(build(dense), data.input_shape)).save(snakemake.output[0])
