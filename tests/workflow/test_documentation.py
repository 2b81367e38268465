"""Every command and example of the documentation is run, in a copy of the project with a study of seconds."""

import re
from pathlib import Path

import pytest
from PIL import Image

from documented import ADDITIONS, BLOCKS, DOCS, SHELL, SHORTER, commands, prepared, run
from project_copy import PROJECT

pytestmark = pytest.mark.workflow

OWN = ("needs a network of the reader's", "tests/workflow/test_own_network.py")
SUITE = "is a part of `make test` itself"
CLUSTER = "needs a Slurm"
LOOP = ("needs a training loop", "tests/unit/test_own_trainings.py")
# Not run here: why, and what covers it.
ELSEWHERE = {
    "make test": (SUITE, ".ci/run"),
    "make test-full": (SUITE, ".ci/run"),
    "pip install .": ("installs into the reader's environment", "tests/unit/test_command.py"),
    "prunescape init": ("needs it installed", "tests/unit/test_command.py"),
    "python docs/tools/results.py results/demo results/fashion_mnist*": (
        "takes whole runs",
        "tests/unit/test_committed_results.py",
    ),
    "make gallery": ("takes the figures of whole demos", "tests/workflow/test_documentation.py"),
    "PYTHONPATH=workflow python -m pytest tests/unit/test_faults.py tests/unit/test_hpspace_cells.py "
    "tests/unit/test_fuzz.py tests/unit/test_results.py tests/unit/test_drill.py tests/unit/test_safety.py": (
        SUITE,
        "tests/unit/test_drill.py",
    ),
    "python -m pytest tests/workflow/test_faults.py tests/workflow/test_rules.py tests/workflow/test_staleness.py "
    "tests/workflow/test_drill.py": (SUITE, "tests/workflow/test_drill.py"),
    "python -m pytest tests/workflow/test_staleness.py": (SUITE, "tests/workflow/test_staleness.py"),
    "PYTHONPATH=workflow python -m pytest tests/unit/test_lanes.py tests/unit/test_any_network.py "
    "tests/unit/test_training*.py": (
        SUITE,
        "tests/unit/test_lanes.py",
    ),
    "prunescape init own.yaml --network mypackage.nets:build --name mynet --data /data/birds --weights mynet.pt "
    "--learning-rate 0.05 --weight-decay 0.001": OWN,
    "prunescape check own.yaml": OWN,
    "prunescape plan own.yaml": OWN,
    "prunescape run own.yaml": OWN,
    "snakemake --profile profiles/slurm --configfile my_study.yaml": (CLUSTER, "tests/slurm/test_restart.py"),
    'squeue --me --format="%.10i %.9P %.10T %.10M %.10l %k"': (CLUSTER, "tests/slurm/slurm_jobs.py"),
    "ls logs/slurm": (CLUSTER, "tests/slurm/test_faults.py"),
    "sudo tests/slurm/cluster up": (CLUSTER, "tests/slurm/conftest.py"),
    "sudo tests/slurm/cluster status": (CLUSTER, "tests/slurm/conftest.py"),
    "sudo tests/slurm/cluster down": (CLUSTER, "tests/slurm/conftest.py"),
    "snakemake export": ("trains again, and writes ONNX", "tests/workflow/test_export.py"),
    "tensorboard --logdir results/demo/trackers/tensorboard": ("is the reader's", "tests/unit/test_export_trackers.py"),
    "snakemake provenance": ("with `snakemake export`", "tests/workflow/test_export.py"),
    "snakemake suggest --configfile config.yaml own.yaml --config 'own={network: dense}' > next.csv": LOOP,
    "snakemake confirm --configfile config.yaml own.yaml > next.csv": LOOP,
    "snakemake answer --configfile config.yaml own.yaml": LOOP,
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


def here() -> list[str]:
    """The commands to run here, as they are run; each once."""
    found = []
    for block in BLOCKS:
        if block.language not in SHELL or Path(block.page).name in ("own-network.md", *ADDITIONS):
            continue  # run by test_own_network.py and test_additions.py
        for command in commands(block.text):
            if command in ELSEWHERE:
                continue
            found.append(f"{command} -n" if PLANNED.fullmatch(command) else SHORTER.get(command, command))
    figures = [command.split()[1] for command in found if command.startswith("snakemake results/demo/")]
    found = [command for command in found if not command.startswith("snakemake results/demo/")]
    # Pages may count on what the README has made.
    return list(dict.fromkeys([*found, f"snakemake -n {' '.join(figures)}"]))


def test_exceptions_are_of_commands_that_are_there() -> None:
    every = {command for block in BLOCKS if block.language in SHELL for command in commands(block.text)}
    assert {*ELSEWHERE, *SHORTER} <= every
    assert all((PROJECT / file).exists() for _, file in ELSEWHERE.values())


@pytest.mark.full
def test_the_commands_do_what_the_pages_say(tmp_path: Path) -> None:
    """All in one project, and in one test, so that no two workers run them."""
    folder = prepared(tmp_path / "project")
    printed = {command: run(folder, command) for command in here()}
    assert "small_resnet:" in printed["make demo"]
    assert (folder / "results/demo/report.html").is_file()
    assert (folder / "site/index.html").is_file()
    assert "Nothing to be done" in printed["snakemake -n"]
    finer = printed["snakemake -n --quiet rules --configfile config.yaml finer.yaml"]
    assert "figure_hpspace_landscape" in finer
    assert "train_tile" not in finer
    assert "train_tile" in printed["snakemake -n --quiet rules --configfile config.yaml more.yaml"]
    examples_in_python_run(folder)
    the_gallery_takes_the_figures_that_its_page_names(folder)


def examples_in_python_run(folder: Path) -> None:
    """Run the pages' Python, but for what export and own loops have tests of their own for."""
    examples = [block for block in BLOCKS if block.language == "python"]
    covered = [block for block in examples if "onnxruntime" in block.text or "rocrate" in block.text]
    covered += [block for block in examples if Path(block.page).name == "own-trainings.md"]
    assert len(covered) == 4
    for block in examples:
        if block not in covered:
            (folder / "example.py").write_text(block.text)
            run(folder, "PYTHONPATH=workflow python example.py")


def the_gallery_takes_the_figures_that_its_page_names(folder: Path) -> None:
    """Each figure comes where the page shows it, in half of its width."""
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
