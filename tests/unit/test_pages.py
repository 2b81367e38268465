"""Pages as text: what they hold, what they show of tables, and which studies an overview finds."""

import base64
import io
import json
import math
import os
import re
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from addresses import Addresses
from companion_page_samples import PROJECT, STUDIES, claim, sample_claims
from companion_page_samples import sample_page as companion_page
from companion_page_samples import sample_tables as companion_tables
from page_samples import CONFIG, LOOK, TITLES, sample_answer, sample_cells, sample_page, sample_tables
from prunescape.claims.study import StudyClaims
from prunescape.hpspace.claims import claims as of_verdict
from prunescape.hpspace.verdict import from_json
from prunescape.hpspace.verdict_page import verdict_page
from prunescape.io.files import read_csv, read_json, sha256, write_json, write_text
from prunescape.io.seals import Identity, seal, seal_text
from prunescape.pages.index import write_index
from prunescape.pages.landscapes import landscapes
from prunescape.pages.provenance import Job, code_version, duration, job_times, made_on, of_jobs, provenance
from prunescape.pages.run import after_run
from prunescape.pages.study import MOST_ROWS, fitting, inside, short, shown
from prunescape.pages.study import Caption as Said
from prunescape.studies.study import Caption

FEW = "hpspace, by few trainings"
TITLED = Said(0, "title", "", "", "")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return sample_tables(sample_cells())


@pytest.fixture(scope="module")
def pages(tables, tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("pages")
    few = {**tables, "cells": tables["cells"].assign(round=0)}
    return {
        "hpspace": sample_page(tables, []),
        FEW: sample_page(few, []),
        **{study: companion_page(study, folder) for study in STUDIES},
    }


def test_landscapes_of_few_trainings_are_none_to_explore(pages) -> None:
    text = " ".join(pages[FEW].split())
    assert "grid: <code>exploration.method: grid</code>" in text
    assert 'id="explorer"' in pages["hpspace"]
    assert 'id="explorer"' not in text


@pytest.fixture(scope="module")
def page(pages) -> str:
    return pages["hpspace"]


@pytest.mark.parametrize("study", ["hpspace", FEW, *STUDIES])
def test_a_page_names_no_address_outside_is_well_formed_and_in_order(study: str, pages) -> None:
    parser = Addresses()
    parser.feed(pages[study])
    assert parser.open == []
    assert len(parser.found) > 5
    assert all(address.startswith(("data:", "#")) for address in parser.found)
    assert "default-src 'none'" in pages[study]
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\"'\s]*", pages[study]) == []
    parts = ["verdict", "landscapes"] if study in ("hpspace", FEW) else ["claims"]
    order = [pages[study].index(f'id="{part}"') for part in (*parts, "pictures", "tables", "provenance")]
    assert order == sorted(order)
    assert ("landscapes" in pages[study]) == (study in ("hpspace", FEW))
    assert "run: sample" in pages[study]  # the config
    assert "aria-sort" in pages[study]


def test_the_main_jobs_page_begins_with_the_answer(page, tables) -> None:
    body = verdict_page(sample_answer(tables)).partition("</h1>")[2].partition("</body>")[0].strip()
    assert body in page
    for name, title in TITLES.items():
        assert (title.replace("'", "&#39;") in page) == (name in tables)


def test_nothing_in_a_table_becomes_markup(page) -> None:
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert json.loads(data)["models"][0]["name"] == "small_resnet"


def test_the_landscapes_hold_the_means_over_seeds(tables) -> None:
    cells = tables["cells"]
    model = landscapes(cells, LOOK)["models"][1]
    assert [variant["name"] for variant in model["metrics"]["top5"]["variants"]] == ["dense", "uniform-0.2"]
    grid, pruned = model["grid"], model["metrics"]["top5"]["variants"][1]
    for n, (i, j) in enumerate(zip(grid["i"], grid["j"], strict=True)):
        here = cells[(cells["model"] == "resnet20") & (cells["variant"] == "uniform-0.2")]
        here = here[(here["i"] == i) & (here["j"] == j)]
        assert pruned["f"][n] == pytest.approx(here["top5"].mean(), abs=1e-12)
        assert [seed[n] for seed in pruned["seeds"]] == here.sort_values("seed")["top5"].round(4).tolist()
        assert (grid["up"]["values"][n], grid["across"]["values"][n]) == (
            here["learning_rate"].iloc[0],
            here["weight_decay"].iloc[0],
        )
        assert pruned["diverged"][n] == here["diverged"].sum()
    assert sum(pruned["diverged"]) == 1
    assert grid["step"] == pytest.approx(0.2)


