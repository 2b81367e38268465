"""The results in docs/results/: what docs/results.md and README state of them follows from their tables.

`stated_numbers` computes each number once more, with nothing of the project's arithmetic.
"""

import json
import os
import re
import sys
from collections.abc import Collection
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
from confirmation_samples import TERMS, Confirmed, drawn
from documented import DOCS
from page_samples import sample_cells
from project_copy import PROJECT
from prunescape.claims.study import StudyClaims
from prunescape.hpspace.claims import claims
from prunescape.hpspace.verdict import verdict
from prunescape.io.files import write_json
from stated_numbers import ARITHMETIC, SHARES, read, stated

sys.path.insert(0, str(DOCS / "tools"))
import results

THERE = sorted(path.parent for path in results.RESULTS.glob("*/*/run.json"))
FINISHED = [folder for folder in THERE if (folder / "claims.json").is_file()]
NUMBER = re.compile(r"(?<![\w.-])-?\d[\d,]*(?:\.\d+)?(?![\w-])")
SOURCES = {"hpspace": "matthiesen2023", "stochastic": "avendano2025", "mechanism": "anonymous2021"}
SOURCES["coherence"] = "yauney2024"


def name_of(folder: Path) -> str:
    return f"{folder.parent.name}-{folder.name}"


def check_arithmetic(folder: Path, keys: Collection[str]) -> list[float]:
    """Compute again what claims on these questions state, of the tables beside them; the numbers."""
    seen, numbers = set(), []
    for claim in StudyClaims.read(folder / "claims.json").claims:
        key = claim.id.split(".")[1]
        if key not in keys or claim.effect is None or claim.level is None:
            continue
        again = stated(folder, claim)
        told = [np.nan if value is None else value for value in (claim.effect, claim.low, claim.high)]
        if again != pytest.approx(told, rel=1e-6, abs=1e-6, nan_ok=True):
            # As claims were told before intervals were cut to what is possible, those of shares were of any
            # distribution, and equal numbers gave none.
            assert again[0] == pytest.approx(told[0], rel=1e-6, abs=1e-6), claim.id
            before = np.isnan(again[1]) or key in SHARES
            assert before or (told[1] <= again[1] + 1e-6 and told[2] >= again[2] - 1e-6), claim.id
        numbers += again
        seen.add(key)
    assert seen
    return numbers


def shown_keys(study: str) -> set[str]:
    """Keys of the questions that the page's tables show of a study."""
    blocks = results.BLOCK.findall(results.PAGE.read_text(encoding="utf-8"))
    (keys,) = ({*arguments.split()[1:]} for _, kind, arguments, _ in blocks if kind == "claims" and study in arguments)
    return keys | set(results.differing(study))


@pytest.mark.parametrize("folder", FINISHED, ids=name_of)
def test_claims_follow_from_the_tables(folder: Path) -> None:
    """Each number of the page's tables, and those of further questions."""
    shown = shown_keys(folder.name)
    assert shown <= set(ARITHMETIC[folder.name])
    check_arithmetic(folder, ARITHMETIC[folder.name])


def test_every_outcome_that_differs_between_data_sets_is_shown() -> None:
    page = results.PAGE.read_text(encoding="utf-8")
    compared, opposed = 0, set()
    for study, runs in results.RUNS.items():
        digits, other = (read(results.RESULTS / run / study, "claims").set_index("id") for run in runs)
        both = digits.merge(other, left_index=True, right_index=True, suffixes=("", "_other"))
        asked = both[["outcome", "outcome_other"]].isin(["holds", "does not hold", "not decided"]).all(axis=1)
        both = both[asked & (both["outcome"] != both["outcome_other"])]
        compared += len(both)
        opposed |= {*both.index[(both[["outcome", "outcome_other"]] != "not decided").all(axis=1)]}
        for row in both.itertuples():
            (line,) = (line for line in page.splitlines() if line.startswith(f"| {row.statement} ({row.source}) |"))
            cells = line.split(" | ")
            assert f"**{row.outcome}**" in cells[1], row.Index
            assert f"**{row.outcome_other}**" in cells[2], row.Index
    assert compared > 10
    assert not opposed, "the page says in words that none is decided oppositely"


