"""Pages of the companion studies as text: their parts, captions, and where their numbers come from."""

from pathlib import Path

import pytest

from addresses import Addresses
from companion_page_samples import CONFIG, PROJECT, STUDIES, sample_claims, sample_page, sample_tables
from prunescape.pages.provenance import Job, job_times, of_jobs
from prunescape.studies.study import Caption


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, str]:
    return {study: sample_page(study, tmp_path_factory.mktemp(study)) for study in STUDIES}


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_names_no_address_outside_and_is_well_formed(study: str, pages) -> None:
    parser = Addresses()
    parser.feed(pages[study])
    assert parser.open == []
    assert all(address.startswith(("data:", "#")) for address in parser.found)
    order = [pages[study].index(f'id="{part}"') for part in ("claims", "pictures", "tables", "provenance")]
    assert order == sorted(order)
    assert "landscapes" not in pages[study]


@pytest.mark.parametrize("study", STUDIES)
def test_a_page_has_every_claim_picture_table_and_the_config(study: str, pages) -> None:
    page = pages[study].replace("&#39;", "'").replace("&amp;", "&")
    for claim in sample_claims(study).claims:
        assert claim.question.replace("<", "&lt;") in page
        assert claim.answer.replace("<", "&lt;").replace(">", "&gt;") in page.replace("&#34;", '"')
    assert page.index("Every seed: Small ResNet") < page.index('alt="Every seed"')  # as the report orders them
    assert page.count("Lines & dots.") == 2
    assert page.index("Table 1 (3 rows)") < page.index(f"({len(next(iter(sample_tables(study).values()))[0])} rows)")
    assert "What a &#34;table&#34; says." in page
    assert "run: sample" in page
    assert f"docs/{study}.md" in page
    assert (PROJECT / "docs" / f"{study}.md").is_file()


def test_a_caption_has_the_title_and_place_of_the_report() -> None:
    wildcards = {"model": "resnet20", "method": "lamp"}
    said = Caption("All", "``{{ model }}``\non {{ config.data.name }}.", {"figure": "12 one-shot, {method}"})
    assert said.told(wildcards, CONFIG) == (12, "One-shot, lamp", "resnet20", "resnet20 on digits.")
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
    found = of_jobs([*jobs, Job("mlp", "train_widths", 4, "none")], CONFIG, PROJECT)
    assert found.facts["jobs"] == "5, 8 s altogether of the 2 whose logs are there"
    assert found.facts["ran on"] == "not told: 1; NVIDIA H200: 1"
    assert found.facts["models"] == "small_resnet, mlp"
    assert found.times["rows"] == [
        ["small_resnet", "search", "4", "40", "7.5", "3.75"],
        ["mlp", "train_widths", "1", "4", "", ""],
    ]