def test_a_table_to_download_is_the_table(tables) -> None:
    for name in ("decisions", "pruning"):
        part = shown(name, tables[name], TITLED)
        kind, _, text = part["link"].partition(",")
        assert kind == "data:text/csv;charset=utf-8"
        assert not set(part["link"]) & set("\"'<>\n#%?&") - {"%"}
        read = pd.read_csv(io.StringIO(unquote(text))).astype(object).fillna("")
        pd.testing.assert_frame_equal(read, tables[name].astype(object).fillna(""), check_dtype=False)
        assert len(part["rows"]) == part["count"] == len(tables[name])


def test_a_long_table_to_download_is_packed_and_the_table(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(2000, 3))
    table = pd.DataFrame(rows, columns=list("abc")).assign(name="Kölner Dom")
    part = shown("long", table, TITLED)
    kind, _, text = part["link"].partition(",")
    assert (kind, part["saved_as"], part["file"]) == ("data:application/gzip;base64", "long.csv.gz", "long.csv")
    (tmp_path / part["saved_as"]).write_bytes(base64.b64decode(text, validate=True))
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / part["saved_as"]), table, check_exact=True)
    assert shown("long", table, TITLED) == part
    assert shown("short", table[:9], TITLED)["saved_as"] == "short.csv"


def test_long_tables_are_for_download_alone_and_huge_ones_lie_beside(monkeypatch) -> None:
    table = pd.DataFrame({"a": range(MOST_ROWS + 1), "b": math.nan})
    part = shown("long", table, TITLED)
    assert part["rows"] == []
    assert part["columns"] == ["a"]  # a column without a value is not shown
    assert part["link"]
    monkeypatch.setattr("prunescape.pages.study.MOST_BYTES", 100)
    assert shown("long", table, TITLED)["link"] == ""


def test_a_page_does_not_hold_more_files_than_it_may(monkeypatch) -> None:
    tables = [shown("a", pd.DataFrame({"a": range(rows)}), TITLED) for rows in (10, 1000, 20)]
    monkeypatch.setattr("prunescape.pages.study.MOST_TOGETHER", 1000)
    assert [bool(table["link"]) for table in fitting(tables)] == [True, False, True]
    assert [{**table, "link": ""} for table in fitting(tables)] == [{**table, "link": ""} for table in tables]


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (0.123456, "0.1235"), (1.2e-7, "1.2e-07"), (math.nan, ""), (None, ""), (True, "True"), (7, "7")],
)
def test_short_numbers(value, text) -> None:
    assert short(value) == text


def test_a_picture_is_small_and_inside(tmp_path: Path) -> None:
    Image.new("RGB", (2400, 1200), "#b03a00").save(tmp_path / "a.png")
    said = Said(2, "Landscapes", "resnet56", "top1", "Accuracy.")
    found = inside(str(tmp_path / "a.png"), said.full_title, said.text)
    assert (found["width"], found["height"]) == (1600, 800)
    assert found["source"].startswith("data:image/webp;base64,")
    assert found["title"] == "Landscapes: ResNet-56, top-1 accuracy"


def test_provenance_tells_time_seeds_and_machines(tables, tmp_path: Path) -> None:
    timing = tables["timing"]
    found, times, _ = provenance(timing, CONFIG, tmp_path)
    assert found["seeds"] == "0, 1, 2"  # of the trainings, whatever the config has
    assert provenance(timing[timing["seed"] == 1], CONFIG, tmp_path).facts["seeds"] == "1"
    assert found["trained on"] == f"cpu: {len(timing)}"
    assert found["trainings"] == f"{len(timing)}, {duration(1.5 * len(timing))} of training altogether"
    assert len(times["rows"]) == 5
    assert times["rows"][0][times["columns"].index("seconds altogether")] == f"{1.5 * 63 * 3:.1f}"


@pytest.mark.parametrize(("seconds", "text"), [(53, "53 s"), (720, "12 min"), (12_240, "3.4 h")])
def test_durations(seconds, text) -> None:
    assert duration(seconds) == text