def test_the_answer_in_the_readme_follows_from_the_tables() -> None:
    """Gains, intervals, answers and seeds of the trainings of confirmation, and the numbers of trainings."""
    folder, text = results.RESULTS / "demo" / "hpspace", (PROJECT / "README.md").read_text(encoding="utf-8")
    table = read(folder, "confirmation")
    fresh = table[table["stage"].str.startswith("generation-")]
    cells, settings = read(folder, "cells"), fresh.groupby(["variant", "setting"])
    level = 0.05 / 8 * 0.8  # of four networks and two questions; more would be chosen anew
    looks = {5: 0.1, 10: 0.2, 20: 0.3, 40: 0.2}  # parts of it that looks spend
    row = r"^ {4}([\w.-]+) +KEEP +([\d.]+) +([\d.]+) +(.*?) {2,}(.*?) +(\d+)$"
    rows = re.findall(row, text, re.MULTILINE)
    assert len(rows) == 4
    for variant, rate, decay, over_prior, over_dense, seeds in rows:
        (known,) = (
            settings.get_group((variant, "prior"))[["learning_rate", "weight_decay"]].drop_duplicates().to_numpy()
        )
        assert known.tolist() == [float(rate), float(decay)]
        used = []
        for other, told in (("prior", over_prior), ("dense", over_dense)):
            top1 = fresh[fresh["variant"] == variant].pivot(index="seed", columns="setting", values="top1")
            at = settings[["i", "j"]].first().loc[variant]
            if at.loc["tuned"].tolist() == at.loc[other].tolist():
                assert told == "0, the same setting"
                continue
            order = fresh.loc[(fresh["variant"] == variant) & (fresh["setting"] == other), "seed"]
            gains = (top1["tuned"] - top1[other]).loc[order].to_numpy()
            for count, part in looks.items():
                half = stats.t.isf(level * part, count - 1) * stats.sem(gains[:count])
                mean = gains[:count].mean()
                answer = "keep" if mean + half < 1 else "tune" if mean - half > 1 else "open"
                if answer != "open" or count == len(gains):
                    break
            assert told == f"{mean:+.2f} [{mean - half:.2f}, {mean + half:.2f}] {answer}"
            used.append(count)
        assert max(used) == int(seeds)
    best = table[table["variant"] == "dense"].groupby(["learning_rate", "weight_decay"])["top1"].mean().idxmax()
    assert "the dense optimum: learning rate {:.3g}, weight decay {:.3g}".format(*best) in text
    chosen = table[table["stage"].str.startswith("finalist")]
    assert f"{len(cells)} trainings explore 11 x 11 cells, {len(chosen)} choose among the best" in text.replace(
        "\n", " "
    )


def made_up(study: str) -> tuple[StudyClaims, dict[str, pd.DataFrame]]:
    """Tables of a study as it might write them, and its claims."""
    if study == "hpspace":
        cells = sample_cells()
        cells = cells[cells["model"] == "small_resnet"]
        with TemporaryDirectory() as folder:
            confirmed = Confirmed(cells, drawn(0.3), Path(folder))
        answer = verdict(confirmed.decisions(), cells, TERMS)
        return claims({"verdict": answer}, "digits", [0]), {"confirmation": confirmed.trainings}
    if study == "coherence":
        given = coherence_table_samples.tables()
        return coherence_table_samples.stated(given, (coherence_table_samples.MODEL, "mlp")), given
    if study == "stochastic":
        given = stochastic_results.of_seeds(6, spread=1.0)
        return stochastic_results.stated(given), given
    given = {"utility_epochs": mechanism_tables.epochs(seeds=(0, 1, 2))}
    given["utility_epochs_summary"] = mechanism_tables.summary(given["utility_epochs"])
    return mechanism_results.stated(given), given


MADE_UP = {  # questions whose tables samples have
    "hpspace": {"keep_prior", "keep_dense"},
    "stochastic": {"noise_wins", "noise_wins_recalibrated", "outlives_recalibration"},
    "mechanism": {"utility_imbalance", "utility_grows", "imbalance_with_mean"},
    "coherence": {"real_above_noise", "coherence_with_width", "larger_parents", "magnitude_over_diff"},
}


