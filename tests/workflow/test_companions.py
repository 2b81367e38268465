"""What is alike in all companion studies, end to end: outputs, the page, the same bytes again, and what reruns what."""

import re
import shutil
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import COMPANIONS, TINY, check_tables, copy_project, merged, planned, restored, snakemake, write_config

from plan_graph import Node, edited, graph, rules, stale
from prunescape.claims.study import StudyClaims
from prunescape.studies import registry

pytestmark = pytest.mark.workflow

WAYS = {"pruning": ["weights", "channels"], "retraining": ["fine_tuning", "rewinding"]}
OF = {"model": ["small_resnet"], "method": ["magnitude", "grasp"], **WAYS}
# By study: tables, figures, claims on each model, and rules that its plan names.
THERE: dict[str, tuple[int, int, dict[str, int], list[str]]] = {
    "stochastic": (30, 14, {"small_resnet": 54}, ["evaluate_sweep", "confirm_noise", "confirm_structured"]),
    "mechanism": (25, 13, {"small_resnet": 78}, ["prune_in_cycles", "retrain_channel_sets"]),
    "coherence": (
        *(17, 19, {"small_resnet": 54, "mlp": 38}),
        ["train_run", "measure_runs", "retrain_masks", "train_widths", "prune_parents", "retrain_children"],
    ),
}
every_study = pytest.mark.parametrize("study", COMPANIONS)


@every_study
def test_every_table_figure_and_claim_is_there(study: str, studied: Path) -> None:
    folder = studied / "results" / "tiny" / study
    tables, figures, claims, _ = THERE[study]
    written = {path.stem: pd.read_csv(path) for path in folder.glob("*.csv")}
    assert len(written) == tables
    assert all(len(table) and {"model", "width"} & {*table} for table in written.values())
    patterns = [(of.pattern, of.wildcards) for of in next(of for of in registry.COMPANIONS if of.name == study).figures]
    expected = {
        f"{pattern.format(**dict(zip(names, values, strict=True)))}.png"
        for pattern, names in patterns
        for values in product(*(OF[name] for name in names))
    }
    drawn = {path.relative_to(folder / "figures").as_posix() for path in folder.rglob("*.png")}
    assert drawn == expected
    assert len(drawn) == figures
    stated = StudyClaims.read(folder / "claims.json")
    assert {model: len(stated.of(model)) for model in stated.models} == claims
    assert (folder / "claims.txt").read_text().startswith("In short:\n- ")
    assert not list(studied.glob("results/tiny/checkpoints/*/*"))


@every_study
def test_the_page_shows_all_of_it_and_is_found(study: str, studied: Path) -> None:
    results = studied / "results" / "tiny"
    check_tables(results / study)
    page = (results / study / "explore.html").read_text()
    assert page.count("data:image/webp;base64,") == len(list((results / study).rglob("*.png")))
    tables = {path.name for path in (results / study).glob("*.csv")} - {"claims.csv"}
    by_source = "What the source claims" in page
    assert page.count("<details") == 2 + by_source + 2 * len(tables)  # a table, and what its columns mean
    assert re.search(r"Run tiny, results of \d{4}-\d\d-\d\d \d\d:\d\d\.", page)
    assert "not told" not in page  # every job's log is there, and tells on what it ran
    assert len(page) < 5_000_000
    assert f'href="{study}/explore.html"' in (results / "index.html").read_text()
    assert f"explore: results/tiny/{study}/explore.html" in snakemake(studied, "status", study)


@every_study
def test_nothing_is_left_to_do_and_plan_and_status_know(study: str, studied: Path) -> None:
    assert planned(studied, study) == {}
    plan = snakemake(studied, "plan", study)
    assert all(rule in plan for rule in THERE[study][3])
    assert "uniform-0.4" not in plan
    both = snakemake(studied, "status")
    assert "uniform-0.4" in both
    assert f"claims: results/tiny/{study}/claims.txt" in both


