"""The results in docs/results/: what docs/results.md states of them is in their tables, computed here once more.

Nothing of the project's arithmetic is used: means over seeds, and intervals by Student's t as scipy has it.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

import coherence_table_samples
import mechanism_results
import mechanism_tables
import stochastic_results
from confirmation_samples import SETTINGS as CONFIRMATION
from confirmation_samples import Confirmed, drawn
from documented import DOCS
from page_samples import sample_cells
from project_copy import PROJECT
from prunescape.claims.claim import Claim
from prunescape.claims.study import StudyClaims
from prunescape.hpspace.claims import claims
from prunescape.hpspace.verdict import verdict
from prunescape.io.files import write_json

sys.path.insert(0, str(DOCS / "tools"))
import results

THERE = sorted(path.parent for path in results.RESULTS.glob("*/*/run.json"))
FINISHED = [folder for folder in THERE if (folder / "claims.json").is_file()]
NUMBER = re.compile(r"(?<![\w.-])-?\d[\d,]*(?:\.\d+)?(?![\w-])")
SOURCES = {"hpspace": "matthiesen2023", "stochastic": "avendano2025", "mechanism": "anonymous2021"}
SOURCES["coherence"] = "yauney2024"


def name_of(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def read(folder: Path, table: str) -> pd.DataFrame:
    (path,) = folder.glob(f"{table}.csv*")  # packed or not
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def kept(folder: Path, claim: Claim) -> pd.Series:
    """Accuracy at a setting less that at the tuned one, by seed, of the generation and the look that decide."""
    table = read(folder, "confirmation")
    other = claim.id.split(".")[1].removeprefix("keep_")
    generation = f"generation-{claim.numbers['generation']:.0f}-"
    table = table[(table["variant"] == claim.case) & table["stage"].str.startswith(generation)]
    seen = table["seed"].drop_duplicates().head(int(claim.numbers["seeds"]))
    top1 = table.pivot(index="seed", columns="setting", values="top1").loc[seen]
    return (top1[other] - top1["tuned"]).dropna()


def gained(folder: Path, claim: Claim) -> pd.Series:
    """Accuracy with noise less that without, by network: the median of its draws."""
    found = re.search(r"at gamma ([\d.]+), sigma ([\d.]+)", claim.answer)
    assert found, claim.answer
    gamma, sigma = map(float, found.groups())
    table = read(folder, "confirmed")
    table = table[(table["method"] == "magnitude") & (table["gamma"] == gamma)]
    again = claim.id.split(".")[1] != "noise_wins"
    table = table[table["recalibrated"].astype(str) == str(again)]
    noisy = table[(table["kind"] == "stochastic") & (table["sigma"] == sigma)].groupby("seed")["top1"].median()
    return noisy - table[table["kind"] == "deterministic"].set_index("seed")["top1"]


def imbalance(folder: Path, claim: Claim) -> pd.Series:
    """The standard deviation of utility over subsets of the weights, in parts of its mean, above a tenth."""
    of_smallest = ".smallest." in claim.id
    table = read(folder, "utility_sizes" if of_smallest else "utility_epochs")
    table = table[table["ablation"] == "ratio"] if of_smallest else table  # not equal numbers of weights
    column = "size" if of_smallest else "epoch"
    at = table[column].max() if not claim.case else table[column].min()
    table = table[(table[column] == at) & np.isclose(table["level"], claim.numbers["level"])]
    by_seed = table.groupby("seed")["utility"]
    return by_seed.std(ddof=1) / by_seed.mean() - 0.1


def coherence_of_real(folder: Path, claim: Claim) -> pd.Series:
    """The highest coherence after any epoch, on real data less on noise."""
    table = read(folder, "epochs")
    table = table[(table["model"] == claim.model) & (table["start"] == "fresh") & (table["epoch"] > 0)]
    highest = table.groupby(["seed", "data"])["coherence"].max().unstack()
    return highest["real"] - highest["gaussian"]


def slope_by_width(folder: Path, claim: Claim) -> pd.Series:
    """What the highest coherence gains with each doubling of the width."""
    table = read(folder, "widths")
    table = table[table["epoch"] > 0] if "epoch" in table else table
    highest = table.groupby(["seed", "width"])["coherence"].max().unstack()
    return highest.apply(lambda row: stats.linregress(np.log2(row.index.to_numpy(float)), row).slope, axis=1)


ARITHMETIC: dict[str, dict[str, Callable[[Path, Claim], pd.Series]]] = {
    "hpspace": {"keep_prior": kept, "keep_dense": kept},
    "stochastic": {"noise_wins": gained, "noise_wins_recalibrated": gained, "outlives_recalibration": gained},
    "mechanism": {"utility_imbalance": imbalance},
    "coherence": {"real_above_noise": coherence_of_real, "coherence_with_width": slope_by_width},
}


def check_arithmetic(folder: Path) -> None:
    """Compute again what claims of `ARITHMETIC` state, of the tables beside them."""
    seen = set()
    for claim in StudyClaims.read(folder / "claims.json").claims:
        key = claim.id.split(".")[1]
        of = ARITHMETIC[folder.name].get(key)
        if of is None or claim.low is None or claim.high is None or claim.level is None:
            continue
        values = of(folder, claim)
        half = stats.t.ppf((1 + claim.level) / 2, len(values) - 1) * stats.sem(values)
        numbers = [values.mean(), values.mean() - half, values.mean() + half]
        assert numbers == pytest.approx([claim.effect, claim.low, claim.high], rel=1e-6, abs=1e-6), claim.id
        seen.add(key)
    assert seen == set(ARITHMETIC[folder.name])


@pytest.mark.parametrize("folder", FINISHED, ids=name_of)
def test_claims_follow_from_the_tables(folder: Path) -> None:
    check_arithmetic(folder)


def made_up(study: str) -> tuple[StudyClaims, dict[str, pd.DataFrame]]:
    """Tables of a study as it might write them, and its claims."""
    if study == "hpspace":
        cells = sample_cells()
        cells = cells[cells["model"] == "small_resnet"]
        with TemporaryDirectory() as folder:
            confirmed = Confirmed(cells, drawn(0.3), Path(folder))
        answer = verdict(confirmed.decisions(), cells, CONFIRMATION)
        return claims({"verdict": answer}, {"data": "digits", "seeds": [0]}), {"confirmation": confirmed.trainings}
    if study == "coherence":
        given = coherence_table_samples.tables()
        return coherence_table_samples.stated(given, (coherence_table_samples.MODEL, "mlp")), given
    if study == "stochastic":
        given = stochastic_results.of_seeds(6, spread=1.0)
        return stochastic_results.stated(given), given
    given = {"utility_epochs": mechanism_tables.epochs(seeds=(0, 1, 2))}
    given["utility_epochs_summary"] = mechanism_tables.summary(given["utility_epochs"])
    return mechanism_results.stated(given), given


@pytest.mark.parametrize("study", list(ARITHMETIC))
def test_so_do_those_of_tables_that_are_made_up_unless_one_is_changed(study: str, tmp_path: Path) -> None:
    folder = tmp_path / study
    folder.mkdir()
    stated, given = made_up(study)
    for name, table in given.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    write_json(folder / "claims.json", stated.to_json())
    check_arithmetic(folder)
    told = stated.to_json()
    for claim in told["claims"]:
        if claim["id"].split(".")[1] in ARITHMETIC[study]:
            claim["high"] += 0.01
            claim["effect"] += 0.001
    write_json(folder / "claims.json", told)
    with pytest.raises(AssertionError):
        check_arithmetic(folder)


@pytest.mark.parametrize("folder", [of for of in FINISHED if of.name == "hpspace"], ids=name_of)
def test_settings_that_are_decided_on_are_those_of_the_trainings(folder: Path) -> None:
    names = ["learning_rate", "weight_decay", "grid_learning_rate"]
    trained = read(folder, "confirmation").groupby(["variant", "setting"], sort=False)
    checked = 0
    for row in read(folder, "decisions").to_dict("records"):
        for setting, prefix in (("tuned", "tuned_"), (row["question"], "")):
            if (row["variant"], setting) in trained.groups:
                used = trained.get_group((row["variant"], setting))[names].drop_duplicates()
                assert len(used) == 1
                assert used.iloc[0].tolist() == pytest.approx([row[f"{prefix}{name}"] for name in names], rel=1e-9)
                checked += 1
    assert checked >= 8


@pytest.mark.parametrize("folder", FINISHED, ids=name_of)
def test_outcomes_follow_from_the_intervals(folder: Path) -> None:
    for claim in StudyClaims.read(folder / "claims.json").claims:
        if claim.low is None or claim.high is None or claim.tolerance is None or claim.outcome == "not decided":
            continue
        inside = -claim.tolerance <= claim.low and claim.high <= claim.tolerance
        assert inside or claim.low >= -claim.tolerance or claim.high <= claim.tolerance, claim.id


def test_the_tables_of_the_page_are_those_of_the_results() -> None:
    page = results.PAGE.read_text(encoding="utf-8")
    assert results.written(page) == page
    assert results.BLOCK.findall(page)
    changed = results.BLOCK.sub(r"\1nothing\n\4", page)
    assert changed != page
    assert results.written(changed) == page


def test_numbers_in_the_prose_are_of_the_results_the_sources_or_the_settings() -> None:
    for part in re.split(r"^## ", results.PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE):
        keys = re.search(r"<!-- claims: (\w+)", part)
        prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", results.BLOCK.sub("", part), flags=re.DOTALL)
        told = {number.replace(",", "") for number in NUMBER.findall(re.sub(r"\w+-\d+", "", prose))}
        known = _known(keys[1]) if keys else SIZES
        assert told <= known, (part.splitlines()[0], told - known)


SIZES = {"8", "28"}  # pixels


def _known(study: str) -> set[str]:
    """Numbers of a study as a page may write them: its claims, its source's tables, its presets."""
    numbers: list[float] = []
    for folder in FINISHED:
        if folder.name == study:
            numbers += read(folder, "claims").select_dtypes("number").to_numpy().ravel().tolist()
    for path in (PROJECT / "workflow/reference").glob(f"{SOURCES[study]}_table_*.csv"):
        numbers += pd.read_csv(path).select_dtypes("number").to_numpy().ravel().tolist()
    for path in (PROJECT / "workflow/studies").glob("*.yaml"):
        numbers += [float(word) for word in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", path.read_text())]
    found = {f"{value:.{digits}f}" for value in numbers for digits in (0, 1, 2)}
    found |= {number.removeprefix("-") for number in found}  # what keeping loses is what tuning gains
    return found | {f"{100 * value:.0f}" for value in numbers if 0 < value < 1}


@pytest.mark.parametrize("folder", THERE, ids=name_of)
def test_results_tell_where_they_come_from(folder: Path) -> None:
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert told["finished"] == (folder in FINISHED)
    assert told["command"].startswith(f"snakemake {folder.name}")
    config = re.search(r"--configfile (\S+)", told["command"])
    name = config[1] if config else "config.yaml"
    assert yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))["run"] == folder.parent.name
    assert told["processor_minutes"] > 0
    assert "torch " in told["libraries_when_taken"]
    assert re.search(r"commit \w{12}$", told["code_when_taken"])  # of a clone without changes


