"""Every command, example and diff of the documentation is run, in a copy of the project with a study of seconds."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from conftest import PROJECT, copy_project, merged
from PIL import Image

pytestmark = pytest.mark.workflow
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", PROJECT / "config" / "README.md", *sorted(DOCS.glob("*.md"))]
PARTS = ["Makefile", "README.md", "CHANGELOG.md", "mkdocs.yml", "pyproject.toml", "requirements.txt"]
PARTS += ["requirements-dev.txt", "CITATION.cff", ".snakemake-workflow-catalog.yml"]
# The demo's config, companion studies and all, on few images and cells.
SMALL = {
    "seeds": [0],
    "data": {"train_size": 150, "validation_size": 200},
    "models": {"small_resnet": {"methods": ["uniform"], "ratios": [0.4]}},
    "grid": {"size": [1, 3], "tile": [1, 3]},
    "figures": {"formats": ["png"]},
}
ADDITIONS = ["add-criterion.md", "add-data-set.md", "add-study.md"]

SUITE = "is a part of `make test` itself"
CLUSTER = "needs a Slurm"
# Not run here: why, and what covers it.
ELSEWHERE = {
    "make test": (SUITE, ".ci/run"),
    "make gallery": ("takes the figures of whole demos", "tests/workflow/test_documentation.py"),
    "PYTHONPATH=workflow python -m pytest tests/unit/test_faults.py tests/unit/test_fuzz.py "
    "tests/unit/test_safety.py": (SUITE, "tests/unit/test_faults.py"),
    "python -m pytest tests/workflow/test_faults.py": (SUITE, "tests/workflow/test_faults.py"),
    "python -m pytest tests/workflow/test_staleness.py": (SUITE, "tests/workflow/test_staleness.py"),
    "PYTHONPATH=workflow python -m pytest tests/unit/test_lanes.py tests/unit/test_training.py "
    "tests/unit/test_training_stops.py": (SUITE, "tests/unit/test_lanes.py"),
    "snakemake --profile profiles/slurm --configfile my_study.yaml": (CLUSTER, "tests/slurm/test_restart.py"),
    'squeue --me --format="%.10i %.9P %.10T %.10M %.10l %k"': (CLUSTER, "tests/slurm/slurm_jobs.py"),
    "ls logs/slurm": (CLUSTER, "tests/slurm/test_faults.py"),
    "sudo tests/slurm/cluster up": (CLUSTER, "tests/slurm/conftest.py"),
    "sudo tests/slurm/cluster status": (CLUSTER, "tests/slurm/conftest.py"),
    "sudo tests/slurm/cluster down": (CLUSTER, "tests/slurm/conftest.py"),
    "snakemake export": ("trains again, and writes ONNX", "tests/workflow/test_export.py"),
    "snakemake provenance": ("with `snakemake export`", "tests/workflow/test_export.py"),
    "snakemake --configfile my_study.yaml --report results/my_study/report.html": (
        "`make demo` writes one",
        "tests/workflow/test_documentation.py",
    ),
}
# Whole studies: planned only. Small ones are run by the tests of each study.
PLANNED = re.compile(
    r"snakemake ((hpspace|stochastic|mechanism|coherence) )?--configfile (my_study|workflow/studies/\w+)\.yaml"
    r"|snakemake hpspace stochastic mechanism coherence|snakemake results/demo/\S+\.png"
)
# What a test makes shorter: the same command on a part.
SHORTER = {
    "make demo-stochastic": "make -n demo-stochastic",
    "make demo-mechanism": "make -n demo-mechanism",
    "make demo-coherence": "make -n demo-coherence",
    "PYTHONPATH=workflow python -m pytest tests/unit/test_pruning_criteria.py": "PYTHONPATH=workflow python -m pytest "
    "tests/unit/test_pruning_criteria.py -k 'deviation or filters_of_like_weights'",
    "snakemake --configfile stripes.yaml": "snakemake results/stripes/hpspace/cells.csv --configfile stripes.yaml",
    "cat results/stripes/hpspace/verdict.txt": "cat results/stripes/hpspace/cells.csv",
}


class Block(NamedTuple):
    page: str
    language: str
    text: str


def blocks(path: Path) -> list[Block]:
    """A page's fenced blocks."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```$", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [Block(path.relative_to(PROJECT).as_posix(), *block) for block in found]


BLOCKS = [block for path in PAGES for block in blocks(path)]


def commands(text: str) -> list[str]:
    """The commands of a block, without comments; one that takes lines until END is whole."""
    lines = iter(text.splitlines())
    found = []
    for line in lines:
        command = re.sub(r"\s+# .*$", "", line).strip()
        while command.endswith("\\"):
            command = command[:-1] + next(lines).strip()
        if "<<'END'" in command:
            command = "\n".join([command, *iter(lines.__next__, "END"), "END"])
        found += [command] if command else []
    return found


def prepared(folder: Path) -> Path:
    """A copy of the whole project, with an environment as `make` has it, and the small study for the demo's."""
    copy_project(folder)
    for part in PARTS:
        shutil.copy2(PROJECT / part, folder / part)
    skipped = shutil.ignore_patterns("__pycache__", ".*_cache")
    for part in ("config", "docs", "tests", "examples"):
        shutil.copytree(PROJECT / part, folder / part, ignore=skipped)
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(Path(sys.prefix) / part)
    for mark in ("run", "dev"):
        (folder / ".venv" / mark).touch()
    config = merged(yaml.safe_load((PROJECT / "config.yaml").read_text()), SMALL)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return folder


