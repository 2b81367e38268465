"""Write where the results come from: the config as it was read, and an RO-Crate."""

from pathlib import Path

from prunescape.export.crate import code_version, hardware, software, write_crate
from prunescape.io.files import read_csv, write_json
from prunescape.io.seals import accepted
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings = snakemake.params.settings
    project, config = Path(snakemake.params.told["root"]), snakemake.params.told["config"]
    timing = read_csv(snakemake.input.timing)
    write_json(snakemake.output.config, config)
    facts = {
        "commit": code_version(project),
        "code": " ".join([settings["results_code"]["code"], *settings["results_code"].get("external_code", [])]),
        "software": software(project / "envs" / "prunescape.yaml"),
        "hardware": hardware(timing["device"]),
        "accepted": accepted(),
        "seconds": float(timing["seconds"].sum()),
    }
    folder = Path(snakemake.output.crate).parent
    files = [file for file in snakemake.input if Path(file).is_relative_to(folder)]
    write_crate(folder, files, config, snakemake.output.config, facts)