def parts(study: str, *names: str) -> list[str]:
    return [f"results/tiny/{study}/parts/{name}.csv" for name in names]


ONE_SEED = {
    "stochastic": [
        *parts("stochastic", *(f"{of}/small_resnet/seed-0" for of in ("sweep", "search", "search_progress", "fronts"))),
        *parts("stochastic", "feature_variance/small_resnet/seed-0"),
        "results/tiny/stochastic/pretrained/small_resnet/seed-0/weights.safetensors",
    ],
    "mechanism": parts(
        *("mechanism", "utility_epochs/small_resnet/seed-0", "cycles/small_resnet/seed-0_rewinding"),
        *("surface/small_resnet/seed-0", "retrained/small_resnet/seed-0"),
    ),
}


@pytest.mark.full
@every_study
def test_the_same_bytes_again(study: str, studied: Path, tmp_path: Path) -> None:
    """What is measured on one seed, once more, on other threads and with other hashes."""
    other = copy_project(tmp_path / "other")
    write_config(other, merged(COMPANIONS[study], {"engine": {"threads": 2}}))
    found = [path.relative_to(studied) for path in studied.glob("results/tiny/coherence/parts/*/*/*.csv")]
    kept = [path for path in found if path.parent.name == "small_resnet" or path.parts[-3] == "children_fixed"]
    wanted = ONE_SEED.get(study) or [path.as_posix() for path in kept]
    assert len(wanted) == {"stochastic": 6, "mechanism": 4, "coherence": 13}[study]
    snakemake(other, *wanted, "--cores", "2", hashes=1)
    for path in wanted:
        assert (other / path).read_bytes() == (studied / path).read_bytes(), path


@pytest.mark.full
@pytest.mark.parametrize(
    ("study", "jobs"),
    [
        ("stochastic", {"pretrain": 1, "evaluate_sweep": 1, "search": 1}),
        ("mechanism", {"pretrain_sizes": 1, "prune_in_cycles": 2, "map_surfaces": 1}),
    ],
)
def test_only_the_new_seed_is_trained(study: str, jobs: dict[str, int], studied: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(studied, tmp_path / "copy"))
    write_config(folder, merged(COMPANIONS[study], {"seeds": [0, 1, 2]}))
    assert jobs.items() <= planned(folder, study).items()


@pytest.mark.parametrize("study", ["stochastic", pytest.param("mechanism", marks=pytest.mark.full)])
def test_a_study_that_is_not_in_the_config(study: str, project: Callable[..., Path]) -> None:
    folder = project(TINY)
    output = snakemake(folder, study, status=1)
    assert f"config: {study}: is missing; write '{study}: {{}}'" in output


# What reruns what: told by identities and files of the plan, as test_staleness.py asks Snakemake, too.

# Rules that run again together. `table`, `state`, `figure:grid` and so on are those of the study.
OF_STUDY = {"table", "state", "explore", "figure"}
GROUPS: dict[str, dict[str, str]] = {
    "stochastic": {
        "ANSWERS": "table state",
        "SUMMARY": "table:sweep_intervals table:1 figure:best_draws figure:grid figure:seeds figure:one_shot",
        "CONFIRMED": "ANSWERS SUMMARY confirm_noise table:baselines table:deployment figure:transfer figure:swaps "
        "figure:weight_cdf",
        "TUNED": "fine_tune figure:fine_tuning figure:basins table:2 table:3",
        "CELL": "TUNED CONFIRMED confirm_structured choose_cell",
        "SEARCHES": "search table:1 figure:best_draws figure:fronts figure:search_progress",
        "STRUCTURED": "evaluate_structured figure:structured",
        "FEATURES": "measure_feature_variance figure:feature_variance",
        "EVERYTHING": "CELL SEARCHES STRUCTURED FEATURES evaluate_sweep evaluate_grid",
    },
    "mechanism": {
        "ANSWERS": "table state",
        "EPOCHS": "ANSWERS ablate_epochs table:utility_epochs_summary table:utility_ranks figure:utility_epochs "
        "figure:utility_bands figure:utility_explained",
        "SIZES": "ANSWERS ablate_sizes table:utility_sizes_summary figure:utility_sizes",
        "PRUNED": "ANSWERS ablate_pruned table:utility_pruned_summary figure:utility_pruned",
        "SAMPLED": "EPOCHS SIZES PRUNED ablate_channels figure:utility_channels",
        "SURFACES": "table map_surfaces figure:surfaces",
        "LINES": "ANSWERS connect_cycles figure:barriers",
        "SEEDS_TOO": "ANSWERS connect_seeds figure:barriers",
        "RETRAINED": "PRUNED retrain_pruned table:2",
        "PREDICTED": "ANSWERS retrain_channel_sets table:prediction_correlations figure:prediction",
        "CYCLED": "SURFACES LINES prune_in_cycles figure:cycles table:1",
    },
    "coherence": {
        "SPARSE": "table choose_masks retrain_masks",
        "MLPS": "table train_widths prune_parents retrain_children",
    },
}


