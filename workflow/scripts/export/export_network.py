"""Write a trained network as ONNX and as a program of `torch.export`, and compare both with it."""

import torch

from prunescape.data.prepared import load_prepared
from prunescape.export.networks import export
from prunescape.io.files import write_json
from prunescape.models.architecture import load_architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    torch.set_num_threads(1)
    network = load_weights(snakemake.input.weights, build(load_architecture(snakemake.input.architecture)))
    checks = export(network, load_prepared(snakemake.input.data), snakemake.output.onnx, snakemake.output.program)
    logger.info("%s", checks)
    write_json(snakemake.output.check, checks)