@pytest.mark.parametrize("study", list(ARITHMETIC))
def test_so_do_those_of_tables_that_are_made_up_unless_one_is_changed(study: str, tmp_path: Path) -> None:
    folder = tmp_path / study
    folder.mkdir()
    claimed, given = made_up(study)
    for name, table in given.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    write_json(folder / "claims.json", claimed.to_json())
    check_arithmetic(folder, MADE_UP[study])
    told = claimed.to_json()
    for claim in told["claims"]:
        if claim["id"].split(".")[1] in MADE_UP[study]:
            claim["effect"] += 0.001
    write_json(folder / "claims.json", told)
    with pytest.raises(AssertionError):
        check_arithmetic(folder, MADE_UP[study])


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
    """Numbers of a study as a page may write them: of its claims, from the tables; its source's tables, its presets."""
    numbers: list[float] = []
    for folder in FINISHED:
        if folder.name == study:
            numbers += check_arithmetic(folder, shown_keys(study))
    for path in (PROJECT / "workflow/reference").glob(f"{SOURCES[study]}_table_*.csv"):
        numbers += pd.read_csv(path).select_dtypes("number").to_numpy().ravel().tolist()
    for path in (PROJECT / "workflow/studies").glob("*.yaml"):
        text = path.read_text().replace(",", "")
        numbers += [float(word) for word in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", text)]
    found = {f"{value:.{digits}f}" for value in numbers for digits in (0, 1, 2)}
    found |= {number.removeprefix("-") for number in found}  # what keeping loses is what tuning gains
    return found | {f"{100 * value:.0f}" for value in numbers if 0 < value < 1}


def test_the_demo_decides_by_few_trainings_what_its_page_says() -> None:
    """Answers beside the grid's on the same questions: no two contradict, and as many agree as docs/hpspace.md says."""
    grid, adaptive = (
        read(results.RESULTS / run / "hpspace", "decisions").set_index(["variant", "question"])["answer"]
        for run in (results.DEMO, results.ADAPTIVE)
    )
    pairs = pd.concat([grid, adaptive], axis=1, keys=["grid", "adaptive"], sort=True)
    assert len(pairs) == len(grid) == len(adaptive) == 8
    assert {"keep", "tune"} not in [set(pair) for pair in pairs.to_numpy()]
    same = pairs["grid"] == pairs["adaptive"]
    by_question = same.groupby(level="question").sum()
    cells, few = (read(results.RESULTS / run / "hpspace", "cells") for run in (results.DEMO, results.ADAPTIVE))
    explored = read(results.RESULTS / results.ADAPTIVE / "hpspace", "exploration")
    each = explored.set_index("variant")["flops"] / explored.set_index("variant")["trainings"]
    spent = few.groupby("variant").size() @ each / (cells.groupby("variant").size() @ each)
    words = ["none", "one", "two", "three", "four"]
    told = " ".join((DOCS / "hpspace.md").read_text(encoding="utf-8").split())
    assert f"{len(few)} trainings explore in place of {len(cells)}, for {100 * spent:.0f} % of the FLOPs" in told
    assert f"the grid's for {words[by_question['prior']]} of four networks" in told
    assert f"the grid's for {words[by_question['dense']]} of four there" in told
    decided = read(results.RESULTS / results.ADAPTIVE / "hpspace", "decisions").set_index(["variant", "question"])
    for variant, question in pairs.index[~same]:  # each that differs is named, with its number
        row = decided.loc[(variant, question)]
        assert f"{variant} *{row['answer']}* is decided" in told
        assert f"{row['gain']:.2f} points [{row['low']:.2f}, {row['high']:.2f}]" in told


@pytest.mark.parametrize("folder", THERE, ids=name_of)
def test_results_tell_where_they_come_from(folder: Path) -> None:
    told = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert told["finished"] == (folder in FINISHED)
    assert told["command"].startswith(f"snakemake {folder.name}")
    config = re.search(r"--configfile (\S+)", told["command"])
    given = yaml.safe_load((PROJECT / (config[1] if config else "config.yaml")).read_text(encoding="utf-8"))["run"]
    named = re.search(r" run=(\w+)$", told["command"])
    assert (named[1] if named else given) == folder.parent.name
    assert told["processor_minutes"] > 0
    assert re.match(r"Python [\d.]+, snakemake .*torch ", told["libraries"])
    assert re.search(r"commit \w{12}$", told["code"])  # of a clone without changes
    page = folder / "explore.html"
    if page.is_file():
        facts = re.findall(r'<th scope="row">(?:code|software[^<]*)</th><td>(.*?)</td>', page.read_text())
        assert facts == [told["code"], told["libraries"]]


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
    page = '<tr><th scope="row">code</th><td>prunescape 0.1.0, commit 0123456789ab</td></tr>'
    page += '<tr><th scope="row">software, where this page was made</th><td>Python 3.11.7, torch 2 &amp; more</td></tr>'
    (folder / "coherence" / "explore.html").write_text(page)
    spent = "12:00:00 {} s of processor time, its start included\n"
    took = "12:00:00 finished after 50.0 s, and 10.0 s to start, on AMD EPYC\n"
    for rule, seconds, end in (("train_run", 90.5, 1000), ("measure_runs", 29.5, 1030), ("judge", 1.0, 9000)):
        log = folder / "logs" / "coherence" / rule / "all.log"
        log.parent.mkdir(parents=True)
        log.write_text(spent.format(seconds) + took)
        os.utime(log, (end, end))
    gone = tmp_path / "taken" / "mine" / "coherence" / "gone.csv"
    gone.parent.mkdir(parents=True)
    gone.touch()
    results.take(folder, tmp_path / "taken")
    assert {path.name for path in gone.parent.iterdir()} == {"epochs.csv", "long.csv.gz", "explore.html", "run.json"}
    assert len(pd.read_csv(gone.parent / "long.csv.gz")) == results.PACKED
    told = json.loads((gone.parent / "run.json").read_text())
    assert (told["finished"], told["jobs"], told["processor_minutes"]) == (False, 3, 2.0)
    assert told["wall_minutes"] == 2.5  # from second 940 to 1030, and later a minute
    assert (told["code"], told["machines"]) == ("prunescape 0.1.0, commit 0123456789ab", ["AMD EPYC"])
    assert told["libraries"] == "Python 3.11.7, torch 2 & more"
    assert told["tables_left_out"] == ["large.csv"]
    with pytest.raises(SystemExit, match="no table of a study is there yet"):
        results.take(tmp_path / "taken", tmp_path / "taken")
