"""The pages to explore in a real browser: numbers are the library's, they are quiet, and a keyboard is enough.

Skipped where there is no Chromium.
"""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from browser import find_browser
from companion_page_samples import STUDIES, sample_planes
from page_samples import LOOK, VARIANTS, sample_cells, sample_tables
from prunescape.hpspace import functionals
from prunescape.hpspace.cube import cubes
from prunescape.hpspace.ellipse import ellipses
from prunescape.hpspace.landscape import best_cell, mean_over_seeds, region_of_interest
from prunescape.hpspace.risk import risk_table

pytestmark = pytest.mark.skipif(find_browser() is None, reason="no Chromium on this machine (Debian package chromium)")
NAMED = {"image", "region", "navigation"}
THRESHOLDS = [0.0, 0.5, 0.75, 1.35, 5.0]
CHOOSE = """
(() => {
  const set = (id, value, kind) => {
    const control = document.getElementById(id);
    control.value = value;
    control.dispatchEvent(new Event(kind));
  };
  const [model, metric, variant, roi] = %s;
  set("model", model, "change");
  set("metric", metric, "change");
  set("variant", variant, "change");
  set("roi", roi, "input");
  const value = (cell) => cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  return Object.fromEntries([...document.querySelectorAll("#now tr")].map(
    (row) => [row.dataset.quantity, [...row.querySelectorAll("td")].map(value)]));
})()
"""


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return sample_tables(sample_cells())


@pytest.fixture(scope="module")
def address(addresses) -> str:
    return addresses["hpspace"]


def expected(cells: pd.DataFrame, model: str, metric: str, variant: str, threshold: float) -> dict[str, float]:
    """The library's numbers of a variant, by the names of the page's rows; None where there is no ellipse."""
    of_model = cells[cells["model"] == model]
    landscape = mean_over_seeds(of_model, metric)
    mine = landscape[landscape["variant"] == variant]
    shapes = ellipses(of_model, [threshold], LOOK.sigma, LOOK.minimum_cells)
    shape = shapes[shapes["metric"] == metric].set_index("variant").loc[variant]
    risks = risk_table(of_model, threshold)
    risk = risks[risks["metric"] == metric].set_index("variant").loc[variant]
    best, dense_best = best_cell(mine), best_cell(landscape[landscape["variant"] == "dense"])
    there = mine[(mine["i"] == dense_best["i"]) & (mine["j"] == dense_best["j"])]["f"].item()
    found = {
        "best": best["f"],
        "best_learning_rate": best["learning_rate"],
        "best_weight_decay": best["weight_decay"],
        "n_cells": len(region_of_interest(mine, threshold)),
        "centre_learning_rate": 10 ** shape["centre_log10_learning_rate"],
        "centre_weight_decay": 10 ** shape["centre_log10_weight_decay"],
        **shape[["length", "width", "angle_degrees"]].to_dict(),
        **risk[["d_mean", "d_std", "rel_mean", "rel_std"]].to_dict(),
        "loss_at_dense_optimum": best["f"] - there,
    }
    return {name: float(value) for name, value in found.items()}


def expected_shift(cells: pd.DataFrame, model: str, metric: str, variant: str, threshold: float) -> dict[str, float]:
    """How the ellipse differs from the dense network's."""
    cube = cubes(cells, metric)[model]
    pair = [
        functionals.ellipses(
            functionals.regions(cube.means[cube.variants.index(name)], threshold),
            cube.places, LOOK.sigma, LOOK.minimum_cells,
        )
        for name in ("dense", variant)
    ]  # fmt: skip
    shifts = functionals.shifts(*pair)
    return {name: float(shifts[name]) for name in ("shift", "area_ratio", "turn_degrees")}


def compare(found: dict[str, Any], column: int, wanted: dict[str, float], where: str) -> None:
    sizes = zip(found["length"], found["width"], strict=True)
    round_ellipse = any(length is None or length - width < 1e-6 for length, width in sizes)
    for name, value in wanted.items():
        shown = found[name][column]
        if np.isnan(value):
            assert shown is None, f"{where}: {name}"
        elif name in ("angle_degrees", "turn_degrees"):  # of an axis, which has no sense; of a circle any will do
            assert round_ellipse or abs((shown - value + 90) % 180 - 90) < 1e-4, f"{where}: {name}"
        else:
            assert shown == pytest.approx(value, rel=1e-9, abs=1e-6), f"{where}: {name}"