def test_results_are_small_and_no_weights() -> None:
    files = [path for path in results.RESULTS.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".csv", ".gz", ".txt", ".json", ".html"}
    assert sum(path.stat().st_size for path in files) < 10_000_000


def test_a_run_is_taken_whole_and_only_once(tmp_path: Path) -> None:
    folder = tmp_path / "project" / "results" / "mine"
    (folder / "coherence" / "networks").mkdir(parents=True)
    (folder / "coherence" / "networks" / "weights.safetensors").touch()
    (folder / "coherence" / "epochs.csv").write_text("model,seed\n")
    (folder / "coherence" / "long.csv").write_text("model,seed\n" + "mlp,0\n" * results.PACKED)
    (folder / "coherence" / "large.csv").write_bytes(np.random.default_rng(0).bytes(results.LARGEST))
    for rule, seconds in (("train_run", "90.5"), ("measure_runs", "29.5")):
        log = folder / "logs" / "coherence" / rule / "all.log"
        log.parent.mkdir(parents=True)
        log.write_text(f"12:00:00 {seconds} s of processor time, its start included\n12:00:00 finished after 1.0 s\n")
    gone = tmp_path / "taken" / "mine" / "coherence" / "gone.csv"
    gone.parent.mkdir(parents=True)
    gone.touch()
    results.take(folder, tmp_path / "taken")
    assert {path.name for path in gone.parent.iterdir()} == {"epochs.csv", "long.csv.gz", "run.json"}
    assert len(pd.read_csv(gone.parent / "long.csv.gz")) == results.PACKED
    told = json.loads((gone.parent / "run.json").read_text())
    assert (told["finished"], told["jobs"], told["processor_minutes"]) == (False, 2, 2.0)
    assert told["tables_left_out"] == ["large.csv"]
    with pytest.raises(SystemExit, match="no table of a study is there yet"):
        results.take(tmp_path / "taken", tmp_path / "taken")
