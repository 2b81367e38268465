"""The origin of results as an RO-Crate: config, code, software, hardware, and every file with its checksum.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5): the folder of the run is the crate, and one action of a piece of software
made its files. Files stay where they are; only `ro-crate-metadata.json` is added.
"""

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from prunescape.io.files import read_json, sha256, write_json
from prunescape.io.strict_yaml import load

PACKAGE = "datapackage.json"  # the dictionary of tables
VERSION = "0.1.0"  # as in pyproject.toml
METADATA = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = "https://w3id.org/ro/terms/workflow-run/context"  # knows `environment` and `sha256`
LICENCE = "https://spdx.org/licenses/MIT"
_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".txt": "text/plain",
    ".html": "text/html",
    ".md": "text/markdown",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".onnx": "application/onnx",
}


def code_version(project: Path) -> str | None:
    """The commit of the project's clone, with `-dirty` where files differ from it; None where it is no clone."""
    command = ["git", "-C", str(project), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        top = subprocess.run([*command[:3], "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    # A copy of the project inside a repository of something else is none of that repository's commits.
    return commit.stdout.strip() if Path(top.stdout.strip()) == project.resolve() else None


def software(environment: Path) -> dict[str, str]:
    """The libraries that a conda environment pins, with the versions that are really installed; and Python."""
    pinned = load(environment)["dependencies"][-1]["pip"]
    versions = {"python": platform.python_version()}
    for name in (pin.partition("==")[0] for pin in pinned):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue  # a light environment may lack some
    return versions


def hardware(devices: Iterable[str]) -> dict[str, str]:
    """The machine that writes the crate, and the devices on which the trainings ran (from `timing.csv`)."""
    memory = psutil.virtual_memory().total / 1e9
    return {
        "operating system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "trained on": ", ".join(sorted(set(devices))),
    }


def write_crate(
    folder: Path,
    files: Sequence[str | Path],
    config: Mapping[str, Any],
    config_file: str | Path,
    facts: Mapping[str, Any],
) -> None:
    """Write `ro-crate-metadata.json`.

    Args:
        folder: of the run; the crate.
        files: those that the run made, in it.
        config: with all defaults.
        config_file: the file in the folder that holds it.
        facts: commit (or None), code (digest), software and hardware (see above), seconds (of
            training, all devices together), accepted (what was different in results that were accepted as they are).
    """
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    ended = datetime.fromtimestamp(max(Path(file).stat().st_mtime for file in files), UTC).replace(microsecond=0)
    root = crate.root_dataset
    crate.name = f"prunescape: results of the run {config['run']}"
    crate.description = (
        "What pruning did to the networks of this run: hyperparameter landscapes of dense and pruned networks,"
        " confidence ellipses, performance risk and a verdict. See hpspace/verdict.txt."
    )
    crate.datePublished = ended
    root["conformsTo"] = _add(crate, PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    inputs = [
        _file(crate, folder, config_file, "the config of the run, with all defaults"),
        _add(crate, "#seeds", "PropertyValue", name="seeds", value=", ".join(map(str, config["seeds"]))),
        # By its name; its images are no part of the crate.
        _add(crate, "#data", "PropertyValue", name="data set", value=config["data"]["name"]),
    ]
    action = _add(crate, "#run", "CreateAction", name=f"the run {config['run']}", endTime=ended.isoformat())
    action["instrument"] = _instrument(crate, facts)
    action["object"] = inputs
    made = sorted(map(str, files))
    described = _described(folder, made)
    places = (Path(file).relative_to(folder).as_posix() for file in made)
    action["result"] = [_file(crate, folder, *of) for of in zip(made, map(described.get, places), strict=True)]
    accepted = "".join(f"; accepted as it was by `snakemake accept`: {note}" for note in facts["accepted"])
    action["description"] = f"{facts['seconds']:.0f} seconds of training, over all devices{accepted}"
    action["environment"] = [
        _add(crate, f"#hardware-{name.replace(' ', '-')}", "PropertyValue", name=name, value=value)
        for name, value in facts["hardware"].items()
    ]
    root["mentions"] = action
    write_json(folder / METADATA, crate.metadata.generate())


def _add(crate: ROCrate, identifier: str, kind: str, /, **properties: Any) -> ContextEntity:
    entity: ContextEntity = crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))
    return entity


def _instrument(crate: ROCrate, facts: Mapping[str, Any]) -> ContextEntity:
    """prunescape in the version that made the files, with the libraries beneath it."""
    libraries = [
        _add(crate, f"#software-{name}", "SoftwareApplication", name=name, version=number, softwareVersion=number)
        for name, number in facts["software"].items()
    ]
    commit = facts["commit"]
    return _add(
        crate,
        "#prunescape",
        "SoftwareApplication",
        name="prunescape",
        version=VERSION if commit is None else f"{VERSION} ({commit})",
        softwareVersion=VERSION,
        identifier=f"code digest {facts['code']}",
        softwareRequirements=libraries,
        license=_add(crate, LICENCE, "CreativeWork", name="MIT License"),
    )


def _described(folder: Path, files: Iterable[str | Path]) -> dict[str, str]:
    """The descriptions of tables by their paths in the folder, if the dictionary of tables is among the files."""
    if folder / PACKAGE not in map(Path, files):
        return {}
    rows = {entry["path"]: entry["description"] for entry in read_json(folder / PACKAGE)["resources"]}
    return {path: f"a table; {said[:1].lower()}{said[1:].removesuffix('.')}" for path, said in rows.items()}


def _file(crate: ROCrate, folder: Path, file: str | Path, description: str | None) -> Any:
    """A file of the run, with its size and checksum."""
    path = Path(file)
    place = path.relative_to(folder).as_posix()
    properties = {
        "name": place,
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
        "encodingFormat": _TYPES.get(path.suffix, "application/octet-stream"),
        "dateModified": datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0).isoformat(),
    }
    if description is not None:
        properties["description"] = description
    return crate.add_file(path, dest_path=place, properties=properties)
