"""What rules share: one namespace, the code that their digests cover, and the files that their targets ask for."""

import ast
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import PROJECT, TINY, copy_project, merged, snakemake, write_config

from job_list import Job, jobs_of
from own_samples import NETS
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.models.catalogue import CATALOGUE as MODELS

pytestmark = pytest.mark.workflow

LIBRARY = PROJECT / "workflow" / "prunescape"
PIPELINES = ["scratch", "fine_tuning", "rate_rewinding", "weight_rewinding", "prune_at_init"]
STUDIES = ["stochastic", "mechanism", "coherence"]
# Modules of the library that are loaded by name, by the module that loads them.
LOADED = {
    "models/build.py": {"models/external.py", *(f"models/{info.module}.py" for info in MODELS.values())},
    "data/prepare.py": {f"data/sources/{info.module}.py" for info in DATA_SETS.values()},
}
FOREIGN = {"models/external.py"}  # loads timm and what the user has written, which `external_digest` covers
# What is known only when something else is there: parts of studies, and trainings that confirm.
OF_STUDIES = re.compile(
    r"/confirmation/|/(parts|networks|pretrained|cells|data)/|/models/[^/]+/dense/architecture\.json|-gaussian/"
)


def test_every_pipeline_goes_with_every_study_of_the_demo(project: Callable[..., Path]) -> None:
    folder = project()
    (folder / "more.yaml").write_text(json.dumps({"models": {"small_resnet": {"pipelines": PIPELINES}}}))
    files = ["--configfile", "config.yaml", "more.yaml"]
    assert "Job stats" in snakemake(folder, "all", *STUDIES, "-n", *files)
    assert "small_resnet" in snakemake(folder, "plan", *files)


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> list[Job]:
    """All jobs of two projects with each pipeline, study and kind of network, an imported one included."""
    folder = copy_project(tmp_path_factory.mktemp("everything") / "project")
    (folder / "nets.py").write_text(NETS)
    shared = {"data": {"name": "cifar10", "train_size": 1000}, "retraining": {"steps": 2}}
    shared |= {"engine": {"strategy": "auto"}}
    network = {"learning_rate": 0.1, "weight_decay": 0.005, "methods": ["uniform"], "ratios": [0.5]}
    models = dict.fromkeys(["vanilla_cnn", "mobilenetv2", "resnet18_cifar"], network)
    models |= {"small_resnet": {"pipelines": PIPELINES}}
    vit = {"optimiser": "adam", "learning_rate": 0.001}
    studies = {"stochastic": {"held_out": 100}, "mechanism": {}, "coherence": {"models": {"small_vit": vit}}}
    write_config(folder, merged(TINY, {**shared, "models": models, **studies}))
    jobs = jobs_of(folder, "all", "export", "provenance", *STUDIES)
    models = {"mine": {**network, "import": "nets:net", "pipelines": PIPELINES}, "vit_small": network}
    write_config(folder, {**merged(TINY, shared), "models": models})
    return jobs + jobs_of(folder, "all", "export", "provenance")


