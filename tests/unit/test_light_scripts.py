"""What a script imports decides how long its job takes to start: those that only read tables import no torch."""

import ast
from pathlib import Path

import pytest

from prunescape.runtime import fingerprint
from prunescape.studies.registry import STUDIES
from prunescape.studies.study import Study, module_of

SLOW = {"torch", "torchvision", "torch_pruning", "ptflops"}  # two seconds of a core and more
# Scripts that train, evaluate or describe networks. A new script stands here only if it does so, too.
OF_NETWORKS = {
    *("coherence/measure_runs", "coherence/prepare_gaussian", "coherence/prune_parents", "coherence/retrain_masks"),
    *("coherence/train_run", "coherence/train_widths"),
    *("export/export_network", "export/train_chosen"),
    "hpspace/train_tile",
    *("mechanism/ablate_channels", "mechanism/ablate_epochs", "mechanism/ablate_pruned", "mechanism/ablate_sizes"),
    *("mechanism/connect_cycles", "mechanism/connect_seeds", "mechanism/map_surfaces", "mechanism/pretrain_sizes"),
    *("mechanism/prune_in_cycles", "mechanism/retrain_pruned"),
    *("models/calibrate", "models/check_network", "models/describe_dense", "models/prune", "models/train_dense"),
    "studies/measure",
    *("stochastic/evaluate", "stochastic/evaluate_structured", "stochastic/fine_tune", "stochastic/search"),
    *("stochastic/measure_feature_variance", "stochastic/measure_weight_cdf"),
}


def imported(file: Path) -> set[str]:
    """Names of all modules that importing a file imports at once, those of the library with what they import."""
    names: set[str] = set()
    seen: set[Path] = set()
    pending = [file]
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        for node in ast.parse(path.read_text()).body:
            found = []
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found = [f"{node.module}.{alias.name}" for alias in node.names]
            names.update(found)
            pending += [module for name in found for module in fingerprint._module_files(name)]
    return {name.split(".")[0] for name in names}


def test_scripts_that_only_read_tables_start_without_torch() -> None:
    files = fingerprint.SCRIPTS.rglob("*.py")
    scripts = {path.relative_to(fingerprint.SCRIPTS).with_suffix("").as_posix(): path for path in files}
    slow = {name for name, path in scripts.items() if imported(path) & SLOW}
    assert slow == OF_NETWORKS


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_functions_that_studies_name_start_without_torch(study: Study) -> None:
    functions = [*(figure.draw for figure in study.figures), *(analysis.function for analysis in study.analyses)]
    modules = {fingerprint._locate(module_of(function)) for function in functions}
    assert modules
    assert not [path for path in modules if imported(path) & SLOW]


@pytest.mark.parametrize("module", ["plan.plan", "config.reading", "runtime.fingerprint", "studies.registry"])
def test_the_workflow_is_parsed_without_anything_heavy(module: str) -> None:
    """As every job on a cluster parses it."""
    heavy = SLOW | {"numpy", "pandas", "scipy", "sklearn", "matplotlib", "snakemake"}
    assert not imported(fingerprint._locate(f"prunescape.{module}")) & heavy
