"""The pins stand in two places, which must agree; the library's names for settings are the config's."""

import dataclasses
import re
from pathlib import Path

import yaml

from prunescape.config.schema import schema
from prunescape.pruning.settings import PruningSettings
from prunescape.training.recipe import Recipe

PROJECT = Path(__file__).parents[2]


def pins(text: str) -> set[str]:
    return set(re.findall(r"^[ -]*([a-z0-9_.-]+==\S+)$", text, flags=re.MULTILINE))


def test_the_conda_environment_has_the_pins_of_requirements() -> None:
    required = pins((PROJECT / "requirements.txt").read_text())
    assert len(required) > 10
    environment = yaml.safe_load((PROJECT / "envs" / "prunescape.yaml").read_text())
    assert set(environment["dependencies"][-1]["pip"]) == required


def test_dataclasses_take_every_key_of_their_section() -> None:
    # `criterion` is a list of each model's, so that a study may compare some.
    for section, kind, elsewhere in [("pruning", PruningSettings, {"criterion"}), ("recipe", Recipe, set())]:
        fields = {field.name for field in dataclasses.fields(kind)} - elsewhere
        assert fields == set(schema()["properties"][section]["properties"])
