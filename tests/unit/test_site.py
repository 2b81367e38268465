"""The documentation as a site: every link leads somewhere, no other host is asked, and what it names is there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from documented import BLOCKS, DOCS, PAGES
from project_copy import PROJECT

LANGUAGES = {"sh", "bash", "python", "yaml", "text", "diff", "snakemake"}
sys.path.insert(0, str(DOCS / "tools"))
import data_flow  # noqa: E402


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a project as `make site` does."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)


def test_the_site_is_built_and_asks_no_other_host(tmp_path: Path) -> None:
    result = build(PROJECT, tmp_path / "site")
    assert result.returncode == 0, result.stdout + result.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert {path.stem for path in pages} == {*(path.stem for path in DOCS.glob("*.md")), "404"}
    for path in pages:
        page = path.read_text()
        assert "assets/iframe-worker.js" in page  # else the search would ask for it elsewhere
        for tag in re.findall(r"<(?:link|script|img|iframe|source|video|audio|object|embed)\b[^>]*>", page):
            assert not re.search(r"""(?:src|href|srcset|data)=["']?(?:https?:)?//""", tag), f"{path.name}: {tag}"
    for path in (tmp_path / "site").rglob("*.css"):
        assert not re.search(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""", path.read_text()), path


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("[a](nowhere.md)", "there is no docs/nowhere.md"),
        ("[a](engine.md#nowhere)", "does not contain an anchor '#nowhere'"),
        ("![a](gallery/nowhere.png)", "gallery/nowhere.png"),
        ("[a](../workflow/nowhere.py)", "there is no workflow/nowhere.py"),
        ("<!-- README.md: Nowhere -->", "README.md has no heading 'Nowhere'"),
    ],
)
def test_a_link_that_leads_nowhere_is_told(wrong: str, told: str, tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CHANGELOG.md", "mkdocs.yml", "config.yaml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    for name in ("workflow", "profiles", "tests", "examples"):
        (tmp_path / name).symlink_to(PROJECT / name)
    shutil.copy(PROJECT / "CITATION.cff", tmp_path)
    page = tmp_path / "docs" / "gallery.md"
    page.write_text(f"{page.read_text()}\n{wrong}\n")
    result = build(tmp_path, tmp_path / "site")
    assert result.returncode != 0
    assert told in result.stdout + result.stderr


def test_code_is_fenced_and_its_language_named() -> None:
    for path in PAGES:
        prose = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"\n\n    \S", prose), f"{path}: an indented block of code"
    for block in BLOCKS:
        assert block.language in LANGUAGES, block


def test_files_and_targets_that_the_pages_name_are_there() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w -]+):(?!=)", makefile, flags=re.MULTILINE))
    targets = {name for line in targets for name in line.split()}
    assert {"demo", "site", "demo-stochastic"} <= targets
    named = re.compile(r"(?:workflow|tests|docs|profiles|envs|examples|config)/[\w./-]+")
    for path in PAGES:
        if path.name.startswith("add-"):
            continue  # they name what their diffs make
        for code in re.findall(r"`([^`\n]+)`", path.read_text()):
            if words := re.fullmatch(r"make ([\w-]+)", code):
                assert words[1] in targets, f"{path.name}: {code}"
            for file in named.findall(code):
                assert any(char in code for char in "<*{") or (PROJECT / file).exists(), f"{path.name}: {file}"
    assert set(re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[1].split()) <= targets


def test_the_data_flow_is_that_of_the_folders() -> None:
    """Each room, file of rules and folder of scripts has its place in the drawing, and the drawing names no other."""
    stages = [stage for row in data_flow.ROWS for stage in row]
    workflow = PROJECT / "workflow"
    shared = {"common", "cluster", "companions"}
    for stage in stages:
        assert all(list((workflow / "prunescape").glob(f"{room}*")) for room in stage.rooms), stage
        assert all(list((workflow / "rules").glob(f"{rules}.smk")) for rules in stage.rules), stage
        assert all((workflow / "scripts" / folder).is_dir() for folder in stage.scripts), stage
    rooms = {path.parent.name for path in workflow.glob("prunescape/*/__init__.py")}
    assert rooms <= {room for stage in stages for room in stage.rooms}
    drawn = {path for stage in stages for rules in stage.rules for path in (workflow / "rules").glob(f"{rules}.smk")}
    assert {path.stem for path in set((workflow / "rules").glob("*.smk")) - drawn} == shared
    assert (DOCS / "assets" / "data-flow.svg").read_text() == data_flow.drawing(), "run: make gallery"
