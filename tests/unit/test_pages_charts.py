"""Charts whose reader chooses what they show: their points are those of the tables, by pointer and by keyboard."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from browser import find_browser
from companion_page_samples import STUDIES, sample_tables
from prunescape.figures.style import PAPER
from prunescape.pages import charts
from prunescape.pages.study import Caption
from prunescape.studies import registry
from prunescape.studies.study import Chart

needs_browser = pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (package chromium)")
NO_CAPTION = Caption(0, "", "", "", "")


@pytest.mark.parametrize("study", registry.COMPANIONS, ids=lambda study: study.name)
def test_charts_name_columns_that_their_tables_have(study) -> None:
    assert study.charts
    for chart in study.charts:
        has = set(study.table(chart.table).columns)
        later = {"scope"}  # of tables that have it
        assert {chart.x, *chart.y, chart.lines, *chart.where} <= has
        assert {*chart.choose} - later <= has
        assert {*chart.words} <= {chart.x, *chart.y, chart.lines, *chart.choose}


def test_a_chart_holds_medians_over_draws() -> None:
    table = sample_tables("stochastic")["sweep"][0]
    entry = asdict(registry.COMPANIONS[0].charts[0])
    rows = pd.DataFrame(charts.chart_of(entry, table, NO_CAPTION)["rows"])
    assert set(rows["method"]) == {"magnitude", "lamp"}  # dense networks have no score
    for _, row in rows.iterrows():
        keys = {"method": row["method"], "sigma": float(row["sigma"]), "gamma": row["gamma"], "seed": int(row["seed"])}
        keys["recalibrated"] = row["recalibrated"] == "True"
        mine = table[(table[list(keys)] == pd.Series(keys)).all(axis=1)]
        assert len(mine) == (3 if float(row["sigma"]) else 1)
        assert row["top1"] == pytest.approx(np.median(mine["top1"]), rel=1e-5)


def test_missing_tables_empty_ones_and_too_many_points(monkeypatch) -> None:
    entry = asdict(Chart("t", "T", "x", ("y", "z"), "line", ("model", "gone")))
    table = pd.DataFrame(
        {"model": "a", "seed": [0, 1] * 4, "line": "b", "x": [0, 0, 1, 1, 2, 2, 3, 3], "y": 1.0, "z": np.nan}
    )
    assert charts.explorer([entry], {}) is None
    assert charts.explorer([entry], {"t": (table[:0], NO_CAPTION)}) is None
    found = charts.chart_of(entry, table, NO_CAPTION)
    assert [one["name"] for one in found["y"]] == ["y"]  # the other has no value
    assert (found["left_out"], set(found["rows"]["seed"])) == (0, {"0", "1"})
    monkeypatch.setattr(charts, "MOST_POINTS", 5)
    found = charts.chart_of(entry, table, NO_CAPTION)
    assert (found["left_out"], set(found["rows"]["seed"])) == (1, {"0"})


@pytest.mark.parametrize("count", [1, 3, 8, 30])
def test_lines_have_colours_that_can_be_told_from_paper_and_from_each_other(count: int) -> None:
    def light(colour: str) -> float:
        parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    found = charts.coloured([0.001 * place for place in range(count)])
    assert len(set(found["colours"])) == len(set(found["values"])) == count
    assert all(
        (light(PAPER) + 0.05) / (light(colour) + 0.05) > (4.5 if count < 9 else 1.9) for colour in found["colours"]
    )


CHOOSE = """
((chosen) => {
  const panel = document.querySelector(".chart-panel");
  const labels = [...panel.querySelectorAll("label")];
  for (const [words, value] of Object.entries(chosen)) {
    const select = labels.find((label) => label.firstChild.data.trim() === words).querySelector("select");
    select.value = value;
    select.dispatchEvent(new Event("change"));
  }
  panel.querySelector("svg.chart").focus();
  return panel.querySelectorAll("svg.chart path[stroke-opacity]").length;
})(%s)
"""
TOLD = "document.querySelector('.chart-panel output').textContent"


@needs_browser
def test_score_noise_and_seed_are_chosen_and_points_told_by_keyboard(browser, addresses) -> None:
    browser.open(addresses["stochastic"], 1400)
    table = sample_tables("stochastic")["sweep"][0]
    noisy = table[(table["method"] == "lamp") & (table["sigma"] == 0.005) & table["recalibrated"]]
    medians = noisy.groupby(["gamma", "seed"])["top1"].median()
    chosen = {"vertical axis": "top1", "score": "lamp", "batch norm recalibrated": "True", "noise sigma": "0.005"}
    assert (
        browser.evaluate(CHOOSE % json.dumps({"noise sigma": "", "seed": ""})) == 3 + 3 * 2
    )  # means, and two seeds each
    assert browser.evaluate(CHOOSE % json.dumps(chosen)) == 1 + 2
    for gamma in (0.6, 0.9):
        browser.press("ArrowRight")
        told = browser.evaluate(TOLD)
        assert told.startswith(
            f"pruning rate gamma {gamma}, noise sigma 0.005: {float(f'{medians[gamma].mean():.3g}'):g} "
        )
        assert f"(seeds: 0: {float(f'{medians[gamma, 0]:.3g}'):g}, 1: {float(f'{medians[gamma, 1]:.3g}'):g})" in told
    assert browser.evaluate(CHOOSE % json.dumps({"seed": "1"})) == 1
    browser.press("ArrowRight")
    assert browser.evaluate(TOLD) == f"pruning rate gamma 0.6, noise sigma 0.005: {float(f'{medians[0.6, 1]:.3g}'):g}."
    assert browser.messages == []


@needs_browser
@pytest.mark.parametrize("study", STUDIES)
def test_a_pointer_tells_of_the_nearest_point(study: str, browser, addresses) -> None:
    browser.open(addresses[study], 390)
    browser.evaluate("document.querySelector('.chart-panel svg.chart').scrollIntoView({ block: 'center' })")
    circle = "document.querySelector('.chart-panel svg.chart circle').getBoundingClientRect()"
    x, y, size = browser.evaluate(f"(() => {{ const box = {circle}; return [box.x, box.y, box.width]; }})()")
    assert "Point at a line" in browser.evaluate(TOLD)
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + size / 2, y=y + size / 2)
    told = browser.evaluate(TOLD)
    chart = json.loads(browser.evaluate("document.querySelector('.chart-panel script').textContent"))
    assert told.startswith(f"{chart['x']['words']} {chart['rows'][chart['x']['name']][0]:g}, ")
    meaning = browser.evaluate("document.querySelector('.chart-panel > p.note').textContent")
    assert "Thick lines are means over seeds" in meaning
    assert browser.messages == []
