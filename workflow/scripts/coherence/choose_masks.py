"""Choose the masks of a network's children, and describe them."""

from prunescape.coherence.families import Family, save_families
from prunescape.coherence.networks import FIRST, MaskExperiments
from prunescape.coherence.parent import Parent
from prunescape.coherence.runs import highest_of
from prunescape.io.files import read_csv, write_csv
from prunescape.io.tables import first_columns
from prunescape.models.architecture import load_architecture
from prunescape.models.weights import epochs_in, load_networks
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, files = snakemake.params.settings, snakemake.input
    architecture, highest = load_architecture(files.architecture), highest_of(read_csv(files.epochs))
    known = epochs_in(files.networks), epochs_in(files.diffs)
    kept = files.get("scores")
    scores = load_networks(kept) if kept else {}
    parent = Parent(architecture, *known, highest, 0, settings["seed"], scores)
    parent.count = parent.part(settings["density"])
    experiments = MaskExperiments(**settings["plan"])
    masks = experiments.masks(parent)
    labels = {"model": snakemake.wildcards.model, "seed": settings["seed"]}
    for name, table in experiments.of_parent(parent, masks).items():
        columns = [column for column in FIRST if column in [*labels, *table.columns]]
        write_csv(snakemake.output[name], first_columns(table.assign(**labels), columns))
    save_families(snakemake.output.masks, [Family(architecture, experiments.children(parent, masks))])
