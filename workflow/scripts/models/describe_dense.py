"""Write the architecture of a model that is not pruned, for the prepared images, and what it costs."""

from dataclasses import replace

from prunescape.data.prepared import load_prepared
from prunescape.models.architecture import Architecture, Origin
from prunescape.models.build import build
from prunescape.models.flops import count_activations, count_flops, count_flops_with_norms, count_parameters
from prunescape.models.probe import probe
from prunescape.runtime.logs import logged

with logged(snakemake):
    data = load_prepared(snakemake.input.data)
    settings = snakemake.params.settings
    origin = Origin.from_config(settings["origin"]) if "origin" in settings else None
    ignored = tuple(settings["ignored_layers"]) if "ignored_layers" in settings else None
    name, classes = snakemake.wildcards.model, len(data.classes)
    dense = Architecture(name, data.input_shape, classes, origin=origin, ignored_layers=ignored)
    if origin is not None:
        probe(dense)
    network, shape = build(dense), data.input_shape
    costs = {"parameters": count_parameters(network), "activations": count_activations(network, shape)}
    costs |= {"flops": count_flops(network, shape), "flops_with_norms": count_flops_with_norms(network, shape)}
    replace(dense, **costs).save(snakemake.output[0])
