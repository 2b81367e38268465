"""Choose the batches of the next round: which cells of each network of a model are trained next."""

from prunescape.hpspace.cells import collect_batches, of_grid
from prunescape.hpspace.explored import choose_batches
from prunescape.io.files import read_json, read_tables, write_json
from prunescape.runtime.logs import logged

with logged(snakemake) as logger:
    settings, plans = snakemake.params.settings, snakemake.input.get("plans", [])
    before = {name: of["trainings"] for name, of in read_json(plans[-1]).items()} if plans else None
    batches = choose_batches(
        of_grid(collect_batches(snakemake.input.tables)),
        read_tables(snakemake.input.histories),
        settings["space"],
        [name for name in settings["networks"] if before is None or before.get(name)],
        settings["seeds"],
        settings["batch"],
        settings["worth"],
        settings["rungs"],
    )
    for name, of in batches.items():
        logger.info("%s: %d trainings, which gain %.3f points", name, len(of["trainings"]), of["gain"])
    write_json(snakemake.output[0], batches)