def rules_of(study: str, words: str) -> set[str]:
    """The rules that words stand for."""
    found: set[str] = set()
    for word in words.split():
        kind, _, name = word.partition(":")
        whole = "_".join(filter(None, (kind, study, name))) if kind in OF_STUDY else word
        found |= rules_of(study, GROUPS[study][word]) if word in GROUPS[study] else {whole}
    return found


# By study: what is changed in the config, and what runs again.
CHANGES: dict[str, list[tuple[dict[str, Any], str]]] = {
    "stochastic": [
        ({"grid": {"size": [5, 5], "tile": [5, 5]}}, ""),  # the main job's
        ({"figures": {"colour_map": "cividis"}}, ""),
        ({"engine": {"threads": 2}}, ""),
        ({"stochastic": {"tolerance": 1.0}}, "SUMMARY state"),
        (
            {"stochastic": {"confirm": {"generation": 2}}},
            "CONFIRMED TUNED confirm_structured pretrain",
        ),
        ({"stochastic": {"fine_tuning": {"epochs": 3}}}, "ANSWERS TUNED"),
        ({"stochastic": {"search": {"budget": 16}}}, "ANSWERS SEARCHES"),
        ({"stochastic": {"structured": {"draws": 3}}}, "STRUCTURED CELL"),
        ({"stochastic": {"grid": {"draws": 6}}}, "CELL evaluate_grid"),
        ({"stochastic": {"perturbed": "all"}}, "EVERYTHING"),
        ({"stochastic": {"held_out": 25}}, "EVERYTHING pretrain"),
        ({"recipe": {"momentum": 0.8}}, "EVERYTHING pretrain"),
        ({"seeds": [0, 1, 2]}, "EVERYTHING pretrain"),
    ],
    "mechanism": [
        ({"grid": {"size": [5, 5], "tile": [5, 5]}, "engine": {"threads": 2}}, ""),
        ({"mechanism": {"tolerance": 1.0}}, "state figure:barriers"),
        ({"mechanism": {"level": 0.1}}, "state"),
        ({"mechanism": {"bands": 4}}, "EPOCHS"),
        ({"mechanism": {"subsets": 9}}, "SAMPLED"),
        ({"mechanism": {"surface": {"side": 5}}}, "SURFACES"),
        ({"mechanism": {"surface": {"statistics": ["combined"]}}}, "SURFACES LINES SEEDS_TOO"),
        ({"mechanism": {"cycles": {"channels": 0.1}}}, "CYCLED"),
        ({"mechanism": {"retraining_epochs": 3}}, "RETRAINED CYCLED PREDICTED"),
        ({"mechanism": {"prediction": {"sets": 4}}}, "PREDICTED"),
        ({"mechanism": {"epoch_statistics": "running"}}, "EPOCHS SIZES"),
        (
            {"models": {"small_resnet": {"mechanism": {"weight_decay": 0}}}},
            "SAMPLED RETRAINED CYCLED SEEDS_TOO PREDICTED pretrain_sizes",
        ),
    ],
    "coherence": [
        ({"coherence": {"lanes": 1}}, "table retrain_masks retrain_children"),
        ({"coherence": {"density": 0.2}}, "SPARSE prune_parents retrain_children"),
        ({"coherence": {"mlp": {"learning_rate": 0.002}}}, "MLPS"),
        ({"coherence": {"bins": 12}}, "SPARSE measure_runs train_widths retrain_children"),
        ({"coherence": {"models": {"small_resnet": {"retraining_epochs": 2}}}}, "table retrain_masks"),
        ({"coherence": {"experiments": ["gaussian", "trained"]}}, "describe_coherence"),  # which has fewer tables
    ],
}
# By study: a module of the library whose code is changed, and what runs again.
EDITS: dict[str, list[tuple[str, str]]] = {
    "stochastic": [
        ("figures/stochastic/transfer.py", "figure:transfer"),
        ("stochastic/claims.py", "state"),
        ("stochastic/weight_cdf.py", "CONFIRMED"),
        ("stochastic/search.py", "ANSWERS SEARCHES"),
        ("training/barriers.py", "ANSWERS TUNED"),
        ("pages/companion.py", "explore"),
        ("hpspace/risk.py", ""),
    ],
    "mechanism": [
        ("figures/mechanism/surfaces.py", "figure:surfaces"),
        ("mechanism/claims.py", "state"),
        ("training/barriers.py", "CYCLED SEEDS_TOO"),
    ],
    "coherence": [
        ("coherence/masks.py", "MLPS measure_runs SPARSE"),
        ("coherence/networks.py", "SPARSE"),
        ("data/gaussian.py", "SPARSE prepare_gaussian train_run measure_runs"),
    ],
}


