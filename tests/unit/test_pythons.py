"""Other Pythons that are promised: every file compiles there, and what is read before any job can be imported."""

import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

from project_copy import PROJECT

pytestmark = pytest.mark.full
PYTHONS = ["3.11", "3.12", "3.13"]
COMPILED = """
import sys, pathlib
for path in map(pathlib.Path, sys.argv[1:]):
    compile(path.read_bytes(), str(path), "exec")
print(*sys.version_info[:2], sep=".")
"""
# The config, its plan, and the command line; with the packages of requirements.txt, but without torch.
LIGHT = """
import sys, yaml
from prunescape import command
from prunescape.plan.plan import Plan
plan = Plan(yaml.safe_load(open("config.yaml")))
assert plan.run.config.data.name == "digits"
assert {"check", "config.yaml", "-n"} < set(command.snakemake("check", ["config.yaml", "-n"]))
assert not {"torch", "pandas"} & set(sys.modules)
"""


@cache
def pythons(version: str) -> list[str]:
    """Interpreters of a version on this machine: those by name, then pyenv's."""
    by_name = shutil.which(f"python{version}")
    found = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    every = filter(None, [by_name, *map(str, found)])
    return [path for path in every if ran(path, "-c", "import sys").returncode == 0]  # pyenv's shims may lead nowhere


def ran(*command: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(PROJECT / "workflow"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, env=environment)


def test_these_are_the_pythons_that_are_promised() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (PROJECT / "Makefile").read_text()


@pytest.mark.parametrize("version", PYTHONS)
def test_every_file_compiles_without_a_warning(version: str) -> None:
    if not pythons(version):
        pytest.skip(f"no Python {version} on this machine, neither by name nor of pyenv")
    files = [str(path) for folder in ("workflow", "tests", "docs/tools") for path in (PROJECT / folder).rglob("*.py")]
    assert len(files) > 500
    result = ran(pythons(version)[0], "-W", "error", "-c", COMPILED, *files)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == version


@pytest.mark.parametrize("version", PYTHONS)
def test_config_plan_and_command_are_read(version: str) -> None:
    whole = [path for path in pythons(version) if ran(path, "-c", "import pydantic, rich, snakemake").returncode == 0]
    if not whole:
        pytest.skip(f"no Python {version} with the packages of requirements.txt on this machine")
    result = ran(whole[0], "-W", "error::SyntaxWarning", "-c", LIGHT)
    assert result.returncode == 0, result.stderr
