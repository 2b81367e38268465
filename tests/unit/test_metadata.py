"""Files about the project: what catalogues of software and workflows read, and pins, which stand in two places."""

import dataclasses
import re
import tomllib
from pathlib import Path

import yaml

from prunescape.config.schema import schema
from prunescape.export.crate import VERSION
from prunescape.pruning.settings import PruningSettings
from prunescape.studies.registry import COMPANIONS
from prunescape.training.recipe import Recipe

PROJECT = Path(__file__).parents[2]


def test_the_citation_is_complete_and_of_this_version() -> None:
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    for key in ("cff-version", "message", "title", "abstract", "keywords", "authors", "license"):
        assert citation[key], key
    assert project["version"] == VERSION
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    for reference in citation["references"]:
        assert {"type", "title", "authors", "year"} <= set(reference)


def test_the_catalogue_finds_what_it_asks_for() -> None:
    """A Snakefile in workflow/, what to configure in config/README.md, and how software is deployed."""
    catalogue = yaml.safe_load((PROJECT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(catalogue) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert catalogue["software-stack-deployment"]["conda"] is (PROJECT / "envs" / "prunescape.yaml").is_file()
    assert 'include: "../Snakefile"' in (PROJECT / "workflow" / "Snakefile").read_text()
    readme = (PROJECT / "config" / "README.md").read_text()
    for section in {*schema()["properties"]} - {study.name for study in COMPANIONS[1:]}:
        assert f"`{section}`" in readme, section


def pins(text: str) -> set[str]:
    """Pinned packages; case says nothing in their names."""
    return set(re.findall(r"^[ -]*([a-z0-9_.-]+==\S+)$", text.lower(), flags=re.MULTILINE))


def test_the_conda_environment_has_the_pins_of_requirements() -> None:
    required = pins((PROJECT / "requirements.txt").read_text())
    assert len(required) > 10
    environment = yaml.safe_load((PROJECT / "envs" / "prunescape.yaml").read_text())
    assert {pin.lower() for pin in environment["dependencies"][-1]["pip"]} == required


def test_the_lock_has_them_too_and_a_hash_for_whatever_it_has() -> None:
    text = (PROJECT / "envs" / "requirements.lock").read_text()
    locked = re.findall(r"^(\S+==[\w.]+).*\\\n    --hash=sha256:", text, flags=re.MULTILINE)
    assert len(locked) == len(re.findall(r"^\w\S*==", text, flags=re.MULTILINE)) > 100
    assert pins((PROJECT / "requirements.txt").read_text()) <= set(locked)


def test_dataclasses_take_every_key_of_their_section() -> None:
    # `criterion` is a list of each model's, so that a study may compare some; of what schedule some epochs are a part
    # follows from the pipeline; and how batch norm and long gradients are treated, of the fine-tuning of `stochastic`.
    parts = {"schedule_epochs", "schedule_begin", "clip_by", "batch_norm"}
    for section, kind, elsewhere in [("pruning", PruningSettings, {"criterion"}), ("recipe", Recipe, parts)]:
        fields = {field.name for field in dataclasses.fields(kind)} - elsewhere
        assert fields == set(schema()["properties"][section]["properties"])


def test_the_snakefile_asks_for_the_snakemake_of_requirements() -> None:
    """An older one has not the classes that `prunescape.plan.metadata` extends."""
    asked = re.search(r'^min_version\("([\d.]+)"\)$', (PROJECT / "Snakefile").read_text(), re.MULTILINE)
    pinned = re.search(r"^snakemake==([\d.]+)$", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)
    assert asked is not None
    assert pinned is not None
    assert pinned[1].split(".")[:2] == asked[1].split(".")