def run(folder: Path, command: str) -> str:
    """What a command prints, which must succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"PATH": f"{folder}/.venv/bin:{os.environ['PATH']}", "EDITOR": "true"}
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        timeout=900,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-4000:]}"
    return result.stdout


def here() -> list[str]:
    """The commands to run here, as they are run; each once."""
    found = []
    for block in BLOCKS:
        if block.language not in ("sh", "bash") or Path(block.page).name in ("own-network.md", *ADDITIONS):
            continue  # the tutorial has a test of its own, tests/workflow/test_own_network.py, additions have one below
        for command in commands(block.text):
            if command in ELSEWHERE:
                continue
            found.append(f"{command} -n" if PLANNED.fullmatch(command) else SHORTER.get(command, command))
    figures = [command.split()[1] for command in found if command.startswith("snakemake results/demo/")]
    found = [command for command in found if not command.startswith("snakemake results/demo/")]
    # Pages may count on what the README has made.
    return list(dict.fromkeys([*found, f"snakemake -n {' '.join(figures)}"]))


def test_exceptions_are_of_commands_that_are_there() -> None:
    every = {command for block in BLOCKS if block.language in ("sh", "bash") for command in commands(block.text)}
    assert {*ELSEWHERE, *SHORTER} <= every
    assert all((PROJECT / file).exists() for _, file in ELSEWHERE.values())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A project in which all commands have been run, and what they printed."""
    folder = prepared(tmp_path_factory.mktemp("documentation") / "project")
    return folder, {command: run(folder, command) for command in here()}


def test_the_commands_do_what_the_pages_say(done: tuple[Path, dict[str, str]]) -> None:
    folder, printed = done
    assert "small_resnet:" in printed["make demo"]
    assert (folder / "results/demo/report.html").is_file()
    assert (folder / "site/index.html").is_file()
    assert "Nothing to be done" in printed["snakemake -n"]
    finer = printed["snakemake -n --quiet rules --configfile config.yaml finer.yaml"]
    assert "figure_landscape" in finer
    assert "train_tile" not in finer
    assert "train_tile" in printed["snakemake -n --quiet rules --configfile config.yaml more.yaml"]


def test_examples_in_python_run(done: tuple[Path, dict[str, str]]) -> None:
    """But for those on exported networks, which tests/workflow/test_export.py covers."""
    folder, _ = done
    examples = [block for block in BLOCKS if block.language == "python"]
    covered = [block for block in examples if "onnxruntime" in block.text or "rocrate" in block.text]
    assert len(covered) == 2
    for block in examples:
        if block not in covered:
            (folder / "example.py").write_text(block.text)
            run(folder, "PYTHONPATH=workflow python example.py")


def test_the_gallery_takes_the_figures_that_its_page_names(done: tuple[Path, dict[str, str]]) -> None:
    folder, _ = done
    page = (DOCS / "gallery.md").read_text()
    figures = re.findall(r"^snakemake (results/\S+)$", page, flags=re.MULTILINE)
    pictures = re.findall(r"\]\((gallery/\w+\.png)\)", page)
    assert len(figures) == len(pictures) == len(set(pictures)) > 10
    assert {f"gallery/{path.name}" for path in (DOCS / "gallery").iterdir()} == set(pictures)
    assert sum((DOCS / picture).stat().st_size for picture in pictures) < 1.5e6
    for number, figure in enumerate(figures):
        (folder / figure).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2500, 100), (number, 0, 0)).save(folder / figure)
    run(folder, "make gallery")
    for number, picture in enumerate(pictures):
        with Image.open(folder / "docs" / picture) as image:
            assert image.width == 1250
            assert image.convert("RGB").getpixel((0, 0)) == (number, 0, 0)


def test_additions_are_complete(tmp_path: Path) -> None:
    """Each diff is applied, and what its page says is run; they keep the house's style and rules."""
    folder = prepared(tmp_path / "project")
    run(folder, "git init --quiet")
    printed = {}
    for name in ADDITIONS:
        (diff,) = [block.text for block in BLOCKS if block.page == f"docs/{name}" and block.language == "diff"]
        shell = [block.text for block in BLOCKS if block.page == f"docs/{name}" and block.language == "sh"]
        for command in [command for text in shell for command in commands(text)]:
            if command.startswith("git apply "):
                (folder / command.split()[-1]).write_text(diff)
            printed[command] = run(folder, SHORTER.get(command, command))
    assert printed["cat results/stripes/hpspace/verdict.txt"].count("small_resnet,") == 2
    assert printed["cat results/rounding/rounding/small_resnet.csv"].startswith("bits,top1\n2,")
    names = {"deviation", "stripes", "rounding.bits"}
    assert {name for name in names if name in (folder / "docs/config.md").read_text()} == names
    run(
        folder,
        "ruff check --no-cache . && ruff format --no-cache --check . && snakefmt --check Snakefile workflow/rules",
    )
    run(folder, "PYTHONPATH=workflow python -m pytest -q tests/unit/test_codehash.py -k rooms")
