"""The workflow as a module of another one: the example, run; and its overviews under other names."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from conftest import PROJECT, copy_project, planned, snakemake
from PIL import Image

pytestmark = [pytest.mark.workflow, pytest.mark.full]

RENAMED = """
configfile: "config.yaml"
module study:
    snakefile: "../../Snakefile"
    config: config
use rule * from study as study_*
"""


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the example, which has run."""
    folder = copy_project(tmp_path_factory.mktemp("module") / "project")
    shutil.copytree(PROJECT / "examples", folder / "examples", ignore=shutil.ignore_patterns("results", ".snakemake"))
    snakemake(folder / "examples" / "module")
    return folder / "examples" / "module"


def test_the_results_lie_with_the_workflow_that_imports(example: Path) -> None:
    results = example / "results" / "module_example"
    assert (results / "hpspace" / "verdict.txt").read_text().startswith("small_resnet: ")
    assert not (example.parents[1] / "results").exists()
    assert planned(example) == {}


def test_one_rule_is_overridden_and_the_others_are_not(example: Path) -> None:
    figures = example / "results/module_example/hpspace/figures/small_resnet"
    dots = {}
    for name in ("landscape_top1", "curves"):
        with Image.open(figures / f"{name}.png") as image:
            dots[name] = round(image.info["dpi"][0])
    assert dots == {"landscape_top1": 200, "curves": 150}


def test_a_rule_of_ones_own_goes_on_from_the_tables(example: Path) -> None:
    cells = pd.read_csv(example / "results/module_example/hpspace/cells.csv")
    best = pd.read_csv(example / "results/module_example/best_cells.csv")
    for variant, rows in best.groupby("variant"):
        expected = cells[cells["variant"] == variant]["top1"].nlargest(5)
        assert rows["top1"].tolist() == expected.tolist()


def test_a_module_may_rename_all_rules(example: Path) -> None:
    folder = example.parent / "renamed"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("Snakefile"))
    (folder / "Snakefile").write_text(RENAMED)
    # All is there, but for the figure as it is without the example's changes, and the page that shows it.
    assert planned(folder, "study_hpspace") == {
        "study_figure_hpspace_landscape": 1,
        "study_explore_hpspace": 1,
        "study_hpspace": 1,
    }
    assert "All cells are finished." in snakemake(folder, "study_status")
    assert "━" in snakemake(folder, "study_watch")


def test_a_module_from_a_web_page_says_what_to_do_instead(example: Path, tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(PROJECT))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/Snakefile"
        (tmp_path / "Snakefile").write_text(RENAMED.replace("../../Snakefile", address))
        shutil.copy2(example / "config.yaml", tmp_path)
        output = snakemake(tmp_path, "-n", "--cores", "1", status=1)
        server.shutdown()
    assert "clone the project and give the module its path" in output
