"""The RO-Crate, read by the library's own reader."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from prunescape.export.crate import code_version, hardware, software, write_crate
from prunescape.io.files import write_json
from prunescape.studies.hpspace import STUDY
from prunescape.studies.package import data_package

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def crate(tmp_path: Path) -> ROCrate:
    """Of a run that made two files."""
    folder = tmp_path / "results" / "demo"
    (folder / "hpspace").mkdir(parents=True)
    for name in ("hpspace/cells.csv", "hpspace/verdict.txt", "config.json"):
        (folder / name).write_text(f"this is {name}\n")
    facts = {
        "commit": "0123abc",
        "code": "feed",
        "software": software(PROJECT / "envs" / "prunescape.yaml"),
        "hardware": hardware(["cpu", "cpu"]),
        "accepted": ["train_tile: recipe.epochs: 3, now 4"],
        "seconds": 12.3,
    }
    write_json(folder / "datapackage.json", data_package("demo", "hpspace", STUDY.tables, STUDY.columns))
    files = [folder / name for name in ("datapackage.json", "hpspace/cells.csv", "hpspace/verdict.txt")]
    config = {"run": "demo", "seeds": [3, 5], "data": {"name": "digits"}}
    write_crate(folder, files, config, folder / "config.json", facts)
    return ROCrate(folder)


def test_the_run_names_inputs_results_code_and_machine(crate: ROCrate) -> None:
    run = crate.get("#run")
    assert run.type == "CreateAction"
    assert {entity.id for entity in run["object"]} == {"config.json", "#seeds", "#data"}
    assert {entity.id for entity in run["result"]} == {"datapackage.json", "hpspace/cells.csv", "hpspace/verdict.txt"}
    assert crate.get("#seeds")["value"] == "3, 5"
    tool = run["instrument"]
    assert tool["version"].endswith("(0123abc)")
    versions = {entity["name"]: entity["softwareVersion"] for entity in tool["softwareRequirements"]}
    import snakemake
    import torch

    assert torch.__version__.startswith(versions["torch"])
    assert versions["snakemake"] == snakemake.__version__
    assert {entity["name"]: entity["value"] for entity in run["environment"]}["trained on"] == "cpu"
    assert run["description"].endswith("accepted as it was by `snakemake accept`: train_tile: recipe.epochs: 3, now 4")


def test_every_file_is_a_part_with_its_checksum(crate: ROCrate) -> None:
    parts = {entity.id: entity for entity in crate.root_dataset["hasPart"]}
    assert set(parts) == {"config.json", "datapackage.json", "hpspace/cells.csv", "hpspace/verdict.txt"}
    for name, entity in parts.items():
        if name == "datapackage.json":
            continue
        content = f"this is {name}\n".encode()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
    assert parts["hpspace/cells.csv"]["encodingFormat"] == "text/csv"
    assert parts["hpspace/cells.csv"]["description"] == "a table; one row: a training"


def test_the_commit_is_that_of_the_clone_alone(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    assert code_version(tmp_path) is None
    git("init")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "file").write_text("x")
    git("add", ".")
    git("commit", "-m", "x")
    commit = code_version(tmp_path)
    assert commit is not None
    assert len(commit) == 40
    (tmp_path / "copy" / "file").write_text("y")
    assert code_version(tmp_path) == f"{commit}-dirty"
    assert code_version(tmp_path / "copy") is None
