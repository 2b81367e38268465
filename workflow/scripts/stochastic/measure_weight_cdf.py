"""Measure how large the weights of a pretrained network are."""

from prunescape.files import write_csv
from prunescape.job import job
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.stochastic.weight_cdf import weight_cdf

with job(snakemake):
    architecture = load_architecture(snakemake.input.architecture)
    table = weight_cdf(load_weights(snakemake.input.weights, build(architecture)))
    table.insert(0, "model", snakemake.wildcards.model)
    table.insert(1, "seed", int(snakemake.wildcards.seed))
    write_csv(snakemake.output[0], table)