@cache
def before(study: str) -> dict[frozenset[str], Node]:
    return graph(COMPANIONS[study], study)


def after_edit(library: Path, study: str, module: str) -> dict[frozenset[str], Node]:
    before(study)  # of the code as it is
    with restored(library):
        path = library / "workflow" / "prunescape" / module
        path.write_text(path.read_text() + "\nCHANGED = True\n")
        with edited(library):
            return graph(COMPANIONS[study], study)


def check_rerun(study: str, after: dict[frozenset[str], Node], words: str) -> None:
    """The page shows what all others made; of `coherence`, what only tells and draws is left out."""
    found, expected = rules(stale(before(study), after)), rules_of(study, words)
    if study == "coherence":
        found = {rule for rule in found if not rule.startswith(("figure_", "state_", "explore_", "table_coherence_6"))}
        assert found == expected
    else:
        assert found == (expected and expected | {f"explore_{study}"})


def of_studies(cases: dict[str, list[tuple[Any, str]]]) -> pytest.MarkDecorator:
    each = [(study, *case) for study, of in cases.items() for case in of]
    return pytest.mark.parametrize(("study", "change", "words"), each, ids=[f"{case[0]}-{case[1]}" for case in each])


@pytest.mark.full
@of_studies(CHANGES)
def test_a_change_of_the_config_reruns_what_depends_on_it(study: str, change: dict[str, Any], words: str) -> None:
    check_rerun(study, graph(merged(COMPANIONS[study], change), study), words)


@of_studies(EDITS)
def test_a_change_of_code_reruns_what_depends_on_it(study: str, change: str, words: str, library: Path) -> None:
    check_rerun(study, after_edit(library, study, change), words)


def test_what_only_tells_and_draws_runs_alone(library: Path) -> None:
    config = graph(merged(COMPANIONS["coherence"], {"coherence": {"tolerance": 1.0}}), "coherence")
    again = rules_of("coherence", "explore state figure:early_masks figure:matched")
    assert rules(stale(before("coherence"), config)) == again
    figure = after_edit(library, "coherence", "figures/coherence/gap.py")
    assert rules(stale(before("coherence"), figure)) == rules_of("coherence", "explore figure:gap")
