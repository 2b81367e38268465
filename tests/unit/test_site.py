"""The documentation as a site: every link leads somewhere, no other host is asked, and what it names is there."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

from browser import Browser, find_browser
from documented import BLOCKS, DOCS, PAGES, Block
from project_copy import PROJECT
from prunescape.studies.registry import COMPANIONS

LANGUAGES = {"sh", "bash", "python", "yaml", "text", "diff", "snakemake"}
sys.path.insert(0, str(DOCS / "tools"))
import site_hooks  # noqa: E402

PAGE = SimpleNamespace(file=SimpleNamespace(src_uri="page.md"))


def build(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a project as `make site` does."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation") / "site"
    result = build(PROJECT, folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_every_page_is_there_and_asks_no_other_host(site: Path) -> None:
    # The pages of results are no pages of the site, and hold all that they show.
    pages = [path for path in site.rglob("*.html") if path.parents[1].parent.name != "results"]
    assert {path.stem for path in pages} == {*(path.stem for path in DOCS.glob("*.md")), "404"}
    for path in pages:
        page = path.read_text()
        assert "assets/iframe-worker.js" in page  # else the search would ask for it elsewhere
        for tag in re.findall(r"<(?:link|script|img|iframe|source|video|audio|object|embed)\b[^>]*>", page):
            assert not re.search(r"""(?:src|href|srcset|data)=["']?(?:https?:)?//""", tag), f"{path.name}: {tag}"
    for path in site.rglob("*.css"):
        assert not re.search(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""", path.read_text()), path


@pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (Debian package chromium)")
def test_the_search_finds_without_a_server(site: Path, tmp_path: Path) -> None:
    browser = Browser(tmp_path / "profile")
    try:
        wanted = {
            "checkpoint": "The engine",
            "retune": "Tune again",
            "keep": "keeps an answer",
            "own network": "Your own",
        }
        for words, title in wanted.items():
            browser.open(f"{(site / 'index.html').as_uri()}?q={words.replace(' ', '+')}", 1280)
            deadline = time.monotonic() + 60
            while not browser.evaluate("document.querySelectorAll('.md-search-result__item').length"):
                assert time.monotonic() < deadline, (words, browser.messages)
                time.sleep(0.1)
            found = browser.evaluate("document.querySelector('.md-search-result__list').innerText")
            assert title in found[: len(title) if words == "own network" else None], (words, found)
        assert all(request.startswith(("file:", "data:", "about:")) for request in browser.requests), browser.requests
    finally:
        browser.close()


@pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (Debian package chromium)")
def test_no_table_is_cut_off(site: Path, tmp_path: Path) -> None:
    """On a screen none of any page; on a phone none of the config reference."""
    browser = Browser(tmp_path / "profile")
    wider = "e => e.scrollWidth > e.parentElement.clientWidth + 1"
    cut = f"[...document.querySelectorAll('.md-typeset__table')].filter({wider}).length"
    try:
        for page in sorted(site.glob("*.html")):
            browser.open(page.as_uri(), 1400)
            assert browser.evaluate(cut) == 0, page.name
        browser.open((site / "config.html").as_uri(), 390)
        assert browser.evaluate(cut) == 0
        assert browser.evaluate("document.documentElement.scrollWidth") == 390
    finally:
        browser.close()


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    parts = "README.md CHANGELOG.md CITATION.cff mkdocs.yml workflow profiles tests examples"
    for part in parts.split():
        (tmp_path / part).symlink_to(PROJECT / part)
    shutil.copy(PROJECT / "config.yaml", tmp_path)
    page = tmp_path / "docs" / "gallery.md"
    page.write_text(page.read_text() + "\n[a](engine.md#nowhere)\n\n![a](gallery/nowhere.png)\n")
    result = build(tmp_path, tmp_path / "site")
    assert result.returncode != 0
    assert "does not contain an anchor '#nowhere'" in result.stderr
    assert "'gallery/nowhere.png'" in result.stderr


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("[a](nowhere.md)", "page.md: there is no docs/nowhere.md"),
        ("[a](../workflow/nowhere.py)", "page.md: there is no workflow/nowhere.py"),
        ("<!-- README.md: Nowhere -->", "README.md has no heading 'Nowhere'"),
    ],
)
def test_so_are_those_out_of_the_site(wrong: str, told: str) -> None:
    with pytest.raises(PluginError, match=re.escape(told)):
        site_hooks.on_page_markdown(wrong, PAGE)


def test_what_the_pages_take_in() -> None:
    text = "[a](../config.yaml) [b](engine.md#checkpoints) [c](../README.md)\n```text\n[d](../nowhere)\n```\n"
    expected = "`config.yaml` [b](engine.md#checkpoints) `README.md`\n```text\n[d](../nowhere)\n```\n"
    assert site_hooks.on_page_markdown(text, PAGE) == expected
    taken = site_hooks.on_page_markdown("<!-- README.md: Try it -->", PAGE)
    assert "make demo\n" in taken
    assert "](statistics.md#the-decision)" in taken
    assert "## " not in taken


def test_code_is_fenced_and_its_language_named() -> None:
    for path in PAGES:
        prose = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"\n\n    \S", prose), f"{path}: an indented block of code"
    for block in BLOCKS:
        assert block.language in LANGUAGES, block


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "diff"], ids=lambda block: block.page)
def test_diffs_of_the_pages_can_be_applied(block: Block) -> None:
    command = ["git", "apply", "--check", "-"]
    result = subprocess.run(command, cwd=PROJECT, input=block.text, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    whole_study = block.page.endswith("add-study.md")
    lines = block.text.splitlines()
    added = [line for line in lines if line.startswith("+") and not line.startswith("+++")]
    assert not whole_study or (len(lines) <= 91 and len(added) <= 60)


def test_files_and_targets_that_the_pages_name_are_there() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w% -]+):(?!=)", makefile, flags=re.MULTILINE))
    targets = {name for line in targets for name in line.split()}
    of_studies = {name for name in targets if name.startswith("demo-%")}
    targets |= {name.replace("%", study.name) for study in COMPANIONS for name in of_studies}
    assert {"demo", "site", "demo-stochastic"} <= targets
    named = re.compile(r"(?:workflow|tests|docs|profiles|envs|examples|config)/[\w./-]+")
    made = {"envs/prunescape.sif"}  # by the reader
    for path in PAGES:
        if path.name.startswith("add-"):
            continue  # they name what their diffs make
        for code in re.findall(r"`([^`\n]+)`", path.read_text()):
            if words := re.fullmatch(r"make ([\w-]+)", code):
                assert words[1] in targets, f"{path.name}: {code}"
            for file in named.findall(code):
                known = file in made or (PROJECT / file).exists()
                assert known or any(char in code for char in "<*{"), f"{path.name}: {file}"
    assert set(re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[1].split()) <= targets