def dynamic_imports() -> Iterator[str]:
    """Files of the library, and scripts, that load modules by name."""
    for path in sorted([*LIBRARY.rglob("*.py"), *LIBRARY.parent.glob("scripts/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).split(".")[-1]
            if named in (
                "import_module",
                "__import__",
                "spec_from_file_location",
                "run_module",
                "run_path",
                "iter_modules",
            ):
                yield os.path.relpath(path, LIBRARY)


def test_it_is_known_which_modules_are_loaded_by_name() -> None:
    """A new place that does so must take its place in `LOADED`, so that the next tests ask for what it loads."""
    # test_plan.py asks for what these load.
    named = {"runtime/named.py", "../scripts/studies/state_claims.py"}
    assert set(dynamic_imports()) == {*LOADED, *FOREIGN, *named}
    for modules in LOADED.values():
        assert all((LIBRARY / module).is_file() for module in modules)


def test_the_digest_of_every_rule_covers_the_module_that_builds_its_network(everything: list[Job]) -> None:
    covered: set[str] = set()
    building = [job for job in everything if "prunescape/models/build.py" in job.code]
    for job in building:
        model = job.wildcards.get("model", "mlp")
        module = "external" if model == "mine" else MODELS[model].module
        assert f"prunescape/models/{module}.py" in job.code, job
        covered.add(f"models/{module}.py")
    assert covered == LOADED["models/build.py"] - {"models/imagenet_resnet.py"}  # too large for these images
    # An edit of what builds imported networks trains no others again.
    others = [job for job in building if job.rule.startswith("train") and job.wildcards.get("model") != "mine"]
    assert not [job for job in others if "prunescape/models/external.py" in job.code]
    assert {"describe_dense", "check_network", "train_dense", "train_tile", "calibrate", "prune"} <= {
        job.rule for job in building if job.wildcards.get("model") == "mine"
    }


def test_the_digest_of_the_data_covers_the_module_that_reads_them(everything: list[Job]) -> None:
    reading = [job for job in everything if "prunescape/data/prepare.py" in job.code]
    assert {job.rule for job in reading} == {"prepare"}
    assert all("prunescape/data/sources/cifar.py" in job.code for job in reading)


def asked_for(jobs: list[Job], *targets: str) -> set[str]:
    """The files that targets ask for."""
    return {path for job in jobs if job.rule in targets for path in job.input}


def test_targets_ask_for_every_file_of_their_jobs(everything: list[Job]) -> None:
    """Else a file that was deleted never comes back, where another one of its job is there."""
    asked = asked_for(everything, "all", "export", "provenance", "hpspace", *STUDIES)
    made = {path for job in everything for path in job.output if job.rule != "check_network"}
    assert not {path for path in made - asked if not OF_STUDIES.search(path)}


def test_targets_ask_for_every_file_that_is_documented(finished: Path, project: Callable[..., Path]) -> None:
    results = finished / "results" / "tiny"
    package = json.loads((results / "datapackage.json").read_text())
    patterns = [re.sub(r"\{\w+\}", "*", entry["path"]) for entry in package["resources"] + package["parts"]]
    table = (
        (PROJECT / "docs" / "hpspace.md").read_text().partition("## What comes out")[2].partition("\n\n`results/")[0]
    )
    rows = re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE)
    patterns += [f"hpspace/{name}" for row in rows for name in re.findall("`(.+?)`", row)]
    patterns += ["hpspace/figures/**/*.png", "index.html", "datapackage.json"]
    patterns += ["models/**/*.safetensors", "models/**/*.json"]
    named = {pattern: {path for path in results.glob(pattern) if path.is_file()} for pattern in patterns}
    assert [pattern for pattern, paths in named.items() if not paths] == ["hpspace/figures/"]
    paths = {path.relative_to(finished).as_posix() for found in named.values() for path in found}
    paths = {path for path in paths if "/confirmation/" not in path}  # known when the rounds before are there
    assert len(paths) > 50
    folder = project(TINY)
    assert not paths - asked_for(jobs_of(folder, "all"), "all")


@pytest.mark.parametrize(
    "names",
    [
        ["hpspace/verdict.txt", "hpspace/verdict.html", "index.html", "claims.csv", "datapackage.json"],
        ["hpspace/risk_cells.csv", "hpspace/timing.csv", "hpspace/channels.csv"],
        ["hpspace/tiles/small_resnet/dense/seed-0/-1_-1.history.csv", "models/small_resnet/dense/history.csv"],
    ],
    ids=["verdict", "tables", "histories"],
)
def test_a_deleted_file_comes_back(names: list[str], copied: Path) -> None:
    files = [f"results/tiny/{name}" for name in names]

    def content() -> list[bytes]:  # but for times that jobs took and claims were made, which the overview tells
        told = rb"\d+ jobs?, .*? altogether|Claims of [\d-]+ [\d:]+"
        return [re.sub(told, b"", (copied / file).read_bytes()) for file in files]

    before = content()
    for file in files:
        (copied / file).unlink()
    plan = snakemake(copied, "-n")
    made = {path for line in re.findall("^    output: (.*)$", plan, flags=re.MULTILINE) for path in line.split(", ")}
    assert set(files) <= made
    if "index.html" in names:  # the others take longer
        snakemake(copied)
        assert content() == before
        assert "Nothing to be done" in snakemake(copied, "-n")
