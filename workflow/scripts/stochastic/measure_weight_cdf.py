"""Measure how large the weights of a pretrained network are."""

from prunescape.io.files import write_csv
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.runtime.logs import logged
from prunescape.stochastic.weight_cdf import weight_cdf

with logged(snakemake):
    architecture = load_architecture(snakemake.input.architecture)
    network = load_weights(snakemake.input.weights, build(architecture))
    table = weight_cdf(network, exclude=snakemake.params.settings["exclude"])
    table.insert(0, "model", snakemake.wildcards.model)
    table.insert(1, "seed", int(snakemake.wildcards.seed))
    write_csv(snakemake.output[0], table)
