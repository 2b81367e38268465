"""The documentation as a site: every link leads somewhere, no other host is asked, and what it names is there."""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType, SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

from browser import Browser, find_browser
from documented import BLOCKS, DOCS, PAGES
from project_copy import PROJECT, TINY, merged
from prunescape.plan.plan import Plan
from prunescape.studies.registry import COMPANIONS

LANGUAGES = {"sh", "bash", "python", "yaml", "text", "diff", "snakemake"}
sys.path.insert(0, str(DOCS / "tools"))
import data_flow  # noqa: E402
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
    pages = list(site.rglob("*.html"))
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
        browser.open(f"{(site / 'index.html').as_uri()}?q=checkpoint", 1280)
        deadline = time.monotonic() + 60
        while not browser.evaluate("document.querySelectorAll('.md-search-result__item').length"):
            assert time.monotonic() < deadline, browser.messages
            time.sleep(0.1)
        assert "The engine" in browser.evaluate("document.querySelector('.md-search-result__list').innerText")
        assert all(request.startswith(("file:", "data:", "about:")) for request in browser.requests), browser.requests
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
    assert "](statistics.md)" in taken
    assert "## " not in taken


def test_code_is_fenced_and_its_language_named() -> None:
    for path in PAGES:
        prose = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"\n\n    \S", prose), f"{path}: an indented block of code"
    for block in BLOCKS:
        assert block.language in LANGUAGES, block


def test_files_and_targets_that_the_pages_name_are_there() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w% -]+):(?!=)", makefile, flags=re.MULTILINE))
    targets = {name for line in targets for name in line.split()}
    targets |= {f"demo-{study.name}" for study in COMPANIONS if "demo-%" in targets}
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


def test_the_way_from_a_number_to_its_code_is_there() -> None:
    """Rules, tables and functions of the page's table are those of the workflow."""
    plan = Plan(
        merged(TINY, {"grid": {"step": 0.2}, **{of.name: {} for of in COMPANIONS}, "stochastic": {"held_out": 20}})
    )
    steps = {step.name: step for step in plan.steps}
    written = {Path(path).name for step in plan.steps for job in step.all_jobs() for path in job.outputs.values()}
    rows = re.findall(
        r"^\| .+ \| `(\S+\.csv)` \| `(\w+)` \| (.+) \|$", (DOCS / "data-flow.md").read_text(), re.MULTILINE
    )
    assert {steps[rule].script.partition("/")[0] for _, rule, _ in rows} >= {
        "hpspace",
        "models",
        *(of.name for of in COMPANIONS),
    }
    for table, rule, functions in rows:
        assert table in written, table
        assert steps[rule].script == "studies/table.py" or rule.startswith(Path(steps[rule].script).stem), rule
        for names, file in re.findall(r"((?:`\w+`(?: and )?)+) in `([\w/.]+)`", functions):
            for name in re.findall(r"\w+", names.replace(" and ", " ")):
                assert f"def {name}(" in (PROJECT / file).read_text(), f"{name} in {file}"


def walk(title: str) -> dict[str, list[str]]:
    """The files of a walk through the code, in its order, each with the functions that the page names."""
    text = (DOCS / "data-flow.md").read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \| `(.+?)` \|([^|]*)\|", text, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))
    beside = [(name, file) for name, file in re.findall(r"`(\w+)` in\s+`([\w/.]+)`", text)]
    found = {file: re.findall(r"`(.+?)`", functions) for _, file, functions in rows}
    return {**found, **{file: [name] for name, file in beside}}


def names_in(tree: ast.AST, before: str = "") -> set[str]:
    """Names of the functions and classes of a module, those in classes after theirs and a dot."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found |= {f"{before}{node.name}"} | names_in(node, f"{before}{node.name}.")
    return found


@pytest.mark.parametrize("title", ["From a learning rate to its row", "From a ratio to a pruned network"])
def test_the_functions_of_a_walk_are_there(title: str) -> None:
    files = walk(title)
    assert len(files) > 10
    for file, functions in files.items():
        text = (PROJECT / file).read_text()
        if file.endswith(".py"):
            assert {*functions} <= names_in(ast.parse(text)), file
        if file.endswith(".smk"):
            rule = re.search(rf"^\| \d+ \| `{file}` \| rule `(\w+)`", (DOCS / "data-flow.md").read_text(), re.MULTILINE)
            assert rule is not None
            assert f"rule {rule[1]}:" in text, file


def holds(value: object, number: float) -> bool:
    """Whether a number is among a value's parts."""
    if isinstance(value, dict):
        return any(holds(part, number) for part in value.values())
    return any(holds(part, number) for part in value) if isinstance(value, list | tuple) else value == number


@pytest.mark.parametrize(
    ("title", "changes", "number", "step", "wildcards"),
    [
        (
            "From a learning rate to its row",
            {"learning_rate": 0.0123456},
            0.0123456,
            "train_tile",
            {"variant": "dense", "seed": "0", "i": "-1", "j": "-1"},
        ),
        (
            "From a ratio to a pruned network",
            {"ratios": [0.34567]},
            0.34567,
            "prune",
            {"pruned": "uniform-0.34567"},
        ),
    ],
)
def test_a_number_passes_no_other_files_of_the_plan(
    title: str, changes: dict, number: float, step: str, wildcards: dict[str, str]
) -> None:
    """Every function that gives it, alone or among others, stands in a file that the page names."""
    plan = Plan(merged(TINY, {"models": {"small_resnet": changes}}))
    seen = set()

    def watch(frame: FrameType, event: str, value: object) -> None:
        if event == "return" and holds(value, number):
            seen.add(Path(frame.f_code.co_filename))

    steps = {one.name: one for one in plan.steps}
    sys.setprofile(watch)
    try:
        settings = steps[step].settings({"model": "small_resnet", **wildcards})
    finally:
        sys.setprofile(None)
    assert holds(settings, number)
    files = {path.relative_to(PROJECT).as_posix() for path in seen if path.is_relative_to(PROJECT / "workflow")}
    assert files <= walk(title).keys()
    assert "workflow/prunescape/plan/step.py" in files


def test_the_data_flow_is_that_of_the_folders() -> None:
    """Each room, file of rules and folder of scripts has its place in the drawing, and the drawing names no other."""
    stages = [stage for row in data_flow.ROWS for stage in row]
    workflow = PROJECT / "workflow"
    for stage in stages:
        assert all(list((workflow / "prunescape").glob(f"{room}*")) for room in stage.rooms), stage
        assert all(list((workflow / "rules").glob(f"{rules}.smk")) for rules in stage.rules), stage
        assert all((workflow / "scripts" / folder).is_dir() for folder in stage.scripts), stage
    rooms = {path.parent.name for path in workflow.glob("prunescape/*/__init__.py")}
    assert rooms <= {room for stage in stages for room in stage.rooms}
    drawn = {path for stage in stages for rules in stage.rules for path in (workflow / "rules").glob(f"{rules}.smk")}
    assert set((workflow / "rules").glob("*.smk")) == drawn
    for row in data_flow.ROWS:
        width = data_flow.WIDTH / len(row) - data_flow.GAP
        for stage in row:
            names = [f"{name}.smk" for name in stage.rules], stage.rooms, stage.results
            assert all(60 + 7.9 * len(" ".join(line)) < width for line in names), f"{stage.title}: too long for its box"
    assert (DOCS / "assets" / "data-flow.svg").read_text() == data_flow.drawing(), "run: make gallery"