def test_the_code_has_a_version_and_in_a_clone_a_commit(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    assert code_version(tmp_path) == "prunescape 1.2.3, not from a git clone"
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    assert code_version(tmp_path) == f"prunescape 1.2.3, commit {head[:12]}"
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.4"\n')
    assert code_version(tmp_path).endswith("-dirty")


def test_a_verdict_comes_back_from_its_file(tables, tmp_path: Path) -> None:
    answer = sample_answer(tables)
    answer["models"]["small_resnet"]["networks"]["uniform-0.4"]["accuracy"] = math.nan
    write_json(tmp_path / "verdict.json", answer)
    assert verdict_page(from_json(read_json(tmp_path / "verdict.json"))) == verdict_page(answer)


def state(run: Path, stated: StudyClaims) -> None:
    write_json(run / stated.study / "claims.json", stated.to_json())


def verdict_claims(tables) -> StudyClaims:
    verdict = sample_answer(tables)
    return of_verdict({"verdict": verdict}, "digits", [0, 1, 2])


def test_an_overview_has_the_claims_of_all_studies_of_the_run(tables, tmp_path: Path) -> None:
    run = tmp_path / "mine"
    assert not write_index(run)
    assert "No study of this run has finished yet" in (run / "index.html").read_text()
    assert read_csv(run / "claims.csv").empty
    state(run, sample_claims("mechanism"))
    state(run, verdict_claims(tables))
    for name in ("hpspace/explore.html", "hpspace/claims.html", "mechanism/claims.html", "report.html"):
        write_text(run / name, "")
    assert write_index(run)
    ledger = read_csv(run / "claims.csv")
    both = [*verdict_claims(tables).claims, *sample_claims("mechanism").claims]
    assert ledger["id"].tolist() == [claim.id for claim in both]
    assert [claim["id"] for claim in read_json(run / "claims.json")["claims"]] == ledger["id"].tolist()
    text = (run / "index.html").read_text()
    parser = Addresses()
    parser.feed(text)
    assert parser.open == []
    beside = [address for address in parser.found if not address.startswith("data:")]
    assert {"hpspace/explore.html", "mechanism/claims.html", "report.html", "claims.csv"} <= set(beside)
    assert all((run / address.partition("#")[0]).is_file() for address in beside)
    assert {address.partition("#")[2] for address in beside if "#" in address} == set(ledger["id"])
    assert "5 claims: 2 hold, 1 does not hold, 1 is not decided, 1 is told without a test" in text
    assert "+9.0 [8.0,\N{NO-BREAK SPACE}10.0]" in text
    assert "A &lt;b&gt;bold&lt;/b&gt; thing." in text
    state(run, sample_claims("coherence"))  # of a study that has finished since
    write_index(run)
    assert "coherence" in set(read_csv(run / "claims.csv")["study"])


def test_a_study_without_words_on_its_networks_tells_which_questions_are_answered(tmp_path: Path) -> None:
    found = sample_claims("mechanism")
    state(tmp_path, found)
    write_index(tmp_path)
    assert "<li><strong>small_resnet</strong>: Best setting: gamma 0.9.</li>" in (tmp_path / "index.html").read_text()
    more = [*found.claims, claim("And this?", 0.5), claim("That, too?", 5.0)]
    state(tmp_path, replace(found, models={"small_resnet": ""}, claims=more))
    write_index(tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert "<li><strong>Yes (2)</strong>: Is it so? (2 of 4 cases) That, too?</li>" in text
    assert "<li><strong>No (1)</strong>: Is it so? (1 of 4 cases)</li>" in text
    assert "<li><strong>Not decided</strong>: 1 of 3 questions</li>" in text


def test_a_page_tells_when_the_last_of_its_results_was_made(tables, tmp_path: Path) -> None:
    for name, hour in (("a.csv", 3), ("b.csv", 1)):
        (tmp_path / name).touch()
        moment = datetime(2026, 5, 4, hour, 30).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    made = made_on(tmp_path.iterdir())
    assert made == "2026-05-04 03:30"
    assert "Run sample, results of 2026-05-04 03:30." in sample_page(tables, [], made)
    assert "results of" not in sample_page(tables, [])


def test_the_overview_tells_of_accepted_results(tmp_path: Path) -> None:
    state(tmp_path, sample_claims("mechanism"))
    write_index(tmp_path)
    assert "accepted as they are" not in (tmp_path / "index.html").read_text()
    path = tmp_path / "mechanism" / "claims.json"
    identity = Identity("mechanism/claims.json", {}, {}, upon=["pretrain: epochs: 3, now <4>"])
    write_text(seal(path), seal_text(path.name, sha256(path), identity))
    write_index(tmp_path)
    assert "accepted as they are" in (tmp_path / "index.html").read_text()
    assert "pretrain: epochs: 3, now &lt;4&gt;" in (tmp_path / "index.html").read_text()


def test_a_published_number_stands_beside_ours(tmp_path: Path) -> None:
    found = sample_claims("mechanism")
    told = [replace(found.claims[0], published=2.5, published_in="Table 9"), *found.claims[1:]]
    state(tmp_path, replace(found, claims=told))
    write_index(tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert text.count('<td data-label="published">+2.5\n') == 1
    assert "Table 9" in text


@pytest.mark.parametrize("failed", [False, True])
def test_the_end_of_every_run_renews_the_ledger(failed: bool, tmp_path: Path, capsys) -> None:
    state(tmp_path, sample_claims("mechanism"))
    after_run(str(tmp_path), failed)
    assert len(read_csv(tmp_path / "claims.csv")) == 5
    assert ("the answers are in" in capsys.readouterr().err) != failed
    write_text(tmp_path / "mechanism" / "claims.json", "{")
    after_run(str(tmp_path), failed)
    assert "not valid JSON" in capsys.readouterr().err


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_has_every_claim_picture_table_and_the_config(study: str, pages) -> None:
    page = pages[study].replace("&#39;", "'").replace("&amp;", "&")
    for one in sample_claims(study).claims:
        assert one.question.replace("<", "&lt;") in page
        assert one.answer.replace("<", "&lt;").replace(">", "&gt;") in page.replace("&#34;", '"')
    assert page.index("Every seed: Small ResNet") < page.index('alt="Every seed"')  # as the report orders them
    assert page.count("Lines & dots.") == 2
    assert page.index("Table 1 (3 rows)") < page.index(f"({len(next(iter(companion_tables(study).values()))[0])} rows)")
    assert "What a &#34;table&#34; says." in page
    assert f"docs/{study}.md" in page
    assert (PROJECT / "docs" / f"{study}.md").is_file()


def test_a_caption_has_the_title_and_place_of_the_report() -> None:
    wildcards = {"model": "resnet20", "method": "lamp"}
    said = Caption("All", "``{{ model }}``\non {{ config.data.name }}.", {"figure": "12 one-shot, {method}"})
    assert said.told(wildcards, CONFIG) == (12, "One-shot, lamp", "resnet20", "", "resnet20 on digits.")
    assert said.said(wildcards, CONFIG) == "``resnet20``\non digits."


def test_run_times_are_those_of_the_logs(tmp_path: Path) -> None:
    lines = {
        "a": "12:00:00 finished after 3.0 s, and 1.0 s to start\n",
        "b": "12:00:00 finished after 4.5 s, and 1.0 s to start, on NVIDIA H200\n",
        "c": "12:00:00 epoch 1 of 9\n",
    }
    for name, text in lines.items():
        (tmp_path / name).write_text(text)
    jobs = [Job("small_resnet", "search", 10, str(tmp_path / name)) for name in "abcd"]
    timing = job_times(jobs)
    assert timing["seconds"].tolist()[:2] == [3.0, 4.5]
    assert timing["seconds"].isna().tolist() == [False, False, True, True]
    found = of_jobs("coherence", [*jobs, Job("mlp", "train_widths", 4, "none")], CONFIG, PROJECT)
    assert found.facts["seeds"] == "0, 1, 2"
    own = {**CONFIG, "coherence": {"seeds": [7, 8]}}
    assert of_jobs("coherence", jobs, own, PROJECT).facts["seeds"] == "7, 8"
    assert found.facts["jobs"] == "5, 8 s altogether of the 2 whose logs are there"
    assert found.facts["ran on"] == "not told: 1; NVIDIA H200: 1"
    assert found.facts["models"] == "small_resnet, mlp"
    assert found.times["rows"] == [
        ["small_resnet", "search", "4", "40", "7.5", "3.75"],
        ["mlp", "train_widths", "1", "4", "", ""],
    ]