@pytest.mark.parametrize("metric", ["top1", "top5"])
def test_the_page_computes_what_the_library_computes(metric: str, browser, address, tables) -> None:
    browser.open(address, 1280)
    fitted = 0
    for model, variants in VARIANTS.items():
        for variant in variants[1:]:
            for threshold in THRESHOLDS:
                chosen = [model, metric, variant, threshold]
                found = browser.evaluate(CHOOSE % json.dumps(chosen))
                for column, name in enumerate(["dense", variant]):
                    compare(
                        found, column, expected(tables["cells"], model, metric, name, threshold), f"{chosen} {name}"
                    )
                compare(found, 1, expected_shift(tables["cells"], *chosen), f"{chosen}")
                fitted += found["length"][1] is not None
    assert fitted > 5
    assert browser.messages == []


def test_equal_cells_flat_landscapes_and_failures_are_taken_as_the_library_takes_them(browser, address) -> None:
    browser.open(address, 1280)
    places = np.stack([np.repeat(np.arange(3.0), 3), np.tile(np.arange(3.0), 3)], axis=1)
    numbers = np.random.default_rng(3)
    landscapes = [np.full(9, 10.0), np.zeros(9), numbers.integers(0, 3, 9).astype(float), 0.1 * np.arange(9.0)]
    for f in landscapes:
        for threshold in (0.0, 0.3, 1.0):
            x, y = places.T.tolist()
            code = (
                f"(() => {{ const f = {f.tolist()}, region = hpspace.region(f, {threshold}); return [region,"
                f" hpspace.ellipse(region, {x}, {y}, 2, 3), hpspace.risk({landscapes[2].tolist()}, f, {threshold}),"
                " hpspace.best(f)]; })()"
            )
            region, ellipse, risk, best = browser.evaluate(code)
            inside = functionals.regions(f, threshold)
            assert region == np.flatnonzero(inside).tolist()
            assert best == functionals.best_cell(f)
            wanted = functionals.ellipses(inside, places, 2.0, 3)
            if np.isnan(wanted["area"]):
                assert ellipse is None
            else:
                sizes = [ellipse[name] for name in ("length", "width", "area")]
                assert sizes == pytest.approx([float(wanted[name]) for name in ("length", "width", "area")], abs=1e-6)
            known = functionals.risks(landscapes[2], f, threshold)
            assert [
                risk["mean"],
                risk["std"],
                risk["relMean"],
                risk["relStd"],
                risk["atDenseOptimum"],
            ] == pytest.approx(
                [float(known[name]) for name in ("d_mean", "d_std", "rel_mean", "rel_std", "loss_at_dense_optimum")]
            )


CHOOSE_PLANE = """
(() => {
  for (const [key, value] of Object.entries(%s)) {
    const control = document.getElementById(`plane-${key}`);
    control.value = value;
    control.dispatchEvent(new Event("change"));
  }
  const svg = document.getElementById("plane-map");
  const box = svg.querySelectorAll("rect")[%d].getBoundingClientRect();
  const place = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
  svg.dispatchEvent(new PointerEvent("pointermove", place));
  const told = document.getElementById("plane-cell").textContent;
  svg.focus();
  svg.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
  return [told, document.getElementById("plane-cell").textContent, svg.querySelectorAll("rect").length,
    [...svg.querySelectorAll("text")].map((text) => text.textContent)];
})()
"""


@pytest.mark.parametrize(
    ("chosen", "recomputed"),
    [
        ({"seed": "1", "cycle": "5", "way": "combined"}, False),
        ({"seed": "0", "cycle": "1", "way": "recomputed", "colours": "own"}, True),
    ],
)
def test_planes_are_chosen_and_told_point_by_point(chosen: dict, recomputed: bool, browser, addresses) -> None:
    """By pointer and by keys; networks off the plane say how far."""
    browser.open(addresses["mechanism"], 1280)
    whole = sample_planes("mechanism")["surface"]
    keys = {"seed": int(chosen["seed"]), "cycle": int(chosen["cycle"]), "recomputed": recomputed}
    here = whole[(whole[list(keys)] == pd.Series(keys)).all(axis=1)].sort_values(["y", "x"])
    pointed, moved, points, names = browser.evaluate(CHOOSE_PLANE % (json.dumps(chosen), 7))
    assert points == len(here) + 1  # and the frame of the one that is pointed at
    assert pointed.startswith(f"Accuracy {here['top1'].iloc[7]:.1f} %")
    assert moved.startswith(f"Accuracy {here['top1'].iloc[8]:.1f} %")
    other = 1 if chosen["cycle"] == "5" else 5
    assert {"W*", f"Wp{chosen['cycle']}", f"Wr{chosen['cycle']}", f"Wr{other} +1.00"} <= set(names)
    assert browser.evaluate("document.querySelectorAll('#plane-marks tr').length") == len(names)
    assert browser.evaluate("document.getElementById('plane-pruning').closest('label').hidden")  # one way alone
    assert browser.messages == []


def test_the_picture_of_the_answer_is_the_first_and_stands_with_the_verdict(browser, address) -> None:
    browser.open(address, 1280)
    where = "[...document.images].map((image) => [image.alt, image.closest('section').id])"
    assert browser.evaluate(where) == [
        ["What tuning again gains", "verdict"],
        ["Performance risk: top-1 accuracy", "pictures"],
    ]


def test_the_policy_stops_what_would_come_from_elsewhere(browser, address) -> None:
    """Else the test above could not fail."""
    browser.open(address, 1280)
    browser.evaluate(
        "new Promise((done) => { const image = new Image(); image.onerror = done; image.src = 'http://127.0.0.1:9/'; })"
    )
    assert any("Content Security Policy" in message for message in browser.messages)


def test_a_keyboard_goes_from_cell_to_cell(browser, address, tables) -> None:
    browser.open(address, 1280)
    assert browser.evaluate("document.querySelectorAll('#map-variant [tabindex=\"0\"]').length") == 1
    browser.evaluate("document.getElementById('roi').focus()")
    browser.press("ArrowRight")
    assert browser.evaluate("document.getElementById('roi-value').textContent") == "0.55 points"
    browser.press("Tab")  # into the dense landscape, at its best cell
    landscape = mean_over_seeds(tables["cells"], "top1")
    dense = landscape[(landscape["model"] == "small_resnet") & (landscape["variant"] == "dense")]
    best = best_cell(dense)
    text = browser.evaluate("document.getElementById('cell').textContent")
    assert f"Dense: {best['f']:.2f} %" in text
    assert "its best, in its region of interest" in text
    browser.press("ArrowDown")
    there = dense[(dense["i"] == best["i"] - 1) & (dense["j"] == best["j"])].iloc[0]
    text = browser.evaluate("document.getElementById('cell').textContent")
    assert f"Dense: {there['f']:.2f} %" in text
    assert f"Learning rate {there['learning_rate']:.3g}" in text
    assert f"{best['f'] - there['f']:.2f} points below its best" in text
    assert browser.evaluate("document.activeElement.getAttribute('aria-label')").endswith(
        f"{there['f']:.2f} %" + (", in the region of interest" if best["f"] - there["f"] <= 0.55 else "")
    )
    assert browser.messages == []


def test_a_mouse_over_a_cell_tells_its_numbers(browser, address, tables) -> None:
    browser.open(address, 1280)
    cell = "document.querySelectorAll('#map-variant [role=gridcell]')[0]"  # top left: largest rate, smallest decay
    browser.evaluate(f"{cell}.scrollIntoView({{block: 'center'}})")
    box = browser.evaluate(f"(() => {{ const b = {cell}.getBoundingClientRect(); return [b.x, b.y, b.width]; }})()")
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + box[2] / 2, y=box[1] + box[2] / 2)
    cells = tables["cells"]
    here = cells[(cells["model"] == "small_resnet") & (cells["i"] == 3) & (cells["j"] == -4)]
    text = browser.evaluate("document.getElementById('cell').textContent")
    for title, variant in {"Dense": "dense", "Uniform, 40 % of FLOPs": "uniform-0.4"}.items():
        seeds = here[here["variant"] == variant].sort_values("seed")["top1"]
        assert f"{title}: {seeds.mean():.2f} % (seeds: {', '.join(f'{value:.2f}' for value in seeds)})" in text


def test_the_address_keeps_the_choice(browser, address) -> None:
    browser.open(f"{address}#model=resnet20&metric=top5&roi=1.25", 1280)
    assert browser.evaluate("document.getElementById('title-variant').textContent") == "Uniform, 20 % of FLOPs"
    assert browser.evaluate("document.getElementById('roi-value').textContent") == "1.25 points"
    browser.evaluate("document.querySelector('nav a[href=\"#tables\"]').click()")  # a link is no choice
    assert browser.evaluate("document.getElementById('roi-value').textContent") == "1.25 points"
    browser.evaluate(CHOOSE % json.dumps(["resnet20", "top1", "uniform-0.2", 2.0]))
    shown = "#model=resnet20&metric=top1&variant=uniform-0.2&colours=below_best&roi=2"
    assert browser.evaluate("location.hash") == shown


def test_a_switch_colours_each_network_by_its_own_best_or_all_by_their_accuracy(browser, address, tables) -> None:
    landscape = mean_over_seeds(tables["cells"], "top1")
    mine = landscape[landscape["model"] == "small_resnet"]
    weakest = mine[mine["variant"] == "uniform-0.4"]["f"].max()
    best = "document.querySelector('#map-%s [tabindex=\"0\"]').getAttribute('fill')"
    for colours, end in (("below_best", "its own best"), ("accuracy", f"{mine['f'].max():.2f} %")):
        browser.open(f"{address}#model=small_resnet&metric=top1&variant=uniform-0.4&colours={colours}", 1280)
        fills = [browser.evaluate(best % panel) for panel in ("dense", "variant")]
        assert (fills[0] == fills[1]) == (colours == "below_best")
        assert browser.evaluate("document.getElementById('bar-high').textContent") == end
    assert weakest < mine["f"].max()
    browser.open(f"{address}#colours=nothing", 1280)  # of what is not there, the config's
    assert browser.evaluate("document.getElementById('colours').value") == LOOK.landscape


def test_paper_gets_no_controls(browser, address) -> None:
    browser.open(address, 1280)
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        shown = "getComputedStyle(document.querySelector('.controls')).display"
        assert browser.evaluate(shown) == "none"
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.parametrize("study", ["hpspace", *STUDIES])
def test_everything_to_operate_has_a_name(study: str, browser, addresses) -> None:
    browser.open(addresses[study], 1280)
    nodes = [node for node in browser.call("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    least = {"button", "link"} | ({"combobox", "slider", "grid", "gridcell"} if study == "hpspace" else NAMED)
    roles = {"combobox", "slider", "grid", "gridcell", "img", "status", "DisclosureTriangle"} | least | NAMED
    seen = [node for node in nodes if node["role"]["value"] in roles]
    assert least <= {node["role"]["value"] for node in seen}
    unnamed = {node["role"]["value"] for node in seen if not node.get("name", {}).get("value")}
    assert unnamed <= {"status"}  # what is read out when it changes
    headers = [node for node in nodes if node["role"]["value"] == "rowheader"]
    assert study == "hpspace" or len(headers) > 5  # a question is the head of its row


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("hpspace", ["Exploring needs JavaScript", "trainings to tune", "Download decisions.csv"]),
        ("mechanism", ["yes in 2 of 4 small_resnet, there: +9.0 points [8.0, 10.0]", "Download table_1.csv"]),
    ],
)
def test_without_scripts_it_tells_the_same(study: str, words: list[str], browser, addresses) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(addresses[study], 1280)
        text = browser.evaluate("document.body.innerText")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert [part for part in words if part not in text] == []


def test_claims_are_folded_until_asked_for_by_keyboard(browser, addresses) -> None:
    browser.open(addresses["coherence"], 1280)
    details = "document.querySelector('#claims details')"
    assert not browser.evaluate(f"{details}.open")
    browser.evaluate(f"{details}.querySelector('summary').focus()")
    browser.press("Enter")
    assert browser.evaluate(f"{details}.open")


def test_a_keyboard_sorts_a_table_both_ways(browser, addresses) -> None:
    browser.open(addresses["stochastic"], 1280)
    column = "[...document.querySelectorAll('#tables tbody tr')].slice(0, 3).map((row) => row.cells[1].textContent)"
    head = "document.querySelectorAll('#tables thead th')[1]"
    assert browser.evaluate(column) == ["3.25", "-1.5", ""]
    browser.evaluate("document.querySelectorAll('#tables thead button')[0].focus()")
    browser.press("Tab")
    for order, values in {"ascending": ["-1.5", "3.25", ""], "descending": ["3.25", "-1.5", ""]}.items():
        browser.press("Enter")
        assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == order
        assert browser.evaluate(column) == values
